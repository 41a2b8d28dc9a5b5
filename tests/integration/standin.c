/*
 * A stand-in for libjemalloc.so.2, of a jemalloc built without statistics: it has jemalloc's
 * functions and size classes, answers "version" and "arenas.*", and knows nothing of
 * "thread.*", "stats.*" and "epoch".
 *
 * STANDIN_WITHOUT_CONTROL: it has no mallctl at all.
 * STANDIN_PAGE=BYTES: the page it was built for, which says how many classes are small.
 * STANDIN_BY_PAGES: objects that are not small are rounded up to pages, as by jemalloc 5.3.1.
 * STANDIN_STATISTICS: it has statistics, which are always the same: see names below.
 *
 * With STANDIN_OLD it is one before version 5: it reads malloc_conf, whosever that is, and
 * complains of each pair that it doesn't know; with STANDIN_UNASKED of each question, too.
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

#ifndef STANDIN_PAGE
#define STANDIN_PAGE 4096
#endif

/* Small are those below four pages: four more for each time that the page is doubled. */
enum {
    CLASSES = 232,
    SMALL_CLASSES = 36 + 4 * (__builtin_ctz(STANDIN_PAGE) - 12),
    LARGE_CLASSES = CLASSES - SMALL_CLASSES,
    SLAB_REGIONS = 4096
};

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
#ifdef STANDIN_BY_PAGES
    if (index >= SMALL_CLASSES) {
        return (size + STANDIN_PAGE - 1) & -(size_t)STANDIN_PAGE;
    }
#endif
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

#ifdef STANDIN_OLD

extern const char *malloc_conf;
const char *malloc_conf __attribute__((weak));

static void read_pairs(const char *text)
{
    while (*text != '\0') {
        size_t length = strcspn(text, ",");

        if (strncmp(text, "narenas:", 8) != 0) {
            fprintf(stderr, "<jemalloc>: Invalid conf pair: %.*s\n", (int)length, text);
        }
        text += length + (text[length] == ',');
    }
}

__attribute__((constructor)) static void read_configuration(void)
{
    if (malloc_conf != NULL) {
        read_pairs(malloc_conf);
    }
}

static int complain(const char *question)
{
#ifdef STANDIN_UNASKED
    fprintf(stderr, "<jemalloc>: asked: %s\n", question);
#else
    (void)question;
#endif
    return ENOENT;
}

int mallctl(const char *name, void *old, size_t *length, void *new, size_t new_length)
{
    (void)old, (void)length, (void)new, (void)new_length;
    return complain(name);
}

int mallctlnametomib(const char *name, size_t *mib, size_t *parts)
{
    (void)mib, (void)parts;
    return complain(name);
}

int mallctlbymib(const size_t *mib, size_t parts, void *old, size_t *length, void *new,
                 size_t new_length)
{
    (void)mib, (void)parts, (void)old, (void)length, (void)new, (void)new_length;
    return complain("by number");
}

void malloc_stats_print(void (*write)(void *, const char *), void *context, const char *options);
void malloc_stats_print(void (*write)(void *, const char *), void *context, const char *options)
{
    (void)write, (void)context, (void)options;
    complain("for statistics");
}

size_t nallocx(size_t size, int flags);
size_t nallocx(size_t size, int flags)
{
    (void)flags;
    complain("for a size");
    return 2 * size;
}

#elif !defined(STANDIN_WITHOUT_CONTROL)

/*
 * What can be asked for, and the answer where it is always the same. In the others index is
 * the third part of the name.
 */
enum kind { TEXT, FLAG, HALF, WHOLE, BIN_SIZE, BIN_SLAB, LARGE_SIZE, BIN_SLABS, BIN_USED };

