/*
 * The C allocation functions: the application's calls arrive here.
 *
 * malloc and free together cost 35 instructions more than jemalloc's own
 * (make bench). What keeps them short: one comparison sends off everything
 * unusual; the size of what free frees is the difference of jemalloc's own
 * per-thread counter; counters are plain adds in the thread's own slot.
 */
#include "entry.h"

#include "late.h"

RA_EXPORT void *malloc(size_t size);
RA_EXPORT void free(void *object);
RA_EXPORT void *calloc(size_t count, size_t size);
RA_EXPORT void *realloc(void *object, size_t size);
RA_EXPORT size_t malloc_usable_size(void *object);

void *malloc(size_t size)
{
    if (!ra_is_fast(size)) {
        return ra_only_forwards() ? ra_road.malloc(size) : ra_slow_malloc(size);
    }
    void *object = ra_road.malloc(size);
    if (RA_UNLIKELY(!object)) {
        return ra_failed();
    }
    ra_fast_alloc(ra_fast_slot(), size);
    return object;
}

/*
 * gcc makes a frame where it is needed, clang at the function's beginning, also for a call that
 * only forwards: there the part with the frame is a function of its own, one jump away.
 */
#if defined(__clang__)
#define FRAMED static __attribute__((noinline))
#else
#define FRAMED static inline
#endif

FRAMED void counted_free(void *object)
{
    uint64_t before = ra_deallocated();

    ra_road.free(object);
    ra_fast_free(ra_deallocated() - before);
}

void free(void *object)
{
    if (!ra_has_slot()) {
        return ra_only_forwards() ? ra_road.free(object) : ra_slow_free(object);
    }
    counted_free(object);
}

/* Where a call by symbol ends up, if nobody stands before us. */
void *ra_own_malloc(size_t size) __attribute__((alias("malloc"), visibility("hidden")));

/*
 * The compiler is not told that it is always NULL: it would return that itself, and so come
 * back from here, for which it needs a frame on the road of calls that don't fail, too.
 */
RA_COLD void *ra_failed(void)
{
    void *nothing = NULL;

    ra_count_call(RA_CALL_failed);
    __asm__("" : "+r"(nothing));
    return nothing;
}

RA_COLD void *ra_slow_malloc(size_t size)
{
    if (ra_forwards()) {
        return ra_road.malloc(size);
    }
    struct ra_mark mark = ra_mark(NULL);
    void *object = ra_road.malloc(size);
    if (object) {
        ra_count_alloc(size, ra_made(&mark, object));
    } else if (size > 0) {
        ra_count_call(RA_CALL_failed);
    }
    return object;
}

RA_COLD void ra_slow_free(void *object)
{
    if (ra_forwards()) {
        ra_road.free(object);
        return;
    }
    struct ra_mark mark = ra_mark(object);
    ra_road.free(object);
    ra_count_free(ra_freed(&mark));
}

static RA_COLD void *slow_calloc(size_t count, size_t size)
{
    size_t bytes;

    if (ra_forwards()) {
        return ra_road.calloc(count, size);
    }
    struct ra_mark mark = ra_mark(NULL);
    void *object = ra_road.calloc(count, size);
    if (object) {
        ra_count_alloc(count * size, ra_made(&mark, object));
        ra_count_call(RA_CALL_calloc);
    } else if (__builtin_mul_overflow(count, size, &bytes) || bytes > 0) {
        ra_count_call(RA_CALL_failed);
    }
    return object;
}

void *calloc(size_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes) || !ra_is_fast(bytes)) {
        return slow_calloc(count, size);
    }
    void *object = ra_road.calloc(count, size);
    if (RA_UNLIKELY(!object)) {
        return ra_failed();
    }
    struct ra_slot *slot = ra_fast_slot();
    ra_fast_alloc(slot, bytes);
    slot->calls[RA_CALL_calloc]++;
    return object;
}

/*
 * What a realloc did, told by jemalloc's counters: also where the address stays, an
 * old object ends and a new one begins. realloc(p, 0) frees or not, as zero_realloc
 * of MALLOC_CONF says.
 */
static void count_realloc(const void *object, size_t size, size_t made, size_t freed)
{
    if (object) {
        ra_count_alloc(size, made);
        ra_count_call(RA_CALL_realloc_new);
    } else if (freed == 0) {
        if (size > 0) {
            ra_count_call(RA_CALL_failed);
        }
        return;
    }
    if (freed > 0) {
        ra_count_free(freed);
        ra_count_call(RA_CALL_realloc_freed);
    }
    ra_count_call(RA_CALL_realloc);
}

static RA_COLD void *slow_realloc(void *old, size_t size)
{
    if (ra_forwards()) {
        return ra_road.realloc(old, size);
    }
    struct ra_mark mark = ra_mark(old);
    void *object = ra_road.realloc(old, size);
    bool failed = !object && size > 0;

    count_realloc(object, size, object ? ra_made(&mark, object) : 0, failed ? 0 : ra_freed(&mark));
    return object;
}

void *realloc(void *old, size_t size)
{
    if (!ra_is_fast(size)) {
        return slow_realloc(old, size);
    }
    uint64_t before = ra_deallocated();
    void *object = ra_road.realloc(old, size);
    if (RA_UNLIKELY(!object)) {
        return ra_failed();
    }
    struct ra_slot *slot = ra_fast_slot();
    uint64_t freed = ra_deallocated() - before;
    ra_fast_alloc(slot, size);
    slot->calls[RA_CALL_realloc]++;
    slot->calls[RA_CALL_realloc_new]++;
    if (freed > 0) {
        slot->calls[RA_CALL_realloc_freed]++;
        ra_fast_free(freed);
    }
    return object;
}

/* Ruby asks at nearly every xmalloc and xfree: a bare jump. */
size_t malloc_usable_size(void *object)
{
    return ra_road.malloc_usable_size(object);
}
