/*
 * The memory of another process, by /proc/PID/mem: it stays with the process, whoever
 * gets its pid later. What is read there is hostile: a word is only a number.
 */
#ifndef RUBY_ALLOC_READER_MEMORY_H
#define RUBY_ALLOC_READER_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ra_memory {
    int fd;        /* -1: it may not be read */
    unsigned word; /* bytes of an address there: 4 or 8 */
};

/* Read bytes at an address. False: nothing is there, or it may not be read. */
bool ra_memory_read(const struct ra_memory *memory, uint64_t address, void *data, size_t bytes);

/* Read count words, each into 64 bits; likewise. */
bool ra_memory_words(const struct ra_memory *memory, uint64_t address, uint64_t *words,
                     size_t count);

/* Read a text, cut off and terminated; likewise. */
bool ra_memory_text(const struct ra_memory *memory, uint64_t address, char *text, size_t capacity);

#endif
