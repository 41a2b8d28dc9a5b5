/*
 * A program whose threads allocate from glibc's arenas, or whichever malloc answers.
 *
 * Usage: victim_check THREADS KIB; each thread, one after the other, fills so much in
 * blocks that malloc doesn't map by themselves. Writes "ready ARENAS" to standard output,
 * as many as malloc_info lists, and waits there for a signal to end it.
 */
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK_BYTES = 64 * 1024, KIB = 1024 };

static size_t bytes_each;
static pthread_barrier_t filled;

static void *fill(void *unused)
{
    void *volatile small = malloc(100); /* the arena is the thread's also where it fills nothing */

    for (size_t done = 0; done < bytes_each; done += BLOCK_BYTES) {
        void *volatile block = malloc(BLOCK_BYTES);

        if (block == NULL || small == NULL) {
            abort();
        }
        memset(block, 1, BLOCK_BYTES);
    }
    pthread_barrier_wait(&filled);
    pause();
    return unused;
}

static int count_arenas(void)
{
    static char text[1 << 20];
    FILE *stream = fmemopen(text, sizeof(text) - 1, "w");
    int count = 0;

    if (stream == NULL || malloc_info(0, stream) != 0 || fclose(stream) != 0) {
        return -1;
    }
    for (const char *at = text; (at = strstr(at, "<heap nr=")) != NULL; at++) {
        count++;
    }
    return count;
}

int main(int argc, char **argv)
{
    int threads = argc > 1 ? atoi(argv[1]) : 0;

    bytes_each = argc > 2 ? (size_t)atol(argv[2]) * KIB : 0;
    pthread_barrier_init(&filled, NULL, 2);
    for (int i = 0; i < threads; i++) {
        pthread_t thread;

        if (pthread_create(&thread, NULL, fill, NULL) != 0) {
            return 1;
        }
        pthread_barrier_wait(&filled);
    }
    printf("ready %d\n", count_arenas());
    fflush(stdout);
    for (;;) {
        pause();
    }
}
