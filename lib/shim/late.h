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
 * It is made inside an allocation, after that was forwarded and counted, in a signal handler
 * as well, and whatever was interrupted there: without libc or ld.so (unlisted.h, tls.h).
 */
#ifndef RA_SHIM_LATE_H
#define RA_SHIM_LATE_H

#include <stdbool.h>

#include "base.h"

#pragma GCC visibility push(hidden)

/* Allocations that a forked child's first thread has yet to make; 0: nothing is awaited. */
extern uint32_t ra_late_allocations;

/*
 * In a forked child that has a region, before any other thread can run. Nothing is awaited
 * where its parent knew that there can be no helper.
 */
void ra_late_begin(void);

/* In one that has none: its parent may have been waiting. */
void ra_late_forget(void);

/* The calling thread has allocated, and something is awaited. Keeps errno. */
void ra_late_step(void);

static inline bool ra_late_awaited(void)
{
    return RA_UNLIKELY(__atomic_load_n(&ra_late_allocations, __ATOMIC_RELAXED) != 0);
}

#pragma GCC visibility pop

#endif
