/*
 * What the shim asks of the running jemalloc beside forwarding: its per-thread
 * byte counters, its class table, its version and settings. Only public mallctls
 * (manual, "MALLCTL NAMESPACE").
 */
#ifndef RA_SHIM_JEMALLOC_H
#define RA_SHIM_JEMALLOC_H

#include <stdbool.h>

#include "base.h"
#include "region.h"
#include "road.h"

#pragma GCC visibility push(hidden)

/*
 * thread.allocatedp and thread.deallocatedp as distances in bytes from the thread
 * pointer: jemalloc is loaded at start-up, so its thread-local data lies at the
 * same distance in each thread. Where jemalloc has none (built without statistics) they
 * lead to a word that is always 0.
 *
 * Order: the distances are stored before ra_counters says KNOWN (release), which whoever
 * goes by it loads first (acquire). The hot path doesn't look: it goes by its thread's
 * limit, which the thread itself has raised, after it had compared both distances with
 * what it was told; a thread sees what it has seen once.
 */
enum ra_counters { RA_COUNTERS_UNKNOWN, RA_COUNTERS_KNOWN, RA_COUNTERS_NONE };
extern enum ra_counters ra_counters;
extern intptr_t ra_allocated_distance;
extern intptr_t ra_deallocated_distance;

static inline bool ra_counters_known(void)
{
    return __atomic_load_n(&ra_counters, __ATOMIC_ACQUIRE) == RA_COUNTERS_KNOWN;
}

#if defined(__x86_64__) && defined(__SEG_FS)
static inline uint64_t ra_thread_word(intptr_t distance)
{
    return *(const volatile uint64_t __seg_fs *)(uintptr_t)distance;
}
#else
static inline uint64_t ra_thread_word(intptr_t distance)
{
    return *(const volatile uint64_t *)((const char *)__builtin_thread_pointer() + distance);
}
#endif

/* Bytes that the calling thread has allocated and freed so far: jemalloc's own count. */
static inline uint64_t ra_allocated(void)
{
    return ra_thread_word(ra_allocated_distance);
}

static inline uint64_t ra_deallocated(void)
{
    return ra_thread_word(ra_deallocated_distance);
}

/*
 * Learn the distances from the calling thread. Any thread, any number of times, several at
 * once; false, and ra_counters NONE from then on, if they differ from another thread's
 * or don't exist. Also false, and nothing learnt, where jemalloc allocates through us
 * while it initialises itself.
 */
bool ra_jemalloc_learn_counters(void);

/* More arenas than these it doesn't make, whatever opt.narenas says: the flags of mallocx name them. */
enum { RA_JEMALLOC_ARENAS_MAX = (1 << 12) - 2 };

/* Usable size in bytes of each small bucket's requests, filled by ra_jemalloc_describe. */
extern uint16_t ra_natural[RA_SMALL_COUNT];

/* Fill it from count classes, ascending, of which each takes in what the one before doesn't. */
void ra_jemalloc_fill_natural(const struct ra_class *classes, unsigned count);

/*
 * Fill classes, counts, version, page and settings of image, and ra_natural. Called once,
 * while the process has one thread. Returns false if this jemalloc's classes can't
 * be told apart by the region's buckets, or there is no jemalloc.
 */
bool ra_jemalloc_describe(struct ra_image *image);

/* A name whose third part is an index, looked up once and read by number: a table's column. */
struct ra_jemalloc_column {
    size_t mib[8], parts;
    bool found;
};
struct ra_jemalloc_column ra_jemalloc_find(const char *name);

/* Read it for one index; false if this jemalloc doesn't have it. */
bool ra_jemalloc_read_at(struct ra_jemalloc_column *column, size_t index, void *value,
                         size_t bytes);

/*
 * The page that jemalloc counts in, in bytes: whatever it was built for, which may be larger
 * than the kernel's. 0: it doesn't say. Any thread.
 */
size_t ra_jemalloc_page_bytes(void);

/* Read one value by name; false if this jemalloc doesn't have it. Any thread. */
bool ra_jemalloc_read(const char *name, void *value, size_t bytes);

#pragma GCC visibility pop

#endif
