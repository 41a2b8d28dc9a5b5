/*
 * The order of a table's rows: numbers largest first, texts by the alphabet, what isn't
 * known last; equal ones as they come.
 */
#include "top/columns.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "top/fields.h"

struct ranked {
    double rank;
    const char *text;
    size_t index;
    bool reverse;
};

/* The row's value: a text, or NULL and a number in rank (-INFINITY: unknown). */
static const char *rank_of(const struct ra_table *table, const struct ra_column *column,
                           const void *row, double *rank)
{
    const struct ra_group *group = ra_group_find(column->group ? column->group : table->group);
    const struct ra_field *field = ra_field_find(group, column->field);
    const void *record = column->group ? ra_group_record(group, row, 0) : row;

    *rank = -INFINITY;
    if (column->rank) {
        *rank = column->rank(row);
    } else if (field->type == RA_TEXT) {
        return ra_field_text(field, record);
    } else if (field->type == RA_FLAG) {
        int flag = ra_field_flag(field, record);
        *rank = flag < 0 ? -INFINITY : flag;
    } else {
        *rank = ra_field_rank(field, record);
    }
    return NULL;
}

/* Above 0: b before a. The unknown stays last also where the order is reversed. */
static int compare_values(const struct ranked *a, const struct ranked *b)
{
    int order;

    if (a->text || b->text) {
        if (!a->text || !b->text) {
            return a->text ? -1 : 1;
        }
        order = strcmp(a->text, b->text);
    } else if (a->rank == b->rank) {
        return 0;
    } else if (isinf(a->rank) || isinf(b->rank)) {
        return a->rank > b->rank ? -1 : 1;
    } else {
        order = a->rank < b->rank ? 1 : -1;
    }
    return a->reverse ? -order : order;
}

static int compare_ranked(const void *left, const void *right)
{
    const struct ranked *a = left, *b = right;
    int order = compare_values(a, b);

    return order != 0 ? order : (a->index > b->index) - (a->index < b->index);
}

size_t *ra_table_order(const struct ra_table *table, const void *const *rows, size_t count)
{
    const struct ra_column own = {.field = table->sort};
    const struct ra_column *by = table->by ? table->by : table->sort ? &own : NULL;
    struct ranked *ranked = calloc(count ? count : 1, sizeof *ranked);
    size_t *order = calloc(count ? count : 1, sizeof *order);

    if (!ranked || !order) {
        free(ranked);
        free(order);
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        ranked[i].index = i;
        ranked[i].reverse = table->reverse;
        if (by) {
            ranked[i].text = rank_of(table, by, rows[i], &ranked[i].rank);
        }
    }
    qsort(ranked, count, sizeof *ranked, compare_ranked);
    for (size_t i = 0; i < count; i++) {
        order[i] = ranked[i].index;
    }
    free(ranked);
    return order;
}
