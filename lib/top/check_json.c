/*
 * --check as JSON, made by going through the catalogue.
 */
#include "top/check.h"

#include <string.h>

#include "top/fields.h"
#include "top/json.h"

/* A row with one field is told as that field's value alone. */
static json_t *row_of(const struct ra_group *group, const void *record)
{
    json_t *row = ra_json_record(group, record);
    json_t *value;

    if (!row || group->field_count > 1) {
        return row;
    }
    value = json_incref(json_object_get(row, group->fields[0].name));
    json_decref(row);
    return value;
}

static json_t *rows_of(const struct ra_group *group, const struct ra_examination *seen)
{
    const void *from = seen;
    size_t count = ra_group_count(group, from);
    json_t *rows = json_array();

    for (size_t i = 0; rows && i < count; i++) {
        if (json_array_append_new(rows, row_of(group, ra_group_record(group, from, i))) != 0) {
            json_decref(rows);
            rows = NULL;
        }
    }
    return rows;
}

static json_t *group_of(const struct ra_group *group, const struct ra_examination *seen)
{
    const void *from = seen;

    if (strcmp(group->name, "glibc") == 0 && !seen->is_glibc) {
        return json_null();
    }
    return group->row_bytes ? rows_of(group, seen)
                            : ra_json_record(group, ra_group_record(group, from, 0));
}

json_t *ra_check_json(const struct ra_examination *seen)
{
    json_t *object = json_object();
    int failed;

    if (!object) {
        return NULL;
    }
    failed = json_object_set_new(object, "schema", json_string(RA_JSON_CHECK_SCHEMA));
    failed |= json_object_set_new(object, "tool", json_string(RA_TOP_NAME " " RUBY_ALLOC_VERSION));
    failed |= json_object_set_new(object, "time", json_string(seen->time));
    for (const struct ra_examine_group *each = ruby_alloc_examine_groups; each->group.name;
         each++) {
        const char *owner = each->owner;

        if (owner) {
            json_t *parent = *owner ? json_object_get(object, owner) : object;
            failed |= json_object_set_new(parent, each->group.name, group_of(&each->group, seen));
        }
    }
    if (failed) {
        json_decref(object);
        return NULL;
    }
    return object;
}
