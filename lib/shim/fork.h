/*
 * fork: a child counts in a region of its own from its first allocation on, and
 * its parent's region never sees it.
 *
 * prepare parks the forking thread on a private slot, which the child gets a copy of,
 * and sums up what was counted so far. The parent takes the thread back and adds what
 * was parked; the child maps a new region over its parent's, with that sum as what it
 * inherited. What other threads of the parent allocate between the summing and the
 * fork itself is the one thing that is not exact.
 *
 * Signals: no handler runs in the middle of ours. Between them one may, and may fork as well:
 * that fork is one within the other. The child of a handler that forks may return to whatever
 * was interrupted, an add in the thread's slot for one: so the thread keeps its slot, the
 * place in the region as well as the address, and what is shared is there if that was
 * interrupted (ra_thread.counting).
 */
#ifndef RA_SHIM_FORK_H
#define RA_SHIM_FORK_H

#pragma GCC visibility push(hidden)

/*
 * Register the handlers, at set-up and after jemalloc's own: then prepare comes before
 * jemalloc takes its locks and child after it has let go of them. Returns 0 or an errno.
 */
int ra_fork_init(void);

#pragma GCC visibility pop

#endif
