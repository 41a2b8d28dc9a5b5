/*
 * Columns and tables: how rows of a report are laid out, for text and screen
 * alike. A column shows one field of the catalogue, which gives it its unit and
 * its title; only what differs from that is said in the column.
 */
#ifndef RA_TOP_COLUMNS_H
#define RA_TOP_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

#include <ruby_alloc/report.h>

#include "top/format.h"
#include "top/page.h"

struct ra_column {
    const char *title; /* NULL: the field's name */
    const char *group; /* NULL: the table's */
    const char *field;
    int width; /* with the space before it; at least the title's, if 0 */
    bool left; /* aligned to the left */
    bool last; /* takes the rest of the line, as text of any length */
    /* Instead of the field's own format; gets the row, or the whole report in the list. */
    struct ra_cell (*cell)(const void *row);
    double (*rank)(const void *row); /* to sort by, where the field's value isn't it; likewise */
};

struct ra_table {
    const char *group;
    const char *title;
    const char *sort; /* the field to sort by, largest first; NULL: as they come */
    const struct ra_column *columns;
    size_t column_count;
    const struct ra_column *by; /* sorted by this instead, as a user chose; NULL: by sort */
    bool reverse;               /* smallest first */
};

/* What a user chose to see, and how (--view, --sort, --fields, --limit); all zero: nothing. */
struct ra_excerpt {
    const char *view;   /* a name in ra_views */
    const char *sort;   /* a field; with '-' before it the other way round */
    const char *fields; /* with commas between them, in the order to show */
    int64_t limit;      /* rows at most; 0: not given */
};

extern const struct ra_table ra_table_sizes, ra_table_classes, ra_table_threads, ra_table_arenas,
    ra_table_settings, ra_table_list;

/* The number of rows that the report has for a table. */
size_t ra_table_rows(const struct ra_table *table, const struct ra_report *report);

/* Title, column heads and at most rows rows of one report's table. */
void ra_table_draw(const struct ra_table *table, const struct ra_report *report, size_t rows,
                   struct ra_page *page);

/*
 * The order in which to show count rows (of ra_table_list: reports): their indexes, to be
 * freed by the caller; NULL without memory.
 */
size_t *ra_table_order(const struct ra_table *table, const void *const *rows, size_t count);

/* The list of processes: column heads and a line for each report. */
void ra_list_draw_head(struct ra_page *page);
void ra_list_draw_row(const struct ra_report *report, struct ra_page *page);

/* The same of a table that was made from ra_table_list. */
void ra_list_draw(const struct ra_table *table, const struct ra_report *const *reports,
                  size_t count, size_t rows, struct ra_page *page);

#endif