static const struct name {
    const char *name;
    enum kind kind;
    uint64_t value;
} names[] = {
    {"version", TEXT, 0},
    {"arenas.page", WHOLE, STANDIN_PAGE},
    {"arenas.nbins", HALF, SMALL_CLASSES},
    {"arenas.nlextents", HALF, LARGE_CLASSES},
    {"arenas.bin.0.size", BIN_SIZE, 0},
    {"arenas.bin.0.slab_size", BIN_SLAB, 0},
    {"arenas.bin.0.nregs", HALF, SLAB_REGIONS},
    {"arenas.lextent.0.size", LARGE_SIZE, 0},
#ifdef STANDIN_STATISTICS
    /* One arena with one thread. One slab of the smallest class, of which 10 regions are free. */
    {"config.stats", FLAG, true},
    {"epoch", WHOLE, 1},
    {"arenas.narenas", HALF, 1},
    {"stats.allocated", WHOLE, 100 * STANDIN_PAGE},
    {"stats.active", WHOLE, 103 * STANDIN_PAGE + 80},
    {"stats.metadata", WHOLE, 20 * STANDIN_PAGE},
    {"stats.resident", WHOLE, 128 * STANDIN_PAGE},
    {"stats.mapped", WHOLE, 256 * STANDIN_PAGE},
    {"stats.retained", WHOLE, 64 * STANDIN_PAGE},
    {"stats.arenas.4096.pdirty", WHOLE, 3},
    {"stats.arenas.4096.pmuzzy", WHOLE, 2},
    {"stats.arenas.4096.bins.0.curslabs", BIN_SLABS, 0},
    {"stats.arenas.4096.bins.0.curregs", BIN_USED, 0},
    {"stats.arenas.0.nthreads", HALF, 1},
    {"stats.arenas.0.small.allocated", WHOLE, STANDIN_PAGE},
    {"stats.arenas.0.large.allocated", WHOLE, 99 * STANDIN_PAGE},
    {"stats.arenas.0.pactive", WHOLE, 103},
    {"stats.arenas.0.pdirty", WHOLE, 3},
    {"stats.arenas.0.pmuzzy", WHOLE, 2},
#endif
};
enum { NAMES = sizeof names / sizeof *names, PARTS = 6 };

static int answer(void *old, size_t *length, const void *value, size_t bytes)
{
    if (old == NULL || length == NULL || *length != bytes) {
        return EINVAL;
    }
    memcpy(old, value, bytes);
    return 0;
}

static int answer_number(void *old, size_t *length, uint64_t value, size_t bytes)
{
    return answer(old, length, &value, bytes);
}

int mallctlnametomib(const char *name, size_t *mib, size_t *parts)
{
    for (size_t i = 0; i < NAMES; i++) {
        if (strcmp(name, names[i].name) == 0 && *parts >= PARTS) {
            memset(mib, 0, PARTS * sizeof *mib);
            mib[0] = i;
            *parts = PARTS;
            return 0;
        }
    }
    return ENOENT;
}

int mallctlbymib(const size_t *mib, size_t parts, void *old, size_t *length, void *new,
                 size_t new_length)
{
    static const char *const version = "5.0.0-standin";
    const struct name *name = &names[mib[0]];
    size_t size = class_size((unsigned)mib[2] + (name->kind == LARGE_SIZE ? SMALL_CLASSES : 0));
    bool is_first = mib[4] == 0;

    (void)new, (void)new_length; /* an epoch may be asked for */
    if (parts != PARTS) {
        return EPERM;
    }
    switch (name->kind) {
    case TEXT:
        return answer(old, length, &version, sizeof version);
    case FLAG:
        return answer_number(old, length, name->value, sizeof(bool));
    case HALF:
        return answer_number(old, length, name->value, sizeof(uint32_t));
    case WHOLE:
        return answer_number(old, length, name->value, sizeof(uint64_t));
    case BIN_SIZE:
    case LARGE_SIZE:
        return answer_number(old, length, size, sizeof size);
    case BIN_SLAB:
        return answer_number(old, length, SLAB_REGIONS * size, sizeof size);
    case BIN_SLABS:
        return answer_number(old, length, is_first, sizeof(size_t));
    default:
        return answer_number(old, length, is_first ? SLAB_REGIONS - 10 : 0, sizeof(size_t));
    }
}

int mallctl(const char *name, void *old, size_t *length, void *new, size_t new_length)
{
    size_t mib[PARTS], parts = PARTS;
    int error = mallctlnametomib(name, mib, &parts);

    return error != 0 ? error : mallctlbymib(mib, parts, old, length, new, new_length);
}

#endif
