/*
 * Threads that allocate in parallel, as native extensions do that release Ruby's lock:
 * pairs PAIRS, so many a thread.
 *
 * Sizes are mixed; one object in 16 is freed by another thread. Prints pairs per microsecond
 * and nanoseconds of CPU a pair, and ends with stdin.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* By this the library knows a Ruby, to which alone it brings its own settings. */
extern const char ruby_version[];
const char ruby_version[] = "3.1.7";

enum { THREADS = 8, OBJECTS = 1000, HANDED = 64 };

/* What one thread leaves for the next one to free. */
static _Atomic(char *) handed[THREADS][HANDED];
static long pairs;

static uint32_t next(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/* Most are small, one in 8 is of up to 4 KiB, one in 256 of up to 64 KiB. */
static size_t size_of(uint32_t random)
{
    uint32_t kind = random & 255;
    size_t limit = kind == 0 ? 65536 : kind < 32 ? 4096 : 256;
    return 1 + (random >> 8) % limit;
}

static void hand_over(unsigned thread, uint32_t random, char *object)
{
    free(atomic_exchange(&handed[(thread + 1) % THREADS][random % HANDED], object));
}

static void *work(void *argument)
{
    unsigned thread = (unsigned)(uintptr_t)argument;
    uint32_t state = thread * 7919 + 1;
    char *objects[OBJECTS] = {0};

    for (long i = 0; i < pairs; i++) {
        uint32_t random = next(&state);
        char **place = &objects[next(&state) % OBJECTS];

        if (random >> 28 == 0)
            hand_over(thread, random, *place);
        else
            free(*place);
        *place = malloc(size_of(random));
        if (*place == NULL)
            exit(1);
        **place = 1;
    }
    for (size_t i = 0; i < OBJECTS; i++)
        free(objects[i]);
    return NULL;
}

static double seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void run(void)
{
    pthread_t threads[THREADS];

    for (uintptr_t i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, work, (void *)i) != 0)
            exit(1);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

int main(int argc, char **argv)
{
    char end;

    pairs = argc > 1 ? atol(argv[1]) : 0;
    if (pairs <= 0)
        return 2;
    double began = seconds(CLOCK_MONOTONIC);
    double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    run();
    double all = (double)pairs * THREADS;
    double elapsed = seconds(CLOCK_MONOTONIC) - began;
    cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    printf("%.4f %.3f\n", all / elapsed / 1e6, cpu / all * 1e9);
    fflush(stdout);
    while (read(STDIN_FILENO, &end, 1) > 0)
        ;
    return 0;
}
