/*
 * Field grids: tables of one report as grids, with the columns that its text has; and
 * groups of single values, a row each. Numbers are totals, rates or growth.
 */
#ifndef RA_TOP_FIELD_GRID_H
#define RA_TOP_FIELD_GRID_H

#include <ruby_alloc/report.h>

#include "top/columns.h"
#include "top/grid.h"
#include "top/ui.h"

enum { RA_FIELD_GROUPS_MAX = 4 };

/* The context of such a grid; to live as long as it. */
struct ra_field_grid {
    const struct ra_ui *ui;
    const struct ra_report *report;
    const struct ra_report *from; /* what differences are counted from; NULL: none */
    double seconds;               /* what they are divided by; 0: they are growth */

    const struct ra_table *table; /* NULL: groups */
    const struct ra_group *groups[RA_FIELD_GROUPS_MAX];
    size_t group_count;
    struct ra_grid_column columns[RA_GRID_COLUMNS_MAX];
};

/* The report and what it is compared with, as the mode says; table and groups are the caller's. */
void ra_field_grid_begin(struct ra_field_grid *fields, const struct ra_ui *ui);

/* A grid over fields->table. */
struct ra_grid ra_field_grid_table(struct ra_field_grid *fields);

/* A grid over all fields of fields->groups. */
struct ra_grid ra_field_grid_groups(struct ra_field_grid *fields);

#endif
