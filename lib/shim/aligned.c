/*
 * Aligned allocation. Such an object may land in a class that its size alone does
 * not imply, so its usable size is always asked for: these calls are rare.
 */
#include <errno.h>

#include "entry.h"

RA_EXPORT int posix_memalign(void **object, size_t alignment, size_t size);
RA_EXPORT void *aligned_alloc(size_t alignment, size_t size);
RA_EXPORT void *memalign(size_t alignment, size_t size);

/* forward: NULL until jemalloc is found, so the caller asks ra_forwards first. */
static void *aligned(bool forwards, void *(*forward)(size_t, size_t), size_t alignment, size_t size)
{
    struct ra_mark mark = ra_mark(NULL);
    void *object = forward(alignment, size);

    if (forwards) {
        return object;
    }
    if (object) {
        ra_count_alloc(size, ra_made(&mark, object));
        ra_count_call(RA_CALL_aligned);
    } else if (size > 0) {
        ra_count_call(RA_CALL_failed);
    }
    return object;
}

int posix_memalign(void **object, size_t alignment, size_t size)
{
    bool forwards = ra_forwards();
    struct ra_mark mark = ra_mark(NULL);
    int error = ra_road.posix_memalign(object, alignment, size);

    if (forwards) {
        return error;
    }
    if (error == 0) {
        ra_count_alloc(size, ra_made(&mark, *object));
        ra_count_call(RA_CALL_aligned);
    } else if (error == ENOMEM && size > 0) {
        ra_count_call(RA_CALL_failed);
    }
    return error;
}

void *aligned_alloc(size_t alignment, size_t size)
{
    bool forwards = ra_forwards();

    return aligned(forwards, ra_road.aligned_alloc, alignment, size);
}

void *memalign(size_t alignment, size_t size)
{
    bool forwards = ra_forwards();

    return aligned(forwards, ra_road.memalign ? ra_road.memalign : ra_road.aligned_alloc, alignment,
                   size);
}
