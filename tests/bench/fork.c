/*
 * Nanoseconds that a fork takes until its child has run and been waited for: the
 * median of as many as asked. Memory is touched first, so that there is something
 * to copy, as in a Ruby. A second argument gives each child one thread, which does
 * nothing: what the sampler's thread costs by itself, whatever it is for.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { OBJECTS = 20000, OBJECT_BYTES = 1000 };

static long long now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000ll + time.tv_nsec;
}

static int compare(const void *left, const void *right)
{
    long long a = *(const long long *)left, b = *(const long long *)right;

    return (a > b) - (a < b);
}

static void *wait_for_end(void *unused)
{
    pause();
    return unused;
}

static long long time_fork(bool with_thread)
{
    long long before = now();
    pid_t child = fork();

    if (child == 0) {
        pthread_t thread;

        if (with_thread && pthread_create(&thread, NULL, wait_for_end, NULL) != 0) {
            _exit(1);
        }
        free(malloc(40));
        _exit(0);
    }
    if (child < 0 || waitpid(child, NULL, 0) < 0) {
        perror("fork");
        exit(1);
    }
    return now() - before;
}

int main(int count, char **arguments)
{
    int forks = count > 1 ? atoi(arguments[1]) : 1;
    long long *taken = calloc((size_t)forks + 1, sizeof *taken);

    for (int i = 0; taken != NULL && i < OBJECTS; i++) {
        void *volatile object = malloc(OBJECT_BYTES);

        memset(object, 1, OBJECT_BYTES);
    }
    for (int i = 0; taken != NULL && i < forks; i++) {
        taken[i] = time_fork(count > 2);
    }
    if (taken == NULL || forks < 1) {
        return 1;
    }
    qsort(taken, (size_t)forks, sizeof *taken, compare);
    printf("%lld\n", taken[forks / 2]);
    free(taken);
    return 0;
}
