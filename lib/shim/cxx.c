/*
 * C++ operator new and delete, by their mangled names. A C++ library that is loaded
 * later would bind to jemalloc's own and go uncounted.
 *
 * delete forwards to jemalloc's free and sdallocx, not to its operator delete: that
 * one calls free by symbol, which is ours, and would count twice. new forwards to
 * jemalloc's malloc; only when that fails does jemalloc's operator new take over,
 * which calls the new-handler and throws as it should.
 */
#include "entry.h"

/* operator new: object, or NULL when jemalloc's own must decide what happens next. */
static inline void *try_new(size_t size)
{
    if (!ra_is_fast(size)) {
        if (ra_forwards()) {
            return ra_road.malloc(size);
        }
        struct ra_mark mark = ra_mark(NULL);
        void *object = ra_road.malloc(size);
        if (object) {
            ra_count_alloc(size, ra_made(&mark, object));
            ra_count_call(RA_CALL_cxx_new);
        }
        return object;
    }
    void *object = ra_road.malloc(size);
    if (RA_LIKELY(object)) {
        struct ra_slot *slot = ra_fast_slot();
        ra_fast_alloc(slot, size);
        slot->calls[RA_CALL_cxx_new]++;
    }
    return object;
}

/*
 * The allocator's operator new, once memory was short. It tries again, runs the new-handler
 * and calls malloc and aligned_alloc by symbol, which are ours and count; some forms of the
 * C++ library's call the plain form so. Afterwards, also when it throws, what those counted
 * is put in order: it was one call of operator new that made an object or failed.
 *
 * Only a thread's own slot can be put in order; in the shared one others count too, and
 * each retry stays a call.
 */
struct retry {
    size_t size;
    void *object;
    bool counts, own;
    uint64_t made, made_new, aligned, failed;
};

/* Objects counted so far where one of size would be. */
static uint64_t made_so_far(const struct ra_slot *slot, size_t size)
{
    if (size <= RA_SMALL_MAX) {
        return slot->alloc[ra_bucket_of(size)];
    }
    unsigned index = ra_large_of(size);
    if (index < RA_LARGE_OWN_COUNT) {
        return slot->large[index].allocs;
    }
    return ra_region_is_whole() ? RA_CURRENT->shared.large[index - RA_LARGE_OWN_COUNT].allocs : 0;
}

static struct retry begin_retry(size_t size)
{
    const struct ra_slot *slot = ra_thread.slot;
    struct retry retry = {.size = size, .counts = ra_mode != RA_FORWARD};

    retry.own = retry.counts && ra_thread.state == RA_THREAD_LIVE;
    if (retry.own) {
        retry.made = made_so_far(slot, size);
        retry.made_new = slot->calls[RA_CALL_cxx_new];
        retry.aligned = slot->calls[RA_CALL_aligned];
        retry.failed = slot->calls[RA_CALL_failed];
    }
    return retry;
}

static void end_retry(struct retry *retry)
{
    struct ra_slot *slot = ra_thread.slot;

    if (!retry->counts) {
        return;
    }
    if (retry->own) {
        if (ra_backend != RA_BACKEND_JEMALLOC) {
            slot->calls[RA_CALL_cxx_new] = retry->made_new;
        }
        slot->calls[RA_CALL_aligned] = retry->aligned;
        slot->calls[RA_CALL_failed] = retry->failed;
    }
    if (!retry->object) {
        ra_count_call(RA_CALL_failed);
        return;
    }
    if (!retry->own || made_so_far(slot, retry->size) == retry->made) {
        ra_count_alloc(retry->size, ra_road.malloc_usable_size(retry->object));
    }
    ra_count_call(RA_CALL_cxx_new);
}

/*
 * The clean-up also runs when an exception passes, for which the compiler calls libgcc.
 * Weak, so that libgcc is not linked: where an exception can pass, it is loaded.
 */
__asm__(".weak __gcc_personality_v0\n.weak _Unwind_Resume");

#define RETRY(name, size, ...)                                                                     \
    __attribute__((cleanup(end_retry))) struct retry retry = begin_retry(size);                    \
    retry.object = ra_road.name ? ra_road.name(__VA_ARGS__) : NULL;                                \
    return retry.object

#define NEW(symbol, name)                                                                          \
    RA_EXPORT void *symbol(size_t size);                                                           \
    static RA_COLD void *retry_##name(size_t size)                                                 \
    {                                                                                              \
        RETRY(name, size, size);                                                                   \
    }                                                                                              \
    void *symbol(size_t size)                                                                      \
    {                                                                                              \
        void *object = try_new(size);                                                              \
        return RA_LIKELY(object) ? object : retry_##name(size);                                    \
    }

