/*
 * jemalloc's own calls: mallocx and its family. Used directly by few; a program
 * that does so would otherwise reach jemalloc uncounted, also where libc is behind us and
 * has made the object.
 *
 * And how jemalloc is asked, as there may be two: a Ruby that is linked to an older one, which
 * then holds nothing, but whose names come before those of the one behind us. jemalloc itself
 * asks by symbol, for one where it prints its statistics, and ends the process if the answer
 * is another's.
 */
#include <errno.h>

#include "entry.h"

RA_EXPORT void *mallocx(size_t size, int flags);
RA_EXPORT void *rallocx(void *object, size_t size, int flags);
RA_EXPORT size_t xallocx(void *object, size_t size, size_t extra, int flags);
RA_EXPORT void dallocx(void *object, int flags);
RA_EXPORT void sdallocx(void *object, size_t size, int flags);
RA_EXPORT size_t sallocx(const void *object, int flags);
RA_EXPORT size_t nallocx(size_t size, int flags);
RA_EXPORT int mallctl(const char *name, void *old, size_t *length, void *new, size_t new_length);
RA_EXPORT int mallctlnametomib(const char *name, size_t *mib, size_t *parts);
RA_EXPORT int mallctlbymib(const size_t *mib, size_t parts, void *old, size_t *length, void *new,
                           size_t new_length);
RA_EXPORT void malloc_stats_print(void (*write)(void *, const char *), void *context,
                                  const char *options);

void *mallocx(size_t size, int flags)
{
    bool forwards = ra_forwards();
    struct ra_mark mark = ra_mark(NULL);
    void *object = ra_road.mallocx(size, flags);

    if (forwards) {
        return object;
    }
    if (object) {
        ra_count_alloc(size, ra_made(&mark, object));
        ra_count_call(RA_CALL_other);
        ra_count_call(RA_CALL_other_new);
    } else {
        ra_count_call(RA_CALL_failed);
    }
    return object;
}

/* An old object of one size became one of another. */
static void count_replaced(size_t size, size_t made, size_t freed)
{
    ra_count_alloc(size, made);
    ra_count_free(freed);
    ra_count_call(RA_CALL_other);
    ra_count_call(RA_CALL_other_new);
    ra_count_call(RA_CALL_other_freed);
}

void *rallocx(void *old, size_t size, int flags)
{
    bool forwards = ra_forwards();
    struct ra_mark mark = ra_mark(old);
    void *object = ra_road.rallocx(old, size, flags);

    if (forwards) {
        return object;
    }
    if (object) {
        count_replaced(size, ra_made(&mark, object), ra_freed(&mark));
    } else {
        ra_count_call(RA_CALL_failed);
    }
    return object;
}

/* Resizes in place or not at all, and then nothing was done. */
size_t xallocx(void *object, size_t size, size_t extra, int flags)
{
    if (ra_forwards()) {
        return ra_road.xallocx(object, size, extra, flags);
    }
    size_t before = ra_road.malloc_usable_size(object);
    size_t after = ra_road.xallocx(object, size, extra, flags);
    if (after != before) {
        count_replaced(size, after, before);
    }
    return after;
}

void dallocx(void *object, int flags)
{
    if (ra_forwards()) {
        ra_road.dallocx(object, flags);
        return;
    }
    struct ra_mark mark = ra_mark(object);
    ra_road.dallocx(object, flags);
    ra_count_free(ra_freed(&mark));
}

/* libc has no sdallocx: a size is but a hint. */
RA_COLD void ra_slow_sized_free(void *object, size_t size, int flags)
{
    if (!ra_road.sdallocx) {
        ra_slow_free(object);
        return;
    }
    if (ra_forwards()) {
        ra_road.sdallocx(object, size, flags);
        return;
    }
    struct ra_mark mark = ra_mark(object);
    ra_road.sdallocx(object, size, flags);
    ra_count_free(ra_freed(&mark));
}

void sdallocx(void *object, size_t size, int flags)
{
    ra_slow_sized_free(object, size, flags);
}

size_t sallocx(const void *object, int flags)
{
    (void)flags;
    return ra_road.malloc_usable_size((void *)object);
}

/* The first call of all may be one of these. */
static void find_road(void)
{
    if (RA_UNLIKELY(ra_mode == RA_START)) {
        ra_setup_first_call();
    }
}

/* As good an answer as any that is not too large, where the allocator has none. */
size_t nallocx(size_t size, int flags)
{
    find_road();
    return ra_road.nallocx ? ra_road.nallocx(size, flags) : size;
}

int mallctl(const char *name, void *old, size_t *length, void *new, size_t new_length)
{
    find_road();
    return ra_control.mallctl ? ra_control.mallctl(name, old, length, new, new_length) : ENOENT;
}

int mallctlnametomib(const char *name, size_t *mib, size_t *parts)
{
    find_road();
    return ra_control.mallctlnametomib ? ra_control.mallctlnametomib(name, mib, parts) : ENOENT;
}

int mallctlbymib(const size_t *mib, size_t parts, void *old, size_t *length, void *new,
                 size_t new_length)
{
    find_road();
    return ra_control.mallctlbymib
               ? ra_control.mallctlbymib(mib, parts, old, length, new, new_length)
               : ENOENT;
}

void malloc_stats_print(void (*write)(void *, const char *), void *context, const char *options)
{
    find_road();
    if (ra_control.malloc_stats_print) {
        ra_control.malloc_stats_print(write, context, options);
    }
}
