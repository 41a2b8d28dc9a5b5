/*
 * JSON: the report as one object on one line.
 */
#include "top/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <ruby_alloc/reader.h>

#include "top/fields.h"

static json_t *value_of(const struct ra_field *field, const void *record)
{
    switch (field->type) {
    case RA_INT: {
        int64_t value = ra_field_int(field, record);
        return value == RA_UNKNOWN ? json_null() : json_integer(value);
    }
    case RA_REAL: {
        double value = ra_field_real(field, record);
        return isfinite(value) ? json_real(value) : json_null();
    }
    case RA_TEXT: {
        const char *text = ra_field_text(field, record);
        return text ? json_string(text) : json_null();
    }
    case RA_FLAG: {
        int flag = ra_field_flag(field, record);
        return flag < 0 ? json_null() : json_boolean(flag);
    }
    }
    return json_null();
}

json_t *ra_json_record(const struct ra_group *group, const void *record)
{
    json_t *object = json_object();

    for (size_t i = 0; object && i < group->field_count; i++) {
        const struct ra_field *field = &group->fields[i];

        if (json_object_set_new(object, field->name, value_of(field, record)) != 0) {
            json_decref(object);
            object = NULL;
        }
    }
    return object;
}

static json_t *rows_of(const struct ra_group *group, const struct ra_report *report)
{
    size_t count = ra_group_count(group, report);
    json_t *rows = json_array();

    for (size_t i = 0; rows && i < count; i++) {
        const void *record = ra_group_record(group, report, i);

        if (json_array_append_new(rows, ra_json_record(group, record)) != 0) {
            json_decref(rows);
            rows = NULL;
        }
    }
    return rows;
}

json_t *ra_json_parent(const struct ra_group *group, const json_t *report)
{
    return strcmp(group->name, "jemalloc_conf") == 0 ? json_object_get(report, "process")
                                                     : (json_t *)report;
}

json_t *ra_json_report(const struct ra_report *report)
{
    json_t *object = json_object();
    int failed;

    if (!object) {
        return NULL;
    }
    failed = json_object_set_new(object, "schema", json_string(RA_JSON_SCHEMA));
    failed |= json_object_set_new(object, "tool", json_string(RA_TOP_NAME " " RUBY_ALLOC_VERSION));
    failed |= json_object_set_new(object, "time", json_string(report->time));

    for (const struct ra_group *group = ruby_alloc_report_groups; group->name; group++) {
        json_t *value = group->row_bytes ? rows_of(group, report)
                                         : ra_json_record(group, ra_group_record(group, report, 0));
        failed |= json_object_set_new(ra_json_parent(group, object), group->name, value);
    }
    if (failed) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static json_t *text_or_null(const char *text)
{
    return *text != '\0' ? json_string(text) : json_null();
}

json_t *ra_json_pruned(const struct ra_pruned *pruned)
{
    static const char *const actions[] = {
        [RA_PRUNE_REMOVED] = "removed",
        [RA_PRUNE_KEPT] = "kept",
        [RA_PRUNE_FAILED] = "failed",
    };

    return json_pack("{s:s, s:s, s:s, s:i, s:I, s:I, s:o, s:o, s:s, s:o}", "schema",
                     RA_JSON_PRUNE_SCHEMA, "tool", RA_TOP_NAME " " RUBY_ALLOC_VERSION, "action",
                     actions[pruned->action], "pid", (int)pruned->pid, "uid",
                     (json_int_t)pruned->uid, "bytes", (json_int_t)pruned->bytes, "command",
                     text_or_null(pruned->command), "last_seen", text_or_null(pruned->seen), "path",
                     pruned->path, "reason", text_or_null(pruned->reason));
}

int ra_json_write(json_t *object, FILE *stream)
{
    char *text = object ? json_dumps(object, JSON_REAL_PRECISION(10)) : NULL;
    int result = text ? 0 : -1;

    if (text) {
        fprintf(stream, "%s\n", text);
    }
    free(text);
    json_decref(object);
    return result;
}

int ra_json_print(const struct ra_report *report, FILE *stream)
{
    return ra_json_write(ra_json_report(report), stream);
}