#define NEW_NOTHROW(symbol, name)                                                                  \
    RA_EXPORT void *symbol(size_t size, const void *tag);                                          \
    static RA_COLD void *retry_##name(size_t size, const void *tag)                                \
    {                                                                                              \
        RETRY(name, size, size, tag);                                                              \
    }                                                                                              \
    void *symbol(size_t size, const void *tag)                                                     \
    {                                                                                              \
        void *object = try_new(size);                                                              \
        return RA_LIKELY(object) ? object : retry_##name(size, tag);                               \
    }

static void *try_new_aligned(size_t size, size_t alignment)
{
    bool forwards = ra_forwards();
    struct ra_mark mark = ra_mark(NULL);
    void *object = ra_road.aligned_alloc(alignment, size);

    if (object && !forwards) {
        ra_count_alloc(size, ra_made(&mark, object));
        ra_count_call(RA_CALL_cxx_new);
    }
    return object;
}

#define NEW_ALIGNED(symbol, name)                                                                  \
    RA_EXPORT void *symbol(size_t size, size_t alignment);                                         \
    void *symbol(size_t size, size_t alignment)                                                    \
    {                                                                                              \
        void *object = try_new_aligned(size, alignment);                                           \
        if (RA_LIKELY(object)) {                                                                   \
            return object;                                                                         \
        }                                                                                          \
        RETRY(name, size, size, alignment);                                                        \
    }

#define NEW_ALIGNED_NOTHROW(symbol, name)                                                          \
    RA_EXPORT void *symbol(size_t size, size_t alignment, const void *tag);                        \
    void *symbol(size_t size, size_t alignment, const void *tag)                                   \
    {                                                                                              \
        void *object = try_new_aligned(size, alignment);                                           \
        if (RA_LIKELY(object)) {                                                                   \
            return object;                                                                         \
        }                                                                                          \
        RETRY(name, size, size, alignment, tag);                                                   \
    }

NEW(_Znwm, new_plain)
NEW(_Znam, new_array)
NEW_NOTHROW(_ZnwmRKSt9nothrow_t, new_nothrow)
NEW_NOTHROW(_ZnamRKSt9nothrow_t, new_array_nothrow)
NEW_ALIGNED(_ZnwmSt11align_val_t, new_aligned)
NEW_ALIGNED(_ZnamSt11align_val_t, new_array_aligned)
NEW_ALIGNED_NOTHROW(_ZnwmSt11align_val_tRKSt9nothrow_t, new_aligned_nothrow)
NEW_ALIGNED_NOTHROW(_ZnamSt11align_val_tRKSt9nothrow_t, new_array_aligned_nothrow)

static inline void delete_plain(void *object)
{
    if (!ra_has_slot()) {
        ra_slow_free(object);
        return;
    }
    uint64_t before = ra_deallocated();
    ra_road.free(object);
    ra_fast_free(ra_deallocated() - before);
}

static inline void delete_sized(void *object, size_t size, int flags)
{
    if (!object) {
        return;
    }
    if (!ra_has_slot() || !ra_road.sdallocx) {
        ra_slow_sized_free(object, size, flags);
        return;
    }
    uint64_t before = ra_deallocated();
    ra_road.sdallocx(object, size, flags);
    ra_fast_free(ra_deallocated() - before);
}

/* jemalloc's MALLOCX_ALIGN: the alignment's logarithm. */
static inline int align_flag(size_t alignment)
{
    return __builtin_ctzl(alignment);
}

#define DELETE(symbol, parameters, action)                                                         \
    RA_EXPORT void symbol parameters;                                                              \
    void symbol parameters                                                                         \
    {                                                                                              \
        action;                                                                                    \
    }
#define UNUSED __attribute__((unused))

DELETE(_ZdlPv, (void *object), delete_plain(object))
DELETE(_ZdaPv, (void *object), delete_plain(object))
DELETE(_ZdlPvRKSt9nothrow_t, (void *object, UNUSED const void *tag), delete_plain(object))
DELETE(_ZdaPvRKSt9nothrow_t, (void *object, UNUSED const void *tag), delete_plain(object))
DELETE(_ZdlPvSt11align_val_t, (void *object, UNUSED size_t alignment), delete_plain(object))
DELETE(_ZdaPvSt11align_val_t, (void *object, UNUSED size_t alignment), delete_plain(object))
DELETE(_ZdlPvSt11align_val_tRKSt9nothrow_t,
       (void *object, UNUSED size_t alignment, UNUSED const void *tag), delete_plain(object))
DELETE(_ZdaPvSt11align_val_tRKSt9nothrow_t,
       (void *object, UNUSED size_t alignment, UNUSED const void *tag), delete_plain(object))
DELETE(_ZdlPvm, (void *object, size_t size), delete_sized(object, size, 0))
DELETE(_ZdaPvm, (void *object, size_t size), delete_sized(object, size, 0))
DELETE(_ZdlPvmSt11align_val_t, (void *object, size_t size, size_t alignment),
       delete_sized(object, size, align_flag(alignment)))
DELETE(_ZdaPvmSt11align_val_t, (void *object, size_t size, size_t alignment),
       delete_sized(object, size, align_flag(alignment)))
