/*
 * The tables: which columns they have, the most telling first, and the cells whose
 * format is not simply that of their field.
 */
#include "top/columns.h"

#include <ruby_alloc/buckets.h>

#include "top/fields.h"

static struct ra_cell cell_min(const void *row)
{
    return ra_format_size(((const struct ra_report_size *)row)->min);
}

static struct ra_cell cell_max(const void *row)
{
    return ra_format_size(((const struct ra_report_size *)row)->max);
}

static struct ra_cell cell_size_class(const void *row)
{
    return ra_format_size(((const struct ra_report_size *)row)->class);
}

static struct ra_cell cell_class_size(const void *row)
{
    return ra_format_size(((const struct ra_report_class *)row)->size);
}

/* Small buckets count each request as their largest size: an upper bound. */
static struct ra_cell cell_requested(const void *row)
{
    const struct ra_report_size *size = row;
    struct ra_cell bytes = ra_format_bytes(size->requested_bytes), cell = bytes;

    if (size->requested_bytes != RA_UNKNOWN && size->max <= RA_SMALL_MAX) {
        snprintf(cell.text, sizeof cell.text, "~%.60s", bytes.text);
    }
    return cell;
}

static struct ra_cell cell_user(const void *report)
{
    return ra_format_user(((const struct ra_report *)report)->process.uid);
}

static struct ra_cell cell_thread_count(const void *report)
{
    return ra_format_count(ra_field_live_threads(report));
}

static double rank_thread_count(const void *report)
{
    return (double)ra_field_live_threads(report);
}

static const struct ra_column size_columns[] = {
    {.field = "min", .width = 8, .cell = cell_min},
    {.field = "max", .width = 8, .cell = cell_max},
    {.field = "class", .width = 8, .cell = cell_size_class},
    {.field = "allocations", .width = 13},
    {.field = "share", .width = 8},
    {.field = "allocation_rate", .width = 17},
    {.field = "requested_bytes", .width = 17, .cell = cell_requested},
};

static const struct ra_column class_columns[] = {
    {.field = "size", .width = 8, .cell = cell_class_size},
    {.field = "live_objects", .width = 14},
    {.field = "live_bytes", .width = 12},
    {.field = "utilization", .width = 13},
    {.field = "gap_bytes", .width = 11},
    {.field = "slabs", .width = 8},
    {.field = "allocations", .width = 13},
    {.field = "allocation_rate", .width = 17},
    {.field = "frees", .width = 13},
    {.field = "free_rate", .width = 13},
    {.field = "slab_regions", .width = 14},
};

static const struct ra_column thread_columns[] = {
    {.field = "tid", .width = 8},
    {.field = "allocations", .width = 13},
    {.field = "frees", .width = 13},
    {.field = "allocation_rate", .width = 17},
    {.field = "state", .width = 10, .left = true},
    {.field = "name", .left = true, .last = true},
};

static const struct ra_column arena_columns[] = {
    {.field = "index", .width = 8},      {.field = "threads", .width = 9},
    {.field = "allocated", .width = 12}, {.field = "active", .width = 12},
    {.field = "dirty", .width = 12},     {.field = "muzzy", .width = 12},
    {.field = "tcache", .width = 12},
};

static const struct ra_column setting_columns[] = {
    {.field = "key", .width = 24, .left = true},
    {.field = "given", .width = 14, .left = true},
    {.field = "effective", .width = 14, .left = true},
    {.field = "state", .width = 13, .left = true},
    {.field = "source", .left = true, .last = true},
};

static const struct ra_column list_columns[] = {
    {.title = "PID", .group = "process", .field = "pid", .width = 7},
    {.title = "USER",
     .group = "process",
     .field = "uid",
     .width = 10,
     .left = true,
     .cell = cell_user},
    {.title = "STATE", .group = "process", .field = "state", .width = 9, .left = true},
    {.title = "UPTIME", .group = "process", .field = "uptime", .width = 7},
    {.title = "RSS", .group = "memory", .field = "rss", .width = 10},
    {.title = "LIVE", .group = "memory", .field = "live", .width = 10},
    {.title = "RATIO", .group = "fragmentation", .field = "ratio", .width = 6},
    {.title = "THREADS",
     .group = "threads",
     .field = "state",
     .width = 8,
     .cell = cell_thread_count,
     .rank = rank_thread_count},
    {.title = "COMMAND", .group = "process", .field = "command", .left = true, .last = true},
};

#define COLUMNS_OF(table) .columns = table, .column_count = sizeof table / sizeof *table

const struct ra_table ra_table_sizes = {.group = "sizes",
                                        .title = "sizes: hottest first, by allocations",
                                        .sort = "allocations",
                                        COLUMNS_OF(size_columns)};
const struct ra_table ra_table_classes = {.group = "classes",
                                          .title = "classes: most live bytes first",
                                          .sort = "live_bytes",
                                          COLUMNS_OF(class_columns)};
const struct ra_table ra_table_threads = {.group = "threads",
                                          .title = "threads: most allocations first",
                                          .sort = "allocations",
                                          COLUMNS_OF(thread_columns)};
const struct ra_table ra_table_arenas = {
    .group = "arenas", .title = "arenas: by number", COLUMNS_OF(arena_columns)};
const struct ra_table ra_table_settings = {
    .group = "settings", .title = "settings: what jemalloc was told", COLUMNS_OF(setting_columns)};
const struct ra_table ra_table_list = {.group = "process", COLUMNS_OF(list_columns)};
