/*
 * A process with all kinds of objects in several threads, which then prints jemalloc's
 * own statistics: victim_stats THREADS
 *
 * Ready for the first time: all is allocated, all threads are quiet and stay. Then comes
 * malloc_stats_print, which keeps a buffer of jemalloc's own while it prints: ready in the
 * midst of it, so that whoever looks then sees what it has seen. Then it prints, a line each,
 * the bytes it holds in its objects, the bytes that making a thread allocated, and the JSON;
 * ready for the last time.
 */
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>

#include "victim_common.h"

enum { THREAD_MAX = 64, OBJECTS = 3000, LARGE_EVERY = 100, TEXT_BYTES = 8 << 20 };

static char *text;
static size_t text_length;
static int paused;
static void **objects; /* OBJECTS for each thread */
static size_t held_bytes[THREAD_MAX + 1];
static pthread_barrier_t barrier;

/* Small sizes of all classes, and now and then a large one; two of three are freed. */
static void make(size_t row)
{
    uint32_t random = 12345u + (uint32_t)row;

    for (size_t i = 0; i < OBJECTS; i++) {
        random = random * 1664525u + 1013904223u;
        size_t bits = random >> 8;
        size_t size = i % LARGE_EVERY == 0 ? 20000 + bits % 300000 : 1 + bits % (16u << bits % 10);

        objects[row * OBJECTS + i] = make_object(size);
    }
    for (size_t i = 0; i < OBJECTS; i++) {
        void **object = &objects[row * OBJECTS + i];

        if (i % 3 == 0) {
            held_bytes[row] += malloc_usable_size(*object);
        } else {
            free(*object);
            *object = NULL;
        }
    }
}

static void *work(void *row)
{
    make((size_t)row);
    pthread_barrier_wait(&barrier);
    for (;;) {
        pause();
    }
    return NULL;
}

/* What this thread has allocated so far, as jemalloc has it. */
static uint64_t allocated_bytes(int (*control)(const char *, void *, size_t *, void *, size_t))
{
    uint64_t bytes = 0;
    size_t length = sizeof bytes;

    if (control("thread.allocated", &bytes, &length, NULL, 0) != 0) {
        stop_with("thread.allocated");
    }
    return bytes;
}

static void start_threads(size_t count, size_t *thread_bytes)
{
    int (*control)(const char *, void *, size_t *, void *, size_t) = dlsym(RTLD_DEFAULT, "mallctl");

    pthread_barrier_init(&barrier, NULL, (unsigned)count + 1);
    for (size_t i = 0; i < count; i++) {
        uint64_t before = allocated_bytes(control);
        pthread_t thread;

        if (pthread_create(&thread, NULL, work, (void *)(i + 1)) != 0) {
            stop_with("pthread_create");
        }
        *thread_bytes = allocated_bytes(control) - before;
    }
    make(0);
    pthread_barrier_wait(&barrier);
}

static void append(void *unused, const char *part)
{
    size_t length = strlen(part);

    (void)unused;
    if (text_length + length >= TEXT_BYTES) {
        stop_with("more text than expected");
    }
    memcpy(text + text_length, part, length);
    text_length += length;
    if (!paused) {
        paused = 1;
        pause_for_test();
    }
}

int main(int argc, char **argv)
{
    size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 0, held = 0, thread_bytes = 0;
    void (*print)(void (*)(void *, const char *), void *, const char *) =
        dlsym(RTLD_DEFAULT, "malloc_stats_print");

    if (count < 1 || count > THREAD_MAX || !print) {
        stop_with("victim_stats THREADS, under jemalloc");
    }
    text = map_shared(TEXT_BYTES);
    objects = map_shared((count + 1) * OBJECTS * sizeof *objects);
    start_threads(count, &thread_bytes);
    pause_for_test();
    print(append, NULL, "J");
    for (size_t i = 0; i <= count; i++) {
        held += held_bytes[i];
    }
    put_number((long)held);
    put_number((long)thread_bytes);
    put(text);
    put("\n");
    pause_for_test();
    return 0;
}
