/*
 * Access to a report's values by the catalogue (ruby_alloc_report_groups): groups
 * and fields by name, rows by number. A record is the struct that a field's offset
 * counts from: a group's struct, or one row of a table.
 *
 * No function fails but by returning NULL for a name that isn't there.
 */
#ifndef RA_TOP_FIELDS_H
#define RA_TOP_FIELDS_H

#include <stddef.h>
#include <stdint.h>

#include <ruby_alloc/report.h>

/* The tool's name and version are said in several outputs. */
#define RA_TOP_NAME "ruby_alloc_top"

const struct ra_group *ra_group_find(const char *name);
const struct ra_field *ra_field_find(const struct ra_group *group, const char *name);

/* The number of rows; 1 for a group that occurs once. */
size_t ra_group_count(const struct ra_group *group, const struct ra_report *report);

/* Row index of a table, or the struct of a group that occurs once (index 0). NULL: no table. */
const void *ra_group_record(const struct ra_group *group, const struct ra_report *report,
                            size_t index);

/* The field's value; its type must be the one in the function's name. */
int64_t ra_field_int(const struct ra_field *field, const void *record);
double ra_field_real(const struct ra_field *field, const void *record);
const char *ra_field_text(const struct ra_field *field, const void *record);
int ra_field_flag(const struct ra_field *field, const void *record);

/* The threads that live, which no field says. */
int64_t ra_field_live_threads(const struct ra_report *report);

/* A number of either type for sorting; what can't be known is below all others. */
double ra_field_rank(const struct ra_field *field, const void *record);

#endif
