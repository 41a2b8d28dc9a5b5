/*
 * What victim programs share that talk to a test: steps, numbers, memory outside
 * the allocator. Nothing here allocates.
 */
#ifndef RUBY_ALLOC_TESTS_VICTIM_COMMON_H
#define RUBY_ALLOC_TESTS_VICTIM_COMMON_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Descriptors of the conversation; a forked child takes 3 and 4. */
static int victim_in = STDIN_FILENO, victim_out = STDOUT_FILENO;

static inline void put(const char *text)
{
    size_t length = strlen(text);

    while (length > 0) {
        ssize_t n = write(victim_out, text, length);

        if (n < 0) {
            _exit(4);
        }
        text += n;
        length -= (size_t)n;
    }
}

static inline void put_number(long number)
{
    char text[32];

    snprintf(text, sizeof text, "%ld\n", number);
    put(text);
}

static inline void stop_with(const char *what)
{
    perror(what);
    _exit(3);
}

/* "ready", and a byte from the test; false when it has no more steps for us. */
static inline int next_step(void)
{
    char byte;

    put("ready\n");
    return read(victim_in, &byte, 1) == 1;
}

static inline void pause_for_test(void)
{
    if (!next_step()) {
        exit(0);
    }
}

/* Zeroed memory that forked children share. */
static inline void *map_shared(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED) {
        stop_with("mmap");
    }
    return memory;
}

/* An object of size bytes that is written to at both ends. */
static inline void *make_object(size_t size)
{
    char *object = malloc(size);

    if (object == NULL) {
        stop_with("malloc");
    }
    object[0] = object[size - 1] = 1;
    return object;
}

#endif
