/*
 * What the tests of the report count and sample: a region made by hand, and figures in it
 * whose sums are known.
 */
#ifndef UNIT_REPORT_CASE_H
#define UNIT_REPORT_CASE_H

#include "region_builder.h"

enum { CLASS_48 = 3 }; /* 8, 16, 32, 48 */

static struct ra_region *region;

static inline void set_up(void)
{
    builder_set_up();
    region = build_region();
}

static inline void tear_down(void)
{
    free(region);
    builder_tear_down();
}

/* Two threads, one ended, the overflow slot, an ancestor, and aligned objects. */
static inline void count_something(void)
{
    const uint64_t calls[RA_CALL_COUNT] = {
        [RA_CALL_calloc] = 100,       [RA_CALL_realloc] = 50,  [RA_CALL_realloc_new] = 40,
        [RA_CALL_realloc_freed] = 30, [RA_CALL_aligned] = 10,  [RA_CALL_cxx_new] = 20,
        [RA_CALL_other] = 5,          [RA_CALL_other_new] = 4, [RA_CALL_other_freed] = 3,
        [RA_CALL_failed] = 2,
    };
    struct ra_slot *slots = region->slots;

    slots[0].state = RA_SLOT_LIVE;
    slots[0].tid = 100;
    memcpy(slots[0].calls, calls, sizeof(calls));
    slots[0].alloc[ra_bucket_of(40)] = 1000;
    slots[0].freed[ra_freed_of(48)] = 400;
    slots[0].alloc[ra_bucket_of(64)] = 10; /* aligned, asked for as 40 */
    slots[0].large[ra_large_of(10240)] = (struct ra_large){5, 50000, 51200, 2, 20480};
    slots[1].state = RA_SLOT_ENDED;
    slots[1].tid = 95;
    slots[1].alloc[ra_bucket_of(100)] = 200;
    slots[1].freed[ra_freed_of(112)] = 200;
    slots[2].state = RA_SLOT_LIVE;
    slots[2].tid = 90;
    slots[2].base_allocs = 60;
    slots[2].base_frees = 10;
    slots[2].alloc[ra_bucket_of(8)] = 100;
    slots[2].freed[ra_freed_of(8)] = 30;
    region->shared.slot.alloc[ra_bucket_of(16)] = 7;
    region->shared.slot.freed[ra_freed_of(16)] = 1;
    region->shared.large[0] = (struct ra_large){2, 20000000, 20971520, 1, 10485760};
    region->inherited.slot.alloc[ra_bucket_of(40)] = 500;
    region->inherited.slot.freed[ra_freed_of(48)] = 100;
    region->moved[ra_bucket_of(64)].from = 10;
    region->moved[ra_bucket_of(40)].to = 10;
}

static inline void sample_something(void)
{
    struct ra_sample *sample = &region->sample;

    sample->sequence = 2;
    sample->known = (1u << RA_STATISTIC_COUNT) - 1;
    sample->statistics[RA_STATISTIC_allocated] = 11000000;
    sample->statistics[RA_STATISTIC_active] = 13000000;
    sample->statistics[RA_STATISTIC_metadata] = 500000;
    sample->statistics[RA_STATISTIC_resident] = 21131552;
    sample->statistics[RA_STATISTIC_mapped] = 16000000;
    sample->statistics[RA_STATISTIC_retained] = 7000000;
    sample->statistics[RA_STATISTIC_tcache_bytes] = 300000;
    sample->statistics[RA_STATISTIC_dirty_pages] = 100;
    sample->statistics[RA_STATISTIC_muzzy_pages] = 3;
    sample->bins[CLASS_48] = (struct ra_bin){2, 1092};
}

#endif
