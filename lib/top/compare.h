/*
 * Comparing two reports, A and B: for each value what it was, what it is, and the
 * difference; for each table the rows of both side by side, matched by their keys, so that
 * the class tables of two jemallocs may differ.
 *
 * The difference is RA_UNKNOWN (NAN) where a value is. A row that only one report has
 * counts 0 in the other: nothing of that size was ever allocated there.
 */
#ifndef RA_TOP_COMPARE_H
#define RA_TOP_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>
#include <ruby_alloc/report.h>

#include "top/page.h"

#define RA_COMPARE_SCHEMA "ruby_alloc.compare/1"

enum { RA_COMPARE_KEYS = 2, RA_COMPARE_VALUES = 6 };

/* A table that is compared. Names are of fields; fewer than there is room for end with NULL. */
struct ra_compare_table {
    const char *group;
    const char *title;
    const char *keys[RA_COMPARE_KEYS];
    const char *values[RA_COMPARE_VALUES]; /* the first is what rows are sorted by */
    size_t text_values;                    /* how many of them are shown in text */
    int64_t estimated_to; /* rows whose last key is up to this: the first value is an estimate */
};

/* Ends with a NULL group. */
extern const struct ra_compare_table ra_compare_tables[];

/* Groups that occur once and are compared; ends with NULL. */
extern const char *const ra_compare_groups[];

struct ra_delta {
    int64_t a, b, difference;
};

/* Rows of the report that belong together; NULL: missing on that side. */
struct ra_compare_row {
    const void *a, *b;
};

/* One side of the comparison. */
struct ra_compare_side {
    const struct ra_report *report;
    const char *source; /* the file; NULL: the process itself */
    size_t number, of;  /* of the report in the file, from 1, and how many there are */
};

/* A value of type RA_INT in both records, either of which may be NULL. */
struct ra_delta ra_compare_int(const struct ra_field *field, const void *a, const void *b);

/* Live memory, which a leak makes grow. */
struct ra_delta ra_compare_live(const struct ra_report *a, const struct ra_report *b);

/*
 * The rows of a table in which one of its values differs, largest difference of the first
 * value first, whatever its sign. Returns an array of *count rows, to be freed with free;
 * NULL without memory.
 */
struct ra_compare_row *ra_compare_rows(const struct ra_compare_table *table,
                                       const struct ra_report *a, const struct ra_report *b,
                                       size_t *count);

/* The comparison as text of at most page->width columns. */
void ra_compare_draw(const struct ra_compare_side *a, const struct ra_compare_side *b,
                     struct ra_page *page);

/*
 * The same as JSON (a new reference); NULL without memory. Its keys:
 *
 *   schema      RA_COMPARE_SCHEMA
 *   tool        name and version
 *   a, b        source (the file; null: the process itself), report, reports (number of the
 *               report in the file and how many there are; null likewise), time, process
 *   fail_over   null where limit is -1; else limit, and exceeded (null: live memory isn't known)
 *   memory, ... ra_compare_groups, their amounts and ratios: name: {a, b, difference}
 *   classes, .. ra_compare_tables, the rows that differ: the keys, and name: {a, b, difference}
 */
json_t *ra_compare_json(const struct ra_compare_side *a, const struct ra_compare_side *b,
                        int64_t limit);

#endif
