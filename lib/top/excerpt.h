/*
 * Excerpt: what of a report to print, and how: --view, and --sort, --fields and --limit over the
 * tables of tables.c. Names are the catalogue's; in the list of processes those of its
 * columns (rss), or any value of a report (memory.pss).
 *
 * Example:
 *     struct ra_table chosen;
 *     if (ra_excerpt_apply(&excerpt, &ra_table_classes, &chosen, error, sizeof error) == 0) {
 *         ra_table_draw(&chosen, report, SIZE_MAX, &page);
 *         ra_excerpt_release(&chosen);
 *     }
 */
#ifndef RA_TOP_EXCERPT_H
#define RA_TOP_EXCERPT_H

#include <stdio.h>

#include "top/columns.h"
#include "top/output.h"

/*
 * Make chosen from table; its columns are to be freed with ra_excerpt_release, and excerpt's
 * texts aren't needed any more.
 *
 * Returns 0; or -1 and one line in error that says which name isn't there (or: no memory).
 */
int ra_excerpt_apply(const struct ra_excerpt *excerpt, const struct ra_table *table,
                     struct ra_table *chosen, char *error, size_t size);
void ra_excerpt_release(struct ra_table *chosen);

/* Whether it can be done: 0; or -1 and a line in error. list: of the processes. */
int ra_excerpt_check(const struct ra_excerpt *excerpt, bool list, char *error, size_t size);

/* The rows to show of a table, where normal is what it shows otherwise. */
size_t ra_excerpt_rows(const struct ra_excerpt *excerpt, size_t normal);

/* Write the chosen view of a report as text (ra_excerpt_check has passed). */
enum ra_output ra_excerpt_print(const struct ra_excerpt *excerpt, const struct ra_report *report);

/* The name of a column of ra_table_list, by its index: its title in small letters. */
struct ra_cell ra_excerpt_list_name(size_t column);

/* --view help: the views, and the fields of those that are tables. */
void ra_excerpt_print_views(FILE *stream);

#endif
