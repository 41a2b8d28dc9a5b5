/*
 * Settings of ranges of sizes, bin_shards and slab_sizes: what jemalloc made of them is told
 * by its small classes ("arenas.bin.*"; jemalloc(3), "MALLCTL NAMESPACE").
 *
 * A text is length bytes, neither terminated nor copied. Nothing here allocates. Any thread.
 */
#ifndef RA_SHIM_RANGES_H
#define RA_SHIM_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

/* Whether they are ranges to jemalloc, each with a number from least up to most. */
bool ra_ranges_are_valid(const char *text, size_t length, uint64_t least, uint64_t most);

/*
 * Which of the two a text is for: SHARDS from the class in which the first size of a range
 * lands to that of the last, SLABS, in pages, for the classes in between.
 */
enum ra_ranges_of { RA_RANGES_OF_SHARDS, RA_RANGES_OF_SLABS };

/*
 * Whether each class has what the last range that it lies in says. same: the answer. Returns
 * false if this jemalloc doesn't tell.
 */
bool ra_ranges_compare(const char *text, size_t length, enum ra_ranges_of of, bool *same);

#pragma GCC visibility pop

#endif
