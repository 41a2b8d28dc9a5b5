/*
 * Functions that are defined by others: reallocarray is realloc of a product, and so on.
 * They call those by symbol, not ours directly: in a program with an allocator of its
 * own these here are still ours, but the objects are that allocator's.
 */
#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

#include "entry.h"

void *realloc(void *object, size_t size);
void *memalign(size_t alignment, size_t size);
void free(void *object);

RA_EXPORT void *reallocarray(void *object, size_t count, size_t size);
RA_EXPORT void *valloc(size_t size);
RA_EXPORT void *pvalloc(size_t size);
RA_EXPORT void cfree(void *object);
RA_EXPORT void free_sized(void *object, size_t size);
RA_EXPORT void free_aligned_sized(void *object, size_t alignment, size_t size);

/* A size that can't be expressed. */
static void *too_large(void)
{
    if (!ra_forwards()) {
        ra_count_call(RA_CALL_failed);
    }
    errno = ENOMEM;
    return NULL;
}

void *reallocarray(void *object, size_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes)) {
        return too_large();
    }
    return realloc(object, bytes);
}

/* The kernel's page, as the caller means: jemalloc may have been built for larger ones. */
void *valloc(size_t size)
{
    return memalign((size_t)sysconf(_SC_PAGESIZE), size);
}

/* jemalloc has no pvalloc; libc's would answer from its own heap. Whole pages, as there. */
void *pvalloc(size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t bytes;

    if (__builtin_add_overflow(size, page - 1, &bytes)) {
        return too_large();
    }
    bytes = bytes / page * page;
    return memalign(page, bytes ? bytes : page);
}

/* A compatibility symbol of libc: left alone it would give libc one of jemalloc's objects. */
void cfree(void *object)
{
    free(object);
}

/* C23. The sizes are hints that plain preloaded jemalloc 5.3 doesn't take either. */
void free_sized(void *object, size_t size)
{
    (void)size;
    free(object);
}

void free_aligned_sized(void *object, size_t alignment, size_t size)
{
    (void)alignment;
    (void)size;
    free(object);
}
