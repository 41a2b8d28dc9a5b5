/*
 * A stand-in for libjemalloc.so.2, of a jemalloc built without statistics: it has jemalloc's
 * functions and size classes, answers "version", "arenas.*" and "opt.*", and knows nothing of
 * "thread.*", "stats.*" and "epoch". With STANDIN_WITHOUT_CONTROL it has no mallctl at all.
 *
 * Memory comes from libc. Before each object lie what libc gave and the usable size, which is a
 * class of jemalloc's: 8, steps of 16 up to 128, then four per doubling.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { SMALL_CLASSES = 36, LARGE_CLASSES = 196, SLAB_BYTES = 4096 };

struct prefix {
    void *block;
    size_t usable;
};

extern void *__libc_malloc(size_t size);
extern void __libc_free(void *block);

void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *object, size_t size);
void free(void *object);
void *aligned_alloc(size_t alignment, size_t size);
void *memalign(size_t alignment, size_t size);
int posix_memalign(void **object, size_t alignment, size_t size);
size_t malloc_usable_size(void *object);
int mallctl(const char *name, void *old, size_t *length, void *new, size_t new_length);
int mallctlnametomib(const char *name, size_t *mib, size_t *parts);
int mallctlbymib(const size_t *mib, size_t parts, void *old, size_t *length, void *new,
                 size_t new_length);

/* The first nine are 8, 16, 32, ..., 128. */
static size_t class_size(unsigned index)
{
    if (index < 9) {
        return index == 0 ? 8 : 16ul * index;
    }
    return (5ul + (index - 9) % 4) << (5 + (index - 9) / 4);
}

static size_t round_up(size_t size)
{
    unsigned index = 0;

    while (class_size(index) < size) {
        index++;
    }
    return class_size(index);
}

static struct prefix *prefix_of(void *object)
{
    return (struct prefix *)object - 1;
}

static void *make(size_t alignment, size_t size)
{
    size_t usable = size < PTRDIFF_MAX ? round_up(size > 0 ? size : 1) : SIZE_MAX / 2;
    size_t room = alignment + sizeof(struct prefix);
    char *block = usable < PTRDIFF_MAX - room ? __libc_malloc(usable + room) : NULL;
    uintptr_t object;

    if (block == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    object = ((uintptr_t)block + room) & -(uintptr_t)alignment;
    *prefix_of((void *)object) = (struct prefix){block, usable};
    return (void *)object;
}

void *malloc(size_t size)
{
    return make(16, size);
}

void *calloc(size_t count, size_t size)
{
    size_t bytes;
    void *object = __builtin_mul_overflow(count, size, &bytes) ? NULL : make(16, bytes);

    if (object != NULL) {
        memset(object, 0, bytes);
    } else {
        errno = ENOMEM;
    }
    return object;
}

void free(void *object)
{
    int error = errno;

    if (object != NULL) {
        __libc_free(prefix_of(object)->block);
    }
    errno = error;
}

void *realloc(void *object, size_t size)
{
    void *moved = make(16, size);

    if (moved != NULL && object != NULL) {
        size_t usable = malloc_usable_size(object);

        memcpy(moved, object, usable < size ? usable : size);
        __libc_free(prefix_of(object)->block);
    }
    return moved;
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return make(alignment < 16 ? 16 : alignment, size);
}

void *memalign(size_t alignment, size_t size)
{
    return aligned_alloc(alignment, size);
}

int posix_memalign(void **object, size_t alignment, size_t size)
{
    void *made;

    if (alignment < sizeof(void *) || (alignment & (alignment - 1)) != 0) {
        return EINVAL;
    }
    made = aligned_alloc(alignment, size);
    if (made == NULL) {
        return ENOMEM;
    }
    *object = made;
    return 0;
}

size_t malloc_usable_size(void *object)
{
    return object != NULL ? prefix_of(object)->usable : 0;
}

#ifndef STANDIN_WITHOUT_CONTROL

/* What can be asked for; those with an index hold it as the third part of their name. */
static const char *const names[] = {"version",
                                    "arenas.nbins",
                                    "arenas.nlextents",
                                    "arenas.bin.0.size",
                                    "arenas.bin.0.slab_size",
                                    "arenas.bin.0.nregs",
                                    "arenas.lextent.0.size"};
enum name { VERSION, BINS, LARGE, BIN_SIZE, BIN_SLAB, BIN_REGIONS, LARGE_SIZE, NAMES };

static int answer(void *old, size_t *length, const void *value, size_t bytes)
{
    if (old == NULL || length == NULL || *length != bytes) {
        return EINVAL;
    }
    memcpy(old, value, bytes);
    return 0;
}

int mallctlnametomib(const char *name, size_t *mib, size_t *parts)
{
    for (size_t i = 0; i < NAMES; i++) {
        if (strcmp(name, names[i]) == 0 && *parts >= 3) {
            mib[0] = i;
            mib[1] = mib[2] = 0;
            *parts = 3;
            return 0;
        }
    }
    return ENOENT;
}

int mallctlbymib(const size_t *mib, size_t parts, void *old, size_t *length, void *new,
                 size_t new_length)
{
    static const char *const version = "5.0.0-standin";
    static const unsigned bins = SMALL_CLASSES, large = LARGE_CLASSES;
    size_t size = class_size((unsigned)mib[2] + (mib[0] == LARGE_SIZE ? SMALL_CLASSES : 0));
    size_t slab = SLAB_BYTES * size;
    uint32_t regions = SLAB_BYTES;

    if (parts != 3 || new != NULL || new_length != 0) {
        return EPERM;
    }
    switch ((enum name)mib[0]) {
    case VERSION:
        return answer(old, length, &version, sizeof version);
    case BINS:
        return answer(old, length, &bins, sizeof bins);
    case LARGE:
        return answer(old, length, &large, sizeof large);
    case BIN_SIZE:
    case LARGE_SIZE:
        return answer(old, length, &size, sizeof size);
    case BIN_SLAB:
        return answer(old, length, &slab, sizeof slab);
    case BIN_REGIONS:
        return answer(old, length, &regions, sizeof regions);
    default:
        return ENOENT;
    }
}

int mallctl(const char *name, void *old, size_t *length, void *new, size_t new_length)
{
    size_t mib[3], parts = 3;
    int error = mallctlnametomib(name, mib, &parts);

    return error != 0 ? error : mallctlbymib(mib, parts, old, length, new, new_length);
}

#endif
