/*
 * --compare as JSON.
 */
#include "top/compare.h"

#include <math.h>
#include <stdlib.h>

#include <ruby_alloc/version.h>

#include "top/fields.h"
#include "top/json.h"

static json_t *integer(int64_t value)
{
    return value == RA_UNKNOWN ? json_null() : json_integer(value);
}

static json_t *real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *delta_of(const struct ra_field *field, const void *a, const void *b)
{
    if (field->type == RA_REAL) {
        double before = ra_field_real(field, a), after = ra_field_real(field, b);

        return json_pack("{s:o, s:o, s:o}", "a", real(before), "b", real(after), "difference",
                         real(after - before));
    }

    struct ra_delta delta = ra_compare_int(field, a, b);

    return json_pack("{s:o, s:o, s:o}", "a", integer(delta.a), "b", integer(delta.b), "difference",
                     integer(delta.difference));
}

/* Amounts and ratios; not times, settings and texts. */
static bool is_compared(const struct ra_field *field)
{
    if (field->type == RA_INT) {
        return field->unit == RA_UNIT_BYTES || field->unit == RA_UNIT_COUNT;
    }
    return field->type == RA_REAL && (field->unit == RA_UNIT_NONE || field->unit == RA_UNIT_SHARE);
}

static json_t *group_of(const struct ra_group *group, const struct ra_report *a,
                        const struct ra_report *b)
{
    const void *before = ra_group_record(group, a, 0), *after = ra_group_record(group, b, 0);
    json_t *object = json_object();
    int failed = 0;

    for (size_t i = 0; i < group->field_count; i++) {
        const struct ra_field *field = &group->fields[i];

        if (is_compared(field)) {
            failed |= json_object_set_new(object, field->name, delta_of(field, before, after));
        }
    }
    if (failed) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static json_t *row_of(const struct ra_compare_table *table, const struct ra_compare_row *row)
{
    const struct ra_group *group = ra_group_find(table->group);
    json_t *object = json_object();
    int failed = 0;

    for (size_t i = 0; i < RA_COMPARE_KEYS && table->keys[i]; i++) {
        const struct ra_field *field = ra_field_find(group, table->keys[i]);
        int64_t key = ra_field_int(field, row->a ? row->a : row->b);

        failed |= json_object_set_new(object, field->name, integer(key));
    }
    for (size_t i = 0; i < RA_COMPARE_VALUES && table->values[i]; i++) {
        const struct ra_field *field = ra_field_find(group, table->values[i]);

        failed |= json_object_set_new(object, field->name, delta_of(field, row->a, row->b));
    }
    if (failed) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static json_t *rows_of(const struct ra_compare_table *table, const struct ra_report *a,
                       const struct ra_report *b)
{
    size_t count;
    struct ra_compare_row *rows = ra_compare_rows(table, a, b, &count);
    json_t *array = rows ? json_array() : NULL;
    int failed = 0;

    for (size_t i = 0; rows && i < count; i++) {
        failed |= json_array_append_new(array, row_of(table, &rows[i]));
    }
    free(rows);
    if (failed) {
        json_decref(array);
        return NULL;
    }
    return array;
}

static json_t *side_of(const struct ra_compare_side *side)
{
    bool is_file = side->source != NULL;

    return json_pack("{s:s?, s:o, s:o, s:s, s:o}", "source", side->source, "report",
                     is_file ? json_integer((json_int_t)side->number) : json_null(), "reports",
                     is_file ? json_integer((json_int_t)side->of) : json_null(), "time",
                     side->report->time, "process",
                     ra_json_record(ra_group_find("process"), &side->report->process));
}

static json_t *limit_of(const struct ra_report *a, const struct ra_report *b, int64_t limit)
{
    int64_t grown = ra_compare_live(a, b).difference;

    if (limit < 0) {
        return json_null();
    }
    return json_pack("{s:I, s:o}", "limit", (json_int_t)limit, "exceeded",
                     grown == RA_UNKNOWN ? json_null() : json_boolean(grown > limit));
}

json_t *ra_compare_json(const struct ra_compare_side *a, const struct ra_compare_side *b,
                        int64_t limit)
{
    json_t *object = json_pack("{s:s, s:s, s:o, s:o, s:o}", "schema", RA_COMPARE_SCHEMA, "tool",
                               RA_TOP_NAME " " RUBY_ALLOC_VERSION, "a", side_of(a), "b", side_of(b),
                               "fail_over", limit_of(a->report, b->report, limit));
    int failed = object == NULL;

    for (size_t i = 0; ra_compare_groups[i]; i++) {
        const struct ra_group *group = ra_group_find(ra_compare_groups[i]);

        failed |= json_object_set_new(object, group->name, group_of(group, a->report, b->report));
    }
    for (const struct ra_compare_table *table = ra_compare_tables; table->group; table++) {
        failed |= json_object_set_new(object, table->group, rows_of(table, a->report, b->report));
    }
    if (failed) {
        json_decref(object);
        return NULL;
    }
    return object;
}
