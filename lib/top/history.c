/*
 * History: rings of values.
 */
#include "top/history.h"

#include <math.h>

static double known(int64_t value)
{
    return value == RA_UNKNOWN ? NAN : (double)value;
}

void ra_history_add(struct ra_history *history, const struct ra_report *report, double rate)
{
    const double values[RA_SERIES_COUNT] = {
        [RA_SERIES_RSS] = known(report->memory.rss),
        [RA_SERIES_LIVE] = known(report->memory.live),
        [RA_SERIES_RATIO] = report->fragmentation.ratio,
        [RA_SERIES_RATE] = rate,
    };

    for (size_t i = 0; i < RA_SERIES_COUNT; i++) {
        history->values[i][history->count % RA_HISTORY_MAX] = (float)values[i];
    }
    history->count++;
}

size_t ra_history_last(const struct ra_history *history, enum ra_series series, double *values,
                       size_t max)
{
    size_t kept = history->count < RA_HISTORY_MAX ? history->count : RA_HISTORY_MAX;
    size_t count = kept < max ? kept : max;

    for (size_t i = 0; i < count; i++) {
        values[i] = history->values[series][(history->count - count + i) % RA_HISTORY_MAX];
    }
    return count;
}
