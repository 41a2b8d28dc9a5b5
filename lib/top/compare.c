/*
 * What is compared of two reports, and how rows are matched.
 */
#include "top/compare.h"

#include <stdlib.h>
#include <string.h>

#include <ruby_alloc/buckets.h>

#include "top/fields.h"
#include "top/format.h"

const char *const ra_compare_groups[] = {"memory", "fragmentation", "totals",
                                         "calls",  "glibc",         NULL};

const struct ra_compare_table ra_compare_tables[] = {
    {.group = "classes",
     .title = "classes: most changed live bytes first",
     .keys = {"size"},
     .values = {"live_bytes", "live_objects", "gap_bytes", "slabs", "allocations", "frees"},
     .text_values = 2,
     .estimated_to = -1},
    {.group = "sizes",
     .title = "sizes asked for since the start: most changed bytes first",
     .keys = {"min", "max"},
     .values = {"requested_bytes", "allocations"},
     .text_values = 2,
     .estimated_to = RA_SMALL_MAX},
    {.group = "arenas",
     .title = "arenas: most changed bytes first",
     .keys = {"index"},
     .values = {"allocated", "active", "dirty", "muzzy", "tcache", "threads"},
     .text_values = 2,
     .estimated_to = -1},
    {0},
};

/* Rows of one side, in the order of their keys. */
struct ordered {
    int64_t keys[RA_COMPARE_KEYS];
    const void *record;
};

struct weighed {
    struct ra_compare_row row;
    uint64_t weight;
    size_t number; /* in the order of the keys */
};

static int64_t value_or_nothing(const struct ra_field *field, const void *record, const void *other)
{
    if (record) {
        return ra_field_int(field, record);
    }
    return other && ra_field_int(field, other) == RA_UNKNOWN ? RA_UNKNOWN : 0;
}

struct ra_delta ra_compare_int(const struct ra_field *field, const void *a, const void *b)
{
    struct ra_delta delta = {.a = value_or_nothing(field, a, b),
                             .b = value_or_nothing(field, b, a)};

    delta.difference = ra_format_difference(delta.b, delta.a);
    return delta;
}

struct ra_delta ra_compare_live(const struct ra_report *a, const struct ra_report *b)
{
    return ra_compare_int(ra_field_find(ra_group_find("memory"), "live"), &a->memory, &b->memory);
}

static int compare_keys(const int64_t *a, const int64_t *b)
{
    for (size_t i = 0; i < RA_COMPARE_KEYS; i++) {
        if (a[i] != b[i]) {
            return a[i] < b[i] ? -1 : 1;
        }
    }
    return 0;
}

static int compare_ordered(const void *left, const void *right)
{
    return compare_keys(((const struct ordered *)left)->keys,
                        ((const struct ordered *)right)->keys);
}

/* A file may hold rows in any order. */
static struct ordered *order_rows(const struct ra_compare_table *table,
                                  const struct ra_report *report)
{
    const struct ra_group *group = ra_group_find(table->group);
    size_t count = ra_group_count(group, report);
    struct ordered *rows = calloc(count + 1, sizeof *rows);

    for (size_t i = 0; rows && i < count; i++) {
        rows[i].record = ra_group_record(group, report, i);
        for (size_t key = 0; key < RA_COMPARE_KEYS && table->keys[key]; key++) {
            const struct ra_field *field = ra_field_find(group, table->keys[key]);

            rows[i].keys[key] = ra_field_int(field, rows[i].record);
        }
    }
    if (rows) {
        qsort(rows, count, sizeof *rows, compare_ordered);
    }
    return rows;
}

/* The weight of a difference; an unknown one has none. */
static uint64_t weigh(const struct ra_delta *delta)
{
    if (delta->difference == RA_UNKNOWN) {
        return 0;
    }
    return delta->difference < 0 ? -(uint64_t)delta->difference : (uint64_t)delta->difference;
}

static void add_row(const struct ra_compare_table *table, struct ra_compare_row row,
                    struct weighed *rows, size_t *count)
{
    const struct ra_group *group = ra_group_find(table->group);
    bool differs = false;

    for (size_t i = 0; i < RA_COMPARE_VALUES && table->values[i]; i++) {
        struct ra_delta delta =
            ra_compare_int(ra_field_find(group, table->values[i]), row.a, row.b);

        differs |= weigh(&delta) > 0;
        if (i == 0) {
            rows[*count] = (struct weighed){.row = row, .weight = weigh(&delta), .number = *count};
        }
    }
    *count += differs;
}

static int compare_weighed(const void *left, const void *right)
{
    const struct weighed *a = left, *b = right;

    if (a->weight != b->weight) {
        return a->weight < b->weight ? 1 : -1;
    }
    return a->number < b->number ? -1 : a->number > b->number;
}

/* Both ordered sides, merged. */
static size_t merge(const struct ra_compare_table *table, const struct ordered *a, size_t a_count,
                    const struct ordered *b, size_t b_count, struct weighed *rows)
{
    size_t count = 0, i = 0, j = 0;

    while (i < a_count || j < b_count) {
        int order = i == a_count ? 1 : j == b_count ? -1 : compare_keys(a[i].keys, b[j].keys);
        struct ra_compare_row row = {.a = order <= 0 ? a[i].record : NULL,
                                     .b = order >= 0 ? b[j].record : NULL};

        i += order <= 0;
        j += order >= 0;
        add_row(table, row, rows, &count);
    }
    qsort(rows, count, sizeof *rows, compare_weighed);
    return count;
}

struct ra_compare_row *ra_compare_rows(const struct ra_compare_table *table,
                                       const struct ra_report *a, const struct ra_report *b,
                                       size_t *count)
{
    const struct ra_group *group = ra_group_find(table->group);
    size_t a_count = ra_group_count(group, a), b_count = ra_group_count(group, b);
    struct ordered *a_rows = order_rows(table, a), *b_rows = order_rows(table, b);
    struct weighed *merged = calloc(a_count + b_count + 1, sizeof *merged);
    struct ra_compare_row *rows = calloc(a_count + b_count + 1, sizeof *rows);

    *count = 0;
    if (a_rows && b_rows && merged && rows) {
        *count = merge(table, a_rows, a_count, b_rows, b_count, merged);
        for (size_t i = 0; i < *count; i++) {
            rows[i] = merged[i].row;
        }
    } else {
        free(rows);
        rows = NULL;
    }
    free(a_rows);
    free(b_rows);
    free(merged);
    return rows;
}
