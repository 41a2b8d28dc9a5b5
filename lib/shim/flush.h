/*
 * Thread caches: each thread can empty only its own, so the sampler asks them all to do
 * so at their next call of an allocation function.
 *
 * It asks by setting the thread's limit to 0, which sends the next call down the slow
 * road; there the thread empties its cache before it forwards, and raises its limit again.
 * A call that is under way looked at the limit when it began, and never again: it goes on
 * as it was. On the slow road a thread counts in its slot as ever, so that each call is
 * counted once, however often the thread is sent there.
 *
 * The sampler writes into another thread's data, which ends with the thread. So it holds
 * the thread's entry on a list while it does, and a thread that ends takes its entry
 * away first.
 *
 * fork: the entries are the parent's; ra_flush_reset forgets them in the child.
 */
#ifndef RA_SHIM_FLUSH_H
#define RA_SHIM_FLUSH_H

#include "base.h"

#pragma GCC visibility push(hidden)

/* Remember what jemalloc's own extent hooks are. At set-up, before the program's code runs. */
void ra_flush_init(void);

/*
 * Forget all threads but the calling one, whose slot has this index. While no other thread
 * runs: at set-up and in a forked child.
 */
void ra_flush_reset(unsigned index);

/*
 * The calling thread, which has the slot of this index, may be asked from now on; until
 * ra_flush_leave, which every thread that entered calls before it ends, once it counts as
 * shared.
 */
void ra_flush_enter(unsigned index);
void ra_flush_leave(unsigned index);

/*
 * Let the calling thread, which counts in its slot, take the fast road. It stays on the
 * slow one if it was asked meanwhile, if jemalloc's counters aren't known, or if a forked
 * child's helper is awaited (late.h).
 */
void ra_flush_raise_limit(void);

/*
 * On the slow road, with a limit of 0, before the call is forwarded: empty the calling
 * thread's cache if it was asked to, and raise its limit. Keeps errno.
 */
void ra_flush_if_asked(void);

/*
 * Ask every thread on the list. Called by the sampler alone. Returns 0 and their number;
 * ENOTSUP where threads have no caches; EBUSY where the program has extent hooks of its
 * own: jemalloc may be calling one of them just now, with a cache half filled, and the hook
 * call us.
 */
int ra_flush_ask(uint64_t *threads);

#pragma GCC visibility pop

#endif
