/*
 * A forked child's helper thread comes late: with its eighth allocation. Many children end
 * or become another program before that, and a thread would cost them more than all else
 * that the library does at a fork (make bench, "with a thread made in the child"). What a
 * child that allocates so little would tell of jemalloc is what its parent tells; once the
 * helper comes, that is not shown any more.
 *
 * Until then the thread that forked stays on the slow road, which counts as exactly; any
 * other thread of the child brings the helper with its first allocation.
 *
 * The thread is made inside an allocation, after it was forwarded and counted. What making
 * one waits for may be held there by nobody who waits for us: ld.so's locks (of dlopen and
 * thread-local data) are recursive, and glibc's lock of thread stacks is never held around
 * an allocation, only around a free, which starts nothing. But ld.so's data need not be in
 * order there: in dlopen a library may have its number and no place on the list of those with
 * thread-local data yet, and ld.so ends a process that makes a thread then. So an allocation
 * of ld.so's own brings nothing; the next one of anybody else does. Nor does one that a
 * signal handler may have made, which can interrupt anything.
 */
#ifndef RA_SHIM_LATE_H
#define RA_SHIM_LATE_H

#include <stdbool.h>

#include "base.h"

#pragma GCC visibility push(hidden)

/* Allocations that a forked child's first thread has yet to make; 0: nothing is awaited. */
extern uint32_t ra_late_allocations;

/* Where the call that is under way in this thread came from; NULL: not told. */
extern __thread const void *ra_late_caller;

/* In a forked child that has a region, before any other thread can run. */
void ra_late_begin(void);

/* In one that has none: its parent may have been waiting. */
void ra_late_forget(void);

/* The calling thread has allocated, and something is awaited. Keeps errno. */
void ra_late_step(void);

static inline bool ra_late_awaited(void)
{
    return RA_UNLIKELY(__atomic_load_n(&ra_late_allocations, __ATOMIC_RELAXED) != 0);
}

/* The functions that ld.so calls say who calls, before they count. */
static inline void ra_late_tell_caller(const void *caller)
{
    if (ra_late_awaited()) {
        ra_late_caller = caller;
    }
}

#pragma GCC visibility pop

#endif
