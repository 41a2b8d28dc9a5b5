/*
 * A series: what many reports of one process come to over time, in as many columns as a
 * chart can show. Up to RA_SERIES_COLUMNS reports have a column each; of more, each column
 * stands for an equal part of the time, and shows the one of its reports whose RSS is the
 * largest, so that no peak is lost and every number is one that was reported.
 *
 * Example:
 *     struct ra_series *series = ra_series_new(first_ms, last_ms, count);
 *     for (...)
 *         ra_series_add(series, report, time_ms);
 *     draw(series->columns, series->count);
 *     ra_series_free(series);
 *
 * Reports are hostile input: any number may stand in any place.
 */
#ifndef RA_TOP_SERIES_H
#define RA_TOP_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ruby_alloc/report.h>

enum {
    RA_SERIES_COLUMNS = 480,
    RA_SERIES_SIZES_MAX = 4096, /* more than a region has buckets; others aren't counted */
    RA_LAYERS = 9
};

/* A part of RSS. All of them add up to it, or to more where jemalloc holds untouched pages. */
struct ra_layer {
    const char *group; /* NULL: rss less rss_anon */
    const char *name;
    const char *help; /* NULL: the field's */
};

extern const struct ra_layer ra_layers[RA_LAYERS];

/* Its bytes in a report, RA_UNKNOWN included, and what it means. */
int64_t ra_layer_bytes(const struct ra_layer *layer, const struct ra_report *report);
const char *ra_layer_help(const struct ra_layer *layer);

struct ra_series_column {
    int64_t time_ms;           /* of the report that it shows, since 1970 */
    int64_t end_ms;            /* of its last report */
    int64_t layers[RA_LAYERS]; /* bytes; RA_UNKNOWN included */
    int64_t rss, live;
    double seconds; /* in which the allocations were made that fall into it; 0: none known */
};

/* Allocations of a bucket of requested sizes. */
struct ra_series_size {
    int64_t min, max;
    int64_t before; /* in the report before */
    double total;
    double made[RA_SERIES_COLUMNS]; /* in each column */
};

struct ra_series {
    int64_t first_ms, last_ms;
    bool is_binned;
    size_t reports; /* added so far */
    struct ra_series_column columns[RA_SERIES_COLUMNS];
    size_t count;
    struct ra_series_size **sizes; /* ascending */
    size_t size_count, size_room;
    struct ra_series_column first, last; /* as if each were a column */
    struct ra_series_column measured;    /* the last whose RSS is known; with reports, but none
                                            such, its rss is RA_UNKNOWN */
    int64_t peak_rss;                    /* RA_UNKNOWN likewise */
};

/* A report as if it were a column of its own. */
struct ra_series_column ra_series_column(const struct ra_report *report, int64_t time_ms);

/* For count reports from first_ms to last_ms; NULL without memory. */
struct ra_series *ra_series_new(int64_t first_ms, int64_t last_ms, size_t count);

/*
 * The next report, which isn't needed afterwards. Time goes forward alone: an earlier one
 * counts as that of the report before. Returns false without memory.
 */
bool ra_series_add(struct ra_series *series, const struct ra_report *report, int64_t time_ms);

/* NULL is allowed. */
void ra_series_free(struct ra_series *series);

#endif
