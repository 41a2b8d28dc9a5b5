/*
 * The hot path's pieces, shared by the C and the C++ entry points. Each is a few
 * instructions; look at the disassembly after a change (make bench counts them).
 */
#ifndef RA_SHIM_ENTRY_H
#define RA_SHIM_ENTRY_H

#include "count.h"
#include "flush.h"
#include "setup.h"

#pragma GCC visibility push(hidden)

/* Small and of a thread that counts: one comparison, as size 0 wraps around. */
static inline bool ra_is_fast(size_t size)
{
    return RA_LIKELY(size - 1 < ra_limit());
}

/*
 * The slot of a thread that counts. Asked for after the forwarded call, not held in a
 * register across it: that would cost a push and a pop.
 */
static inline struct ra_slot *ra_fast_slot(void)
{
    return ra_self()->slot;
}

static inline void ra_fast_alloc(struct ra_slot *slot, size_t size)
{
    slot->requested_less_1 += size - 1; /* which is at hand: size itself would cost one more */
    slot->alloc[(size - 1) / RA_SMALL_STEP]++;
}

/* Whether the calling thread counts in a slot; else freeing takes the slow road. */
static inline bool ra_has_slot(void)
{
    return RA_LIKELY(ra_limit() != 0);
}

/* Freed by a thread that counts: usable comes from jemalloc's own counter, 0 for free(NULL). */
static inline void ra_fast_free(size_t usable)
{
    if (RA_UNLIKELY(usable - 1 >= RA_SMALL_MAX)) {
        ra_count_free(usable);
    } else {
        ra_fast_slot()->freed[usable / RA_FREED_STEP]++;
    }
}

/* Whether the call is only to be forwarded: the first question of every slow road. */
static inline bool ra_only_forwards(void)
{
    return ra_mode == RA_FORWARD;
}

/*
 * The same where the call may be the very first, before jemalloc was looked up, or the one
 * before which the thread is to empty its cache, which only jemalloc's are asked to.
 */
static inline bool ra_forwards(void)
{
    if (RA_UNLIKELY(ra_mode == RA_START)) {
        ra_setup_first_call();
    }
    if (ra_only_forwards()) {
        return true;
    }
    if (RA_UNLIKELY(ra_limit() == 0) && ra_backend == RA_BACKEND_JEMALLOC) {
        ra_flush_if_asked();
    }
    return false;
}

/* Our malloc, whatever the symbol leads to. */
void *ra_own_malloc(size_t size);

/* Count a call that failed; returns NULL, so that the hot path can jump here. */
void *ra_failed(void);

/* Slow roads: any size, any thread. Sizes in bytes, results as the function of the name. */
void *ra_slow_malloc(size_t size);
void ra_slow_free(void *object);
void ra_slow_sized_free(void *object, size_t size, int flags);

#pragma GCC visibility pop

#endif
