/*
 * Series: reports gathered into columns.
 */
#include "top/series.h"

#include <stdlib.h>
#include <string.h>

#include "reader/grow.h"
#include "top/chain.h"
#include "top/fields.h"

const struct ra_layer ra_layers[RA_LAYERS] = {
    {"memory", "requested", NULL},
    {"fragmentation", "rounding", NULL},
    {"fragmentation", "thread_cache", NULL},
    {"fragmentation", "stranded", NULL},
    {"fragmentation", "slab_gaps", NULL},
    {"fragmentation", "dirty", NULL},
    {"fragmentation", "metadata", NULL},
    {"fragmentation", "other", NULL},
    {NULL, "files", "rss - rss_anon: code and files"},
};

int64_t ra_layer_bytes(const struct ra_layer *layer, const struct ra_report *report)
{
    if (layer->group) {
        const struct ra_group *group = ra_group_find(layer->group);

        return ra_field_int(ra_field_find(group, layer->name), ra_group_record(group, report, 0));
    }
    return ra_chain_files(report);
}

const char *ra_layer_help(const struct ra_layer *layer)
{
    return layer->help ? layer->help
                       : ra_field_find(ra_group_find(layer->group), layer->name)->help;
}

struct ra_series *ra_series_new(int64_t first_ms, int64_t last_ms, size_t count)
{
    struct ra_series *series = calloc(1, sizeof *series);

    if (series) {
        series->first_ms = first_ms;
        series->last_ms = last_ms > first_ms ? last_ms : first_ms;
        series->is_binned = count > RA_SERIES_COLUMNS;
        series->peak_rss = RA_UNKNOWN;
    }
    return series;
}

void ra_series_free(struct ra_series *series)
{
    if (series) {
        for (size_t i = 0; i < series->size_count; i++) {
            free(series->sizes[i]);
        }
        free(series->sizes);
        free(series);
    }
}

static size_t bin_of(const struct ra_series *series, int64_t time_ms)
{
    double span = (double)series->last_ms - (double)series->first_ms + 1;
    double at = ((double)time_ms - (double)series->first_ms) / span * RA_SERIES_COLUMNS;

    return at < 0 ? 0 : at >= RA_SERIES_COLUMNS ? RA_SERIES_COLUMNS - 1 : (size_t)at;
}

struct ra_series_column ra_series_column(const struct ra_report *report, int64_t time_ms)
{
    struct ra_series_column column = {.time_ms = time_ms,
                                      .end_ms = time_ms,
                                      .rss = report->memory.rss,
                                      .live = report->memory.live};

    for (size_t i = 0; i < RA_LAYERS; i++) {
        column.layers[i] = ra_layer_bytes(&ra_layers[i], report);
    }
    return column;
}

/* The report's column, which is a new one or the last. */
static struct ra_series_column *put_column(struct ra_series *series,
                                           const struct ra_series_column *next)
{
    struct ra_series_column *column = &series->columns[series->count];
    double seconds;

    if (series->count > 0 && (series->count == RA_SERIES_COLUMNS ||
                              (series->is_binned && bin_of(series, series->last.end_ms) ==
                                                        bin_of(series, next->time_ms)))) {
        column--;
        seconds = column->seconds;
        if (next->rss > column->rss) {
            *column = *next;
        }
        column->seconds = seconds;
        column->end_ms = next->end_ms;
        return column;
    }
    *column = *next;
    series->count++;
    return column;
}

/* Where the bucket is, or belongs. */
static size_t find_size(const struct ra_series *series, int64_t min, int64_t max)
{
    size_t low = 0, high = series->size_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct ra_series_size *size = series->sizes[middle];

        if (size->min < min || (size->min == min && size->max < max)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* A new bucket at its place; NULL without memory. */
static struct ra_series_size *make_size(struct ra_series *series, size_t at, int64_t min,
                                        int64_t max)
{
    struct ra_series_size **sizes =
        ra_grown(series->sizes, &series->size_room, series->size_count, sizeof *sizes, 128);
    struct ra_series_size *size;

    if (!sizes) {
        return NULL;
    }
    series->sizes = sizes;
    size = calloc(1, sizeof *size);
    if (size) {
        size->min = min;
        size->max = max;
        memmove(series->sizes + at + 1, series->sizes + at,
                (series->size_count - at) * sizeof *series->sizes);
        series->sizes[at] = size;
        series->size_count++;
    }
    return size;
}

/* A count that went down began anew, as after an exec. */
static bool count_sizes(struct ra_series *series, const struct ra_report *report)
{
    for (size_t i = 0; i < report->sizes_count; i++) {
        const struct ra_report_size *row = &report->sizes[i];
        size_t at = find_size(series, row->min, row->max);
        struct ra_series_size *size = at < series->size_count ? series->sizes[at] : NULL;
        bool is_there = size && size->min == row->min && size->max == row->max;
        double made;

        if (row->min == RA_UNKNOWN || row->max == RA_UNKNOWN || row->allocations < 0 ||
            (!is_there && series->size_count == RA_SERIES_SIZES_MAX)) {
            continue;
        }
        size = is_there ? size : make_size(series, at, row->min, row->max);
        if (!size) {
            return false;
        }
        made = row->allocations >= size->before ? (double)row->allocations - (double)size->before
                                                : (double)row->allocations;
        size->before = row->allocations;
        if (series->reports > 0) {
            size->made[series->count - 1] += made;
            size->total += made;
        }
    }
    return true;
}

bool ra_series_add(struct ra_series *series, const struct ra_report *report, int64_t time_ms)
{
    bool is_first = series->reports == 0;
    int64_t before = is_first ? series->first_ms : series->last.end_ms;
    int64_t time = time_ms < before            ? before
                   : time_ms > series->last_ms ? series->last_ms
                                               : time_ms;
    struct ra_series_column next = ra_series_column(report, time);
    struct ra_series_column *column = put_column(series, &next);

    if (!is_first) {
        column->seconds += ((double)time - (double)before) / 1000;
    } else {
        series->first = next;
    }
    series->last = next;
    if (is_first || next.rss != RA_UNKNOWN) {
        series->measured = next;
    }
    if (next.rss > series->peak_rss) {
        series->peak_rss = next.rss;
    }
    if (!count_sizes(series, report)) {
        return false;
    }
    series->reports++;
    return true;
}
