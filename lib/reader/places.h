/*
 * Places: the arenas of glibc's malloc in an address space.
 *
 * The main arena is the heap; each other one has reservations ("heaps" in glibc) at
 * multiples of their size, of which the first part is opened for use. What is at such
 * an address is believed to be one only if its header says so, where memory may be
 * read; otherwise if the mappings have that shape, and the count is an estimate.
 */
#ifndef RUBY_ALLOC_READER_PLACES_H
#define RUBY_ALLOC_READER_PLACES_H

#include <stdbool.h>
#include <stdint.h>

#include "reader/mapped.h"
#include "reader/memory.h"

struct ra_places {
    int64_t arenas; /* the main one included */
    int64_t resident;
    int64_t reserved;
    bool is_estimate;
};

/* Find them. False: without memory. memory->word tells the reservations' size. */
bool ra_places_find(const struct ra_mapped *mapped, const struct ra_memory *memory,
                    struct ra_places *places);

#endif
