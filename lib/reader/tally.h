/*
 * Tallies: the counters of many slots summed up, in the shape of one.
 *
 * Sums wrap around: what a damaged region holds must not be undefined behaviour.
 * Pure functions, no allocation.
 */
#ifndef RUBY_ALLOC_READER_TALLY_H
#define RUBY_ALLOC_READER_TALLY_H

#include "ruby_alloc/region.h"

struct ra_tally {
    uint64_t calls[RA_CALL_COUNT];
    uint64_t requested_less_1;
    uint64_t alloc[RA_SMALL_COUNT];
    uint64_t freed[RA_FREED_COUNT];
    struct ra_large large[RA_LARGE_COUNT];
};

/* Add a slot to tally; *allocs and *frees get the slot's own sums. */
void ra_tally_add_slot(struct ra_tally *tally, const struct ra_slot *slot, uint64_t *allocs,
                       uint64_t *frees);

/* Add a shared block, likewise. */
void ra_tally_add_shared(struct ra_tally *tally, const struct ra_shared *shared, uint64_t *allocs,
                         uint64_t *frees);

uint64_t ra_tally_allocs(const struct ra_tally *tally);
uint64_t ra_tally_frees(const struct ra_tally *tally);

#endif
