/* Tallies: the counters of many slots summed up, in the shape of one. */
#include "reader/tally.h"

#include <stddef.h>

static uint64_t add_counters(uint64_t *to, const uint64_t *from, size_t count)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < count; i++) {
        to[i] += from[i];
        sum += from[i];
    }
    return sum;
}

static void add_large(struct ra_large *to, const struct ra_large *from, size_t count,
                      uint64_t *allocs, uint64_t *frees)
{
    for (size_t i = 0; i < count; i++) {
        to[i].allocs += from[i].allocs;
        to[i].requested_bytes += from[i].requested_bytes;
        to[i].usable_bytes += from[i].usable_bytes;
        to[i].frees += from[i].frees;
        to[i].freed_bytes += from[i].freed_bytes;
        *allocs += from[i].allocs;
        *frees += from[i].frees;
    }
}

void ra_tally_add_slot(struct ra_tally *tally, const struct ra_slot *slot, uint64_t *allocs,
                       uint64_t *frees)
{
    add_counters(tally->calls, slot->calls, RA_CALL_COUNT);
    tally->requested_less_1 += slot->requested_less_1;
    *allocs = add_counters(tally->alloc, slot->alloc, RA_SMALL_COUNT);
    *frees = add_counters(tally->freed, slot->freed, RA_FREED_COUNT);
    add_large(tally->large, slot->large, RA_LARGE_OWN_COUNT, allocs, frees);
}

void ra_tally_add_shared(struct ra_tally *tally, const struct ra_shared *shared, uint64_t *allocs,
                         uint64_t *frees)
{
    ra_tally_add_slot(tally, &shared->slot, allocs, frees);
    add_large(tally->large + RA_LARGE_OWN_COUNT, shared->large, RA_LARGE_SHARED_COUNT, allocs,
              frees);
}

uint64_t ra_tally_allocs(const struct ra_tally *tally)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < RA_SMALL_COUNT; i++) {
        sum += tally->alloc[i];
    }
    for (size_t i = 0; i < RA_LARGE_COUNT; i++) {
        sum += tally->large[i].allocs;
    }
    return sum;
}

uint64_t ra_tally_frees(const struct ra_tally *tally)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < RA_FREED_COUNT; i++) {
        sum += tally->freed[i];
    }
    for (size_t i = 0; i < RA_LARGE_COUNT; i++) {
        sum += tally->large[i].frees;
    }
    return sum;
}
