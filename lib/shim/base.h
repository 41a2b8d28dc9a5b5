/*
 * What every file of the shim needs: attributes and the state of the calling
 * thread.
 *
 * Rules for all of lib/shim: it runs inside someone else's process, at any call
 * of malloc. Nothing here prints, exits, aborts or waits for another thread
 * without a bound; errno is left as the forwarded function left it; nothing calls
 * an allocation function of its own library.
 */
#ifndef RA_SHIM_BASE_H
#define RA_SHIM_BASE_H

#include <stddef.h>
#include <stdint.h>

#include "ruby_alloc/region.h"

#pragma GCC visibility push(hidden)

#define RA_EXPORT __attribute__((visibility("default")))
/*
 * For what a forked child writes: all in one section of one page, as each page written
 * after a fork is one to copy. A test looks at its size and place.
 */
#define RA_TOGETHER __attribute__((section("ra_together")))
#define RA_COLD __attribute__((cold, noinline))
#define RA_LIKELY(condition) __builtin_expect(!!(condition), 1)
#define RA_UNLIKELY(condition) __builtin_expect(!!(condition), 0)

/*
 * START: nothing was resolved yet. FORWARD: calls go to jemalloc, nothing is
 * counted. COUNT: calls are counted in ra_current.
 */
enum ra_mode { RA_START, RA_FORWARD, RA_COUNT };
extern enum ra_mode ra_mode;

/*
 * FRESH: no slot asked for yet. BUSY: asking. LIVE: has one. SHARED: there was none left.
 * ENDED: it was handed on, as the thread ends. All but LIVE count in the shared slot.
 */
enum ra_thread_state {
    RA_THREAD_FRESH,
    RA_THREAD_BUSY,
    RA_THREAD_LIVE,
    RA_THREAD_SHARED,
    RA_THREAD_ENDED
};

/*
 * The calling thread. limit is RA_SMALL_MAX once it has a slot and 0 before and
 * afterwards, so that the one comparison size - 1 < limit tells a small size of a
 * thread that counts from everything else. limit and asked are also written by the
 * sampler (flush.c).
 */
struct ra_thread {
    size_t limit;
    struct ra_slot *slot;
    uint64_t zero; /* stands in for jemalloc's counters where it has none */
    uint32_t state;
    uint32_t asked;    /* to empty its cache: the number of the request */
    uint32_t flushed;  /* the request that it has followed */
    uint32_t counting; /* calls of count.c that are under way, in signal handlers too */
};
extern __thread struct ra_thread ra_thread;

/*
 * The calling thread, for the hot path: its place is loaded anew at each use, as one
 * load costs less than keeping it in a register across the forwarded call (a push and
 * a pop). The compiler would keep it, so it isn't told what is loaded.
 */
#if defined(__x86_64__) && defined(__SEG_FS)
typedef struct ra_thread __seg_fs ra_thread_here;
static inline ra_thread_here *ra_self(void)
{
    ra_thread_here *self;

    __asm__ volatile("movq ra_thread@gottpoff(%%rip), %0" : "=r"(self));
    return self;
}
/* A plain load, which may be part of the comparison: it is whole, and done once. */
static inline size_t ra_limit(void)
{
    return ra_self()->limit;
}
#else
typedef struct ra_thread ra_thread_here;
static inline ra_thread_here *ra_self(void)
{
    return &ra_thread;
}
static inline size_t ra_limit(void)
{
    return __atomic_load_n(&ra_thread.limit, __ATOMIC_RELAXED);
}
#endif

/* The largest page that a kernel for this processor has: what is mapped over begins on one. */
#if defined(__x86_64__)
enum { RA_PAGE_MAX = 4096 };
#else
enum { RA_PAGE_MAX = 64 * 1024 };
#endif

/*
 * The region that is counted in. It begins as zeroed memory of our own, so that the
 * very first call can be counted; publishing maps the file over it, and a forked
 * child maps its own file over its parent's: addresses never change.
 */
enum { RA_REGION_BYTES = sizeof(struct ra_region) + RA_SLOT_MAX * RA_SLOT_BYTES };
union ra_storage {
    struct ra_region region;
    char bytes[RA_REGION_BYTES];
};
extern union ra_storage ra_storage;
#define RA_CURRENT (&ra_storage.region)

#pragma GCC visibility pop

#endif
