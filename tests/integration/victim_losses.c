/*
 * A process that loses memory in one way, on purpose: victim_losses WAY NUMBER [SIZE]
 *
 *   rounding   NUMBER objects of SIZE bytes
 *   caches     NUMBER threads that fill their caches with freed objects, and stay
 *   orphans    the same, and goes on as a child, which has none of these threads
 *   sampled    NUMBER objects, each sampled by jemalloc's profiler (lg_prof_sample:0)
 *   gaps       NUMBER objects, nine of ten freed at random, the thread's cache emptied
 *   dirty      NUMBER objects of SIZE bytes, all freed
 *   elsewhere  NUMBER pages that are not jemalloc's, touched
 *
 * Prints how many bytes it has lost by its own account, and its process id; ready.
 */
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/wait.h>

#include "victim_common.h"

/* cached: fits a cache's bin of large objects. A slab of class SMALL is a page. */
enum {
    PAGE_BYTES = 4096,
    SMALL = 64,
    LARGE = 16384,
    CACHED = 20,
    CACHED_CLASSES = 4,
    CLASS_STEP = 4096
};

static pthread_barrier_t barrier;
static void **objects;

static size_t lose_by_rounding(size_t count, size_t size)
{
    size_t lost = 0;

    for (size_t i = 0; i < count; i++) {
        objects[i] = make_object(size);
        lost += malloc_usable_size(objects[i]) - size;
    }
    return lost;
}

/* Classes of 20, 24, 28 and 32 KiB. */
static void *fill_cache(void *bytes)
{
    void *own[CACHED_CLASSES * CACHED];

    for (size_t i = 0; i < CACHED_CLASSES * CACHED; i++) {
        own[i] = make_object((5 + i / CACHED) * CLASS_STEP);
        *(size_t *)bytes += malloc_usable_size(own[i]);
    }
    for (size_t i = 0; i < CACHED_CLASSES * CACHED; i++) {
        free(own[i]);
    }
    pthread_barrier_wait(&barrier);
    for (;;) {
        pause();
    }
    return NULL;
}

static size_t lose_in_caches(size_t count, size_t unused)
{
    size_t *bytes = map_shared(count * sizeof *bytes), lost = 0;

    (void)unused;
    pthread_barrier_init(&barrier, NULL, (unsigned)count + 1);
    for (size_t i = 0; i < count; i++) {
        pthread_t thread;

        if (pthread_create(&thread, NULL, fill_cache, &bytes[i]) != 0) {
            stop_with("pthread_create");
        }
    }
    pthread_barrier_wait(&barrier);
    for (size_t i = 0; i < count; i++) {
        lost += bytes[i];
    }
    return lost;
}

/* The library's helper comes with the child's eighth allocation. */
static size_t lose_by_fork(size_t count, size_t unused)
{
    size_t lost = lose_in_caches(count, unused);
    pid_t child = fork();
    int status = 0;

    if (child < 0) {
        stop_with("fork");
    }
    if (child > 0) {
        while (waitpid(child, &status, 0) != child) {
        }
        _exit(status == 0 ? 0 : 3);
    }
    for (int i = 0; i < 100; i++) {
        free(make_object(SMALL));
    }
    return lost;
}

/* Each gets the least of a large class, whatever its own is. */
static size_t lose_to_sampling(size_t count, size_t unused)
{
    (void)unused;
    for (size_t i = 0; i < count; i++) {
        objects[i] = make_object(SMALL);
    }
    return count * (LARGE - SMALL);
}

static int compare(const void *one, const void *other)
{
    uintptr_t a = *(const uintptr_t *)one, b = *(const uintptr_t *)other;

    return (a > b) - (a < b);
}

static void empty_cache(void)
{
    int (*control)(const char *, void *, size_t *, void *, size_t) = dlsym(RTLD_DEFAULT, "mallctl");

    if (!control || control("thread.tcache.flush", NULL, NULL, NULL, 0) != 0) {
        stop_with("thread.tcache.flush");
    }
}

/* Each page on which an object lives is a slab; what is not alive on it is lost. */
static size_t lose_in_gaps(size_t count, size_t unused)
{
    uint32_t random = 20260101u;
    size_t kept = 0, pages = 0;

    (void)unused;
    for (size_t i = 0; i < count; i++) {
        objects[i] = make_object(SMALL);
    }
    for (size_t i = 0; i < count; i++) {
        random = random * 1664525u + 1013904223u;
        if ((random >> 8) % 10 == 0) {
            objects[kept++] = objects[i];
        } else {
            free(objects[i]);
        }
    }
    empty_cache();
    qsort(objects, kept, sizeof *objects, compare);
    for (size_t i = 0; i < kept; i++) {
        pages +=
            i == 0 || (uintptr_t)objects[i] / PAGE_BYTES != (uintptr_t)objects[i - 1] / PAGE_BYTES;
    }
    return pages * PAGE_BYTES - kept * SMALL;
}

static size_t lose_as_dirty(size_t count, size_t size)
{
    for (size_t i = 0; i < count; i++) {
        objects[i] = malloc(size);
        memset(objects[i], 1, size);
    }
    for (size_t i = 0; i < count; i++) {
        free(objects[i]);
    }
    return count * size;
}

static size_t lose_elsewhere(size_t count, size_t unused)
{
    char *memory =
        mmap(NULL, count * PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)unused;
    if (memory == MAP_FAILED) {
        stop_with("mmap");
    }
    memset(memory, 1, count * PAGE_BYTES);
    return count * PAGE_BYTES;
}

static const struct way {
    const char *name;
    size_t (*lose)(size_t count, size_t size);
} ways[] = {
    {"rounding", lose_by_rounding}, {"caches", lose_in_caches},    {"gaps", lose_in_gaps},
    {"dirty", lose_as_dirty},       {"elsewhere", lose_elsewhere}, {"orphans", lose_by_fork},
    {"sampled", lose_to_sampling},
};

int main(int argc, char **argv)
{
    size_t count = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;

    for (size_t i = 0; argc > 2 && i < sizeof ways / sizeof ways[0]; i++) {
        if (strcmp(argv[1], ways[i].name) == 0) {
            objects = map_shared(count * sizeof *objects);
            put_number((long)ways[i].lose(count, argc > 3 ? strtoul(argv[3], NULL, 10) : 0));
            put_number(getpid());
            pause_for_test();
            return 0;
        }
    }
    put("usage: victim_losses WAY NUMBER [SIZE]\n");
    return 2;
}
