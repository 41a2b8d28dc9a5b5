/*
 * A process whose region is written to by somebody else. Each step: threads that come, allocate
 * and go, several at once so that slots are made; a fork whose child does the same, and forks
 * once more.
 */
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>

#include "victim_common.h"

enum { THREADS = 3, OBJECTS = 20, LARGE_BYTES = 16 * 1024 * 1024 };

static void allocate(void)
{
    for (int i = 0; i < OBJECTS; i++) {
        free(make_object(16 << i % 10));
    }
    free(make_object(LARGE_BYTES)); /* where all threads count */
}

static void *work(void *barrier)
{
    allocate();
    pthread_barrier_wait(barrier);
    return NULL;
}

static void run_threads(void)
{
    pthread_t threads[THREADS];
    pthread_barrier_t barrier;

    pthread_barrier_init(&barrier, NULL, THREADS);
    for (int i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, work, &barrier) != 0) {
            stop_with("pthread_create");
        }
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
}

static void run_child(bool forks)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        run_threads();
        if (forks) {
            run_child(false);
        }
        exit(0);
    }
    if (waitpid(child, &status, 0) != child || status != 0) {
        fprintf(stderr, "wait status of a child: %#x\n", (unsigned)status);
        _exit(5);
    }
}

int main(void)
{
    while (next_step()) {
        run_threads();
        run_child(true);
        allocate();
    }
    return 0;
}
