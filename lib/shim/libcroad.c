#include "libcroad.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base.h"
#include "elf.h"
#include "scratch.h"

/* jemalloc's flags (jemalloc(3), "NON-STANDARD API"): log2 of the alignment, and zeroing. */
enum { FLAG_ALIGNMENT = 0x3f, FLAG_ZERO = 0x40, USUAL_LOG2 = 4 };

/* libc's own. */
static struct ra_road libc;

static void *libc_malloc(size_t size)
{
    return RA_UNLIKELY(ra_scratch_on) ? ra_scratch_make(size) : libc.malloc(size);
}

static void *libc_calloc(size_t count, size_t size)
{
    size_t bytes;

    if (RA_LIKELY(!ra_scratch_on)) {
        return libc.calloc(count, size);
    }
    return __builtin_mul_overflow(count, size, &bytes) ? NULL : ra_scratch_make(bytes);
}

static bool is_scratch(const void *object)
{
    return RA_UNLIKELY(ra_scratch_on) && ra_scratch_has(object);
}

static void *libc_realloc(void *old, size_t size)
{
    if (!is_scratch(old)) {
        return old ? libc.realloc(old, size) : libc_malloc(size);
    }
    void *object = ra_scratch_make(size);
    size_t kept = ra_scratch_size(old) < size ? ra_scratch_size(old) : size;
    return object ? memcpy(object, old, kept) : NULL;
}

static void libc_free(void *object)
{
    if (!is_scratch(object)) {
        libc.free(object);
    }
}

static size_t libc_usable_size(void *object)
{
    return is_scratch(object) ? ra_scratch_size(object) : libc.malloc_usable_size(object);
}

static size_t alignment_of(int flags)
{
    int log2 = flags & FLAG_ALIGNMENT;

    return log2 > USUAL_LOG2 ? (size_t)1 << log2 : 0;
}

static void *libc_mallocx(size_t size, int flags)
{
    size_t alignment = alignment_of(flags);

    if (alignment == 0) {
        return flags & FLAG_ZERO ? libc.calloc(1, size) : libc.malloc(size);
    }
    void *object = libc.aligned_alloc(alignment, size);
    return object && flags & FLAG_ZERO ? memset(object, 0, size) : object;
}

static void *move(void *old, size_t old_usable, size_t alignment, size_t size)
{
    void *object = libc.aligned_alloc(alignment, size);

    if (object) {
        memcpy(object, old, old_usable < size ? old_usable : size);
        libc.free(old);
    }
    return object;
}

/* Never frees and makes nothing, as libc's realloc to a size of 0 does. */
static void *libc_rallocx(void *old, size_t size, int flags)
{
    size_t alignment = alignment_of(flags);
    size_t old_usable = libc.malloc_usable_size(old);
    size_t asked = size ? size : 1;
    void *object = alignment ? move(old, old_usable, alignment, asked) : libc.realloc(old, asked);

    if (object && flags & FLAG_ZERO && size > old_usable) {
        memset((char *)object + old_usable, 0, size - old_usable);
    }
    return object;
}

/* libc can't promise to leave an object where it is: nothing is resized. */
static size_t libc_xallocx(void *object, size_t size, size_t extra, int flags)
{
    (void)size;
    (void)extra;
    (void)flags;
    return libc.malloc_usable_size(object);
}

/* At least. */
static size_t libc_nallocx(size_t size, int flags)
{
    (void)flags;
    return size;
}

static void libc_dallocx(void *object, int flags)
{
    (void)flags;
    libc.free(object);
}

/* jemalloc's operator new, which is loaded too, would give its own objects. */
static void add_cxx(struct ra_road *road)
{
    static const char *const sonames[] = {"libstdc++.so.6", "libc++abi.so.1", "libc++.so.1"};

    for (unsigned i = 0; i < sizeof sonames / sizeof *sonames && !road->new_plain; i++) {
        const struct link_map *library = ra_elf_library(sonames[i]);

        if (library) {
#define FIND(field, symbol, result, parameters) road->field = ra_elf_symbol(library, symbol);
            RA_ROAD_CXX(FIND)
#undef FIND
        }
    }
}

void ra_libcroad_complete(struct ra_road *road)
{
    libc = *road;
    road->malloc = libc_malloc;
    road->calloc = libc_calloc;
    road->realloc = libc_realloc;
    road->free = libc_free;
    road->malloc_usable_size = libc_usable_size;
    road->mallocx = libc_mallocx;
    road->rallocx = libc_rallocx;
    road->xallocx = libc_xallocx;
    road->dallocx = libc_dallocx;
    road->nallocx = libc_nallocx;
    add_cxx(road);
}
