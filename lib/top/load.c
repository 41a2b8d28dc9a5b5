/*
 * Loading reports, by the catalogue: the way back of json.c.
 */
#include "top/load.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/image.h"
#include "reader/text.h"
#include "top/fields.h"
#include "top/json.h"
#include "top/skim.h"

enum {
    ROWS_MAX = RA_IMAGE_SLOT_MAX, /* threads are the longest table */
    ESCAPES_MAX = 1 << 16,        /* bytes by which a text may grow as it is made printable */
    SHORT_BYTES = 1 << 16         /* of such a text the parser says best what is wrong with it */
};

/* A report as it is allocated here: the JSON holds its texts. */
struct loaded {
    struct ra_report report;
    json_t *object;
};

/* The text, fit for a terminal: a report of ours is so already, another's file need not be. */
static const char *load_text(json_t *value)
{
    const char *text = json_string_value(value);
    size_t length = text ? json_string_length(value) : 0;
    size_t capacity = length + (length < ESCAPES_MAX / 3 ? 3 * length : ESCAPES_MAX) + 1;
    char *clean = text ? malloc(capacity) : NULL;

    if (clean) {
        ra_text_clean(clean, capacity, text, length);
        if (strcmp(clean, text) != 0) {
            text = json_string_set(value, clean) == 0 ? json_string_value(value) : NULL;
        }
    }
    text = clean ? text : NULL;
    free(clean);
    return text;
}

/* A value of the type that the field has. False: it is of another. */
static bool load_value(const struct ra_field *field, json_t *value, char *place)
{
    bool is_null = value == NULL || json_is_null(value);
    int64_t integer = is_null ? RA_UNKNOWN : json_integer_value(value);
    double real = is_null ? NAN : json_number_value(value);
    const char *text = load_text(value);
    int flag = is_null ? -1 : json_is_true(value);

    switch (field->type) {
    case RA_INT:
        memcpy(place, &integer, sizeof integer);
        return is_null || json_is_integer(value);
    case RA_REAL:
        memcpy(place, &real, sizeof real);
        return is_null || json_is_number(value);
    case RA_TEXT:
        memcpy(place, &text, sizeof text);
        return is_null || json_is_string(value);
    case RA_FLAG:
        memcpy(place, &flag, sizeof flag);
        return is_null || json_is_boolean(value);
    }
    return false;
}

static int wrong(const char *group, const char *field, char *error, size_t size)
{
    snprintf(error, size, "%s.%s is not of the type that a report has there", group, field);
    return -1;
}

static int load_record(const struct ra_group *group, const json_t *object, char *record,
                       char *error, size_t size)
{
    if (object && !json_is_null(object) && !json_is_object(object)) {
        return wrong(group->name, "*", error, size);
    }
    for (size_t i = 0; i < group->field_count; i++) {
        const struct ra_field *field = &group->fields[i];

        if (!load_value(field, json_object_get(object, field->name), record + field->offset)) {
            return wrong(group->name, field->name, error, size);
        }
    }
    return 0;
}

static int load_rows(const struct ra_group *group, const json_t *array, struct ra_report *report,
                     char *error, size_t size)
{
    size_t count = json_array_size(array);
    char *rows;

    if ((array && !json_is_array(array)) || count > ROWS_MAX) {
        return wrong(group->name, "*", error, size);
    }
    rows = calloc(count + 1, group->row_bytes);
    if (!rows) {
        snprintf(error, size, "not enough memory");
        return -1;
    }
    memcpy((char *)report + group->offset, &rows, sizeof rows);
    memcpy((char *)report + group->count_offset, &count, sizeof count);
    for (size_t i = 0; i < count; i++) {
        if (load_record(group, json_array_get(array, i), rows + i * group->row_bytes, error,
                        size) != 0) {
            return -1;
        }
    }
    return 0;
}

static int load_groups(struct ra_report *report, const json_t *object, char *error, size_t size)
{
    for (const struct ra_group *group = ruby_alloc_report_groups; group->name; group++) {
        const json_t *parent = ra_json_parent(group, object);
        const json_t *value = json_object_get(parent, group->name);
        int result = group->row_bytes > 0
                         ? load_rows(group, value, report, error, size)
                         : load_record(group, value, (char *)report + group->offset, error, size);

        if (result != 0) {
            return -1;
        }
    }
    return 0;
}

/* Another number behind the slash means that names or types have changed. */
static int check_schema(const json_t *object, char *error, size_t size)
{
    const char *schema = json_string_value(json_object_get(object, "schema"));
    char shown[48];

    if (schema && strcmp(schema, RA_JSON_SCHEMA) == 0) {
        return 0;
    }
    schema = schema ? schema : "none";
    ra_text_clean(shown, sizeof shown, schema, strlen(schema));
    snprintf(error, size, "its schema is '%s', not " RA_JSON_SCHEMA, shown);
    return -1;
}

struct ra_report *ra_load_report(json_t *object, char *error, size_t size)
{
    struct loaded *loaded;
    const char *time = json_string_value(json_object_get(object, "time"));

    if (check_schema(object, error, size) != 0) {
        return NULL;
    }
    loaded = calloc(1, sizeof *loaded);
    if (!loaded) {
        snprintf(error, size, "not enough memory");
        return NULL;
    }
    loaded->object = json_incref(object);
    time = time ? time : "";
    ra_text_clean(loaded->report.time, sizeof loaded->report.time, time, strlen(time));
    if (load_groups(&loaded->report, object, error, size) != 0) {
        ra_load_free(&loaded->report);
        return NULL;
    }
    return &loaded->report;
}

/* Whether no more would be built of the text than a report can have; else what is wrong with it. */
static bool is_bearable(const char *text, size_t length, char *error, size_t size)
{
    struct ra_skim skim;
    enum ra_skim_verdict verdict;

    ra_skim_begin(&skim);
    ra_skim_feed(&skim, text, length);
    verdict = ra_skim_end(&skim);
    if (verdict == RA_SKIM_REPORT || length <= SHORT_BYTES) {
        return true;
    }
    ra_skim_describe(&skim, verdict, error, size);
    return false;
}

struct ra_report *ra_load_text(const char *text, size_t length, char *error, size_t size)
{
    json_error_t why;
    struct ra_report *report;
    json_t *object;

    if (!is_bearable(text, length, error, size)) {
        return NULL;
    }
    object = json_loadb(text, length, 0, &why);
    if (!object) {
        snprintf(error, size, "it is not JSON: ");
        ra_text_clean(error + strlen(error), size - strlen(error), why.text, strlen(why.text));
        return NULL;
    }
    report = ra_load_report(object, error, size);
    json_decref(object);
    return report;
}

void ra_load_free(struct ra_report *report)
{
    struct loaded *loaded = (struct loaded *)report;

    if (!loaded) {
        return;
    }
    for (const struct ra_group *group = ruby_alloc_report_groups; group->name; group++) {
        if (group->row_bytes > 0) {
            free((void *)ra_group_record(group, report, 0));
        }
    }
    json_decref(loaded->object);
    free(loaded);
}
