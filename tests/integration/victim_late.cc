/*
 * A library whose destructor runs after the preloaded library's: threads start there, all at
 * once, and a child is forked that starts some too and ends by _exit.
 */
#include <cstdio>
#include <cstdlib>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static const int THREADS = 6;

static void *stay(void *barrier)
{
    void *volatile object = malloc(40);

    free(object);
    pthread_barrier_wait(static_cast<pthread_barrier_t *>(barrier));
    return nullptr;
}

static void run_threads()
{
    pthread_t threads[THREADS];
    pthread_barrier_t barrier;

    pthread_barrier_init(&barrier, nullptr, THREADS);
    for (pthread_t &thread : threads) {
        pthread_create(&thread, nullptr, stay, &barrier);
    }
    for (pthread_t thread : threads) {
        pthread_join(thread, nullptr);
    }
}

__attribute__((destructor)) static void be_late()
{
    int status = 0;

    run_threads();
    pid_t child = fork();
    if (child == 0) {
        run_threads();
        _exit(8);
    }
    waitpid(child, &status, 0);
    printf("a child of the end: wait status %#x\n", status);
    fflush(stdout);
}
