/*
 * Threads that allocate and free what a test tells them, see the modes below.
 * Each step begins at a byte on stdin and ends with "ready".
 *
 *   victim_threads cross THREADS COUNT SIZE
 *       steps: each thread allocates COUNT objects; each frees those of its
 *       neighbour; all end. Threads are there before the first "ready".
 *   victim_threads churn TOTAL AT_ONCE COUNT SIZE
 *       one step: TOTAL threads, AT_ONCE at a time, that each allocate COUNT
 *       objects, free all but one of them and leave that one to the main thread;
 *       then one more, that allocates COUNT objects and stays.
 *   victim_threads destructor THREADS COUNT SIZE
 *       one step: threads that allocate COUNT objects each and end; destructors
 *       of thread-specific data free them, in several rounds.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { THREAD_MAX = 4096 };

static size_t thread_count, count, size;
static void **objects; /* count for each thread */
static pthread_barrier_t barrier;
static pthread_key_t early, late;

static void *map(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return memory == MAP_FAILED ? NULL : memory;
}

static void pause_for_test(void)
{
    char byte;

    if (write(STDOUT_FILENO, "ready\n", 6) != 6 || read(STDIN_FILENO, &byte, 1) != 1) {
        exit(0);
    }
}

static void make(size_t row)
{
    for (size_t i = 0; i < count; i++) {
        char *object = malloc(size);

        object[0] = object[size - 1] = 1;
        objects[row * count + i] = object;
    }
}

static void release(size_t row, size_t first)
{
    for (size_t i = first; i < count; i++) {
        free(objects[row * count + i]);
    }
}

static void *cross_thread(void *argument)
{
    size_t row = (size_t)(uintptr_t)argument;

    for (int step = 0; step < 3; step++) {
        pthread_barrier_wait(&barrier);
        if (step == 0) {
            make(row);
        } else if (step == 1) {
            release((row + 1) % thread_count, 0);
        }
        pthread_barrier_wait(&barrier);
    }
    return NULL;
}

static void cross(void)
{
    static pthread_t threads[THREAD_MAX];

    pthread_barrier_init(&barrier, NULL, (unsigned)thread_count + 1);
    for (size_t i = 0; i < thread_count; i++) {
        if (pthread_create(&threads[i], NULL, cross_thread, (void *)(uintptr_t)i) != 0) {
            _exit(3);
        }
    }
    for (int step = 0; step < 3; step++) {
        pause_for_test();
        pthread_barrier_wait(&barrier);
        pthread_barrier_wait(&barrier);
    }
    for (size_t i = 0; i < thread_count; i++) {
        pthread_join(threads[i], NULL);
    }
    pause_for_test();
}

static void *churn_thread(void *argument)
{
    size_t row = (size_t)(uintptr_t)argument;

    make(row);
    release(row, 1);
    return NULL;
}

static void *staying_thread(void *argument)
{
    make(0);
    pthread_barrier_wait(&barrier);
    pause();
    return argument;
}

static void churn(size_t total)
{
    static pthread_t threads[THREAD_MAX];

    pause_for_test();
    for (size_t done = 0; done < total; done += thread_count) {
        for (size_t i = 0; i < thread_count; i++) {
            if (pthread_create(&threads[i], NULL, churn_thread, (void *)(uintptr_t)i) != 0) {
                _exit(3);
            }
        }
        for (size_t i = 0; i < thread_count; i++) {
            pthread_join(threads[i], NULL);
            free(objects[i * count]);
        }
    }
    pthread_barrier_init(&barrier, NULL, 2);
    if (pthread_create(&threads[0], NULL, staying_thread, NULL) != 0) {
        _exit(3);
    }
    pthread_barrier_wait(&barrier);
    pause_for_test();
}

/* Half of the objects in the first round, the rest in the second. */
static void destroy_early(void *value)
{
    size_t row = (size_t)(uintptr_t)value - 1;

    for (size_t i = 0; i < count / 2; i++) {
        free(objects[row * count + i]);
    }
    pthread_setspecific(late, value);
}

static void destroy_late(void *value)
{
    release((size_t)(uintptr_t)value - 1, count / 2);
}

static void *destructor_thread(void *argument)
{
    size_t row = (size_t)(uintptr_t)argument;

    pthread_setspecific(early, (void *)(uintptr_t)(row + 1));
    make(row);
    return NULL;
}

static void destructor(void)
{
    static pthread_t threads[THREAD_MAX];

    /* late has the lower number: it is set in a round in which its turn has passed. */
    if (pthread_key_create(&late, destroy_late) != 0 ||
        pthread_key_create(&early, destroy_early) != 0) {
        _exit(3);
    }
    pause_for_test();
    for (size_t i = 0; i < thread_count; i++) {
        if (pthread_create(&threads[i], NULL, destructor_thread, (void *)(uintptr_t)i) != 0) {
            _exit(3);
        }
    }
    for (size_t i = 0; i < thread_count; i++) {
        pthread_join(threads[i], NULL);
    }
    pause_for_test();
}

int main(int argc, char **argv)
{
    const char *mode = argc > 4 ? argv[1] : "";
    int first = strcmp(mode, "churn") == 0 ? 3 : 2;

    if (argc != first + 3) {
        return 2;
    }
    thread_count = strtoul(argv[first], NULL, 10);
    count = strtoul(argv[first + 1], NULL, 10);
    size = strtoul(argv[first + 2], NULL, 10);
    objects = map(thread_count * count * sizeof *objects);
    if (objects == NULL || thread_count > THREAD_MAX) {
        return 3;
    }
    if (first == 3) {
        churn(strtoul(argv[2], NULL, 10));
    } else if (strcmp(mode, "cross") == 0) {
        cross();
    } else {
        destructor();
    }
    return 0;
}
