/*
 * Buckets: how requested and usable sizes are sorted into histograms.
 *
 * Requested sizes up to RA_SMALL_MAX go in steps of 8 bytes, the granularity of
 * jemalloc's smallest classes; above, every doubling is cut into four, as
 * jemalloc's own size classes are (manual, "Implementation notes": size classes
 * are spaced four per doubling). Each jemalloc class boundary is therefore a
 * bucket boundary, and one bucket lies in exactly one class.
 * jemalloc 5.3.1 rounds objects that don't live in slabs up to pages instead; as the
 * bounds of classes of such sizes are multiples of its page, they stay in their bucket.
 *
 * Usable sizes of freed small objects are class sizes, of which no two share a
 * step of 16 bytes (8 is in step 0, 16 in step 1), so that half the table does.
 *
 * Example:
 *     unsigned bucket = ra_bucket_of(40);            // 4
 *     ra_bucket_min(bucket), ra_bucket_max(bucket);  // 33, 40
 *
 * All functions are pure: any thread, any signal handler, no allocation, no
 * errors. Sizes are in bytes.
 */
#ifndef RUBY_ALLOC_BUCKETS_H
#define RUBY_ALLOC_BUCKETS_H

#include <stddef.h>
#include <stdint.h>

enum {
    RA_SMALL_STEP = 8,
    RA_SMALL_MAX = 4096,
    RA_SMALL_COUNT = RA_SMALL_MAX / RA_SMALL_STEP,

    RA_FREED_STEP = 16,
    RA_FREED_COUNT = RA_SMALL_MAX / RA_FREED_STEP + 1,

    RA_LARGE_PER_DOUBLING = 4,
    RA_LARGE_FIRST_LOG2 = 12, /* the first large bucket starts above 2^12 */
    RA_LARGE_LAST_LOG2 = 47,  /* no Linux user address space is larger by default */
    RA_LARGE_COUNT = (RA_LARGE_LAST_LOG2 - RA_LARGE_FIRST_LOG2) * RA_LARGE_PER_DOUBLING,

    /* Large buckets that each thread counts for itself: up to 8 MiB. */
    RA_LARGE_OWN_COUNT = 11 * RA_LARGE_PER_DOUBLING,
    RA_LARGE_SHARED_COUNT = RA_LARGE_COUNT - RA_LARGE_OWN_COUNT,

    RA_BUCKET_COUNT = RA_SMALL_COUNT + RA_LARGE_COUNT
};

_Static_assert(RA_SMALL_MAX == 1 << RA_LARGE_FIRST_LOG2, "small buckets end where large begin");

/*
 * The large bucket (0 up to RA_LARGE_COUNT - 1) of a size above RA_SMALL_MAX.
 * Sizes beyond the last bound are sorted into the last bucket.
 */
static inline unsigned ra_large_of(size_t size)
{
    size_t last = size - 1;
    unsigned log2 = 63u - (unsigned)__builtin_clzl(last);
    unsigned quarter = (unsigned)(last >> (log2 - 2)) & 3;
    unsigned index = (log2 - RA_LARGE_FIRST_LOG2) * RA_LARGE_PER_DOUBLING + quarter;

    return index < RA_LARGE_COUNT ? index : RA_LARGE_COUNT - 1;
}

/* The largest size of large bucket index. */
static inline size_t ra_large_max(unsigned index)
{
    unsigned log2 = RA_LARGE_FIRST_LOG2 + index / RA_LARGE_PER_DOUBLING;

    return (size_t)(5 + index % RA_LARGE_PER_DOUBLING) << (log2 - 2);
}

/* The bucket (0 up to RA_BUCKET_COUNT - 1) of any requested size; 0 goes to bucket 0. */
static inline unsigned ra_bucket_of(size_t size)
{
    if (size == 0) {
        return 0;
    }
    if (size <= RA_SMALL_MAX) {
        return (unsigned)(size - 1) / RA_SMALL_STEP;
    }
    return RA_SMALL_COUNT + ra_large_of(size);
}

/* The largest requested size that bucket takes in. */
static inline size_t ra_bucket_max(unsigned bucket)
{
    if (bucket < RA_SMALL_COUNT) {
        return (size_t)(bucket + 1) * RA_SMALL_STEP;
    }
    return ra_large_max(bucket - RA_SMALL_COUNT);
}

/* The smallest requested size that bucket takes in; 0 for the first. */
static inline size_t ra_bucket_min(unsigned bucket)
{
    return bucket == 0 ? 0 : ra_bucket_max(bucket - 1) + 1;
}

/* The step (0 up to RA_FREED_COUNT - 1) of a usable size up to RA_SMALL_MAX. */
static inline unsigned ra_freed_of(size_t usable)
{
    return (unsigned)(usable / RA_FREED_STEP);
}

#endif
