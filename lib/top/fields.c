/*
 * Access to a report's values by the catalogue.
 */
#include "top/fields.h"

#include <math.h>
#include <string.h>

const struct ra_group *ra_group_find(const char *name)
{
    for (const struct ra_group *group = ruby_alloc_report_groups; group->name; group++) {
        if (strcmp(group->name, name) == 0) {
            return group;
        }
    }
    return NULL;
}

const struct ra_field *ra_field_find(const struct ra_group *group, const char *name)
{
    for (size_t i = 0; group && i < group->field_count; i++) {
        if (strcmp(group->fields[i].name, name) == 0) {
            return &group->fields[i];
        }
    }
    return NULL;
}

size_t ra_group_count(const struct ra_group *group, const struct ra_report *report)
{
    size_t count = 1;

    if (group->row_bytes > 0) {
        memcpy(&count, (const char *)report + group->count_offset, sizeof count);
    }
    return count;
}

const void *ra_group_record(const struct ra_group *group, const struct ra_report *report,
                            size_t index)
{
    const char *place = (const char *)report + group->offset;
    const char *rows;

    if (group->row_bytes == 0) {
        return place;
    }
    memcpy(&rows, place, sizeof rows);
    return rows ? rows + index * group->row_bytes : NULL;
}

int64_t ra_field_int(const struct ra_field *field, const void *record)
{
    int64_t value;

    memcpy(&value, (const char *)record + field->offset, sizeof value);
    return value;
}

double ra_field_real(const struct ra_field *field, const void *record)
{
    double value;

    memcpy(&value, (const char *)record + field->offset, sizeof value);
    return value;
}

const char *ra_field_text(const struct ra_field *field, const void *record)
{
    const char *value;

    memcpy(&value, (const char *)record + field->offset, sizeof value);
    return value;
}

int ra_field_flag(const struct ra_field *field, const void *record)
{
    int value;

    memcpy(&value, (const char *)record + field->offset, sizeof value);
    return value;
}

double ra_field_rank(const struct ra_field *field, const void *record)
{
    double value = -INFINITY;

    if (field->type == RA_INT) {
        int64_t number = ra_field_int(field, record);
        value = number == RA_UNKNOWN ? -INFINITY : (double)number;
    } else if (field->type == RA_REAL) {
        value = ra_field_real(field, record);
    }
    return isnan(value) ? -INFINITY : value;
}

int64_t ra_field_live_threads(const struct ra_report *report)
{
    int64_t count = 0;

    for (size_t i = 0; i < report->threads_count; i++) {
        const char *state = report->threads[i].state;

        count += state && strcmp(state, "live") == 0;
    }
    return count;
}
