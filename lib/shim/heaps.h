/*
 * What malloc_info tells of each of glibc's arenas (malloc_info(3)): an XML text with a
 * <heap> for each, in which
 *
 *   <size from= to= total= count=/>  free chunks of one bin, and <unsorted .../> likewise;
 *   <total type="fast" size=/>       all of the fast bins;
 *   <total type="rest" size=/>       all other free memory, the top included;
 *   <system type="current" size=/>   what the arena got from the kernel.
 *
 * The top, where an arena grows and which it can give back, is what no bin holds. Sizes
 * in bins are the chunks' size words, flags included: the lowest is set in each.
 */
#ifndef RA_SHIM_HEAPS_H
#define RA_SHIM_HEAPS_H

#include <stdbool.h>

#include "base.h"

#pragma GCC visibility push(hidden)

struct ra_heaps {
    bool complete; /* the text had its end */
    uint64_t count;
    uint64_t top_bytes; /* of all arenas */
    uint32_t row_count; /* in the last row, where there are more: the sum of the rest */
    struct ra_arena rows[RA_ARENA_MAX];
};

/*
 * Read text, which a null ends, into heaps. Of each row are known: allocated (chunks in use,
 * in thread caches or of glibc's own; exact but for 4 bytes a free chunk of an arena other
 * than the first), active (all but the top), dirty (the top). Any thread; no allocation.
 */
void ra_heaps_parse(struct ra_heaps *heaps, const char *text);

#pragma GCC visibility pop

#endif
