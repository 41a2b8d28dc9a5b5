/*
 * History: the last values of what the overview draws as lines over time. Plain data of
 * fixed size; the oldest value makes way for a new one.
 */
#ifndef RA_TOP_HISTORY_H
#define RA_TOP_HISTORY_H

#include <stddef.h>

#include <ruby_alloc/report.h>

enum ra_series { RA_SERIES_RSS, RA_SERIES_LIVE, RA_SERIES_RATIO, RA_SERIES_RATE, RA_SERIES_COUNT };

enum { RA_HISTORY_MAX = 256 };

/* Zero it before the first value. */
struct ra_history {
    float values[RA_SERIES_COUNT][RA_HISTORY_MAX]; /* NAN: unknown */
    size_t count;                                  /* values ever added to each series */
};

/* Add what a report says; rate: allocations a second, NAN if unknown. */
void ra_history_add(struct ra_history *history, const struct ra_report *report, double rate);

/* Copy the last up to max values, oldest first; returns how many there are. */
size_t ra_history_last(const struct ra_history *history, enum ra_series series, double *values,
                       size_t max);

#endif
