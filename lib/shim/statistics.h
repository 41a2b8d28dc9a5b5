/*
 * jemalloc's statistics, merged over its arenas. One reading is an `epoch` and a
 * dozen look-ups by number: microseconds, no allocation through the public calls.
 */
#ifndef RA_SHIM_STATISTICS_H
#define RA_SHIM_STATISTICS_H

#include "jemalloc.h"

#pragma GCC visibility push(hidden)

struct ra_statistics {
    uint32_t known; /* bit i: values[i] could be read */
    uint64_t values[RA_STATISTIC_COUNT];
};

/* Refresh jemalloc's statistics and read them. Any thread. */
void ra_statistics_read(struct ra_statistics *statistics);

/* Slabs and used regions of the first count small classes, as of the last ra_statistics_read. */
void ra_statistics_read_bins(struct ra_bin *bins, unsigned count);

#pragma GCC visibility pop

#endif
