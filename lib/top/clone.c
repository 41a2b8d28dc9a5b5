/*
 * Clones of reports. The copy is made bytewise first; then each text and each table in
 * it is replaced by one of its own, so that at any time it can be freed as it stands.
 */
#include "top/clone.h"

#include <stdlib.h>
#include <string.h>

#include "top/fields.h"

static char *text_place(const struct ra_field *field, void *record)
{
    return (char *)record + field->offset;
}

/* Texts of a record are none from here on. */
static void forget_texts(const struct ra_group *group, void *record)
{
    const char *none = NULL;

    for (size_t i = 0; i < group->field_count; i++) {
        if (group->fields[i].type == RA_TEXT) {
            memcpy(text_place(&group->fields[i], record), &none, sizeof none);
        }
    }
}

static bool copy_texts(const struct ra_group *group, void *record, const void *from)
{
    for (size_t i = 0; i < group->field_count; i++) {
        const struct ra_field *field = &group->fields[i];
        const char *text = field->type == RA_TEXT ? ra_field_text(field, from) : NULL;
        char *copy = text ? strdup(text) : NULL;

        if (text && !copy) {
            return false;
        }
        if (copy) {
            memcpy(text_place(field, record), &copy, sizeof copy);
        }
    }
    return true;
}

static void free_texts(const struct ra_group *group, const void *record)
{
    for (size_t i = 0; i < group->field_count; i++) {
        if (group->fields[i].type == RA_TEXT) {
            free((char *)ra_field_text(&group->fields[i], record));
        }
    }
}

static void set_table(const struct ra_group *group, struct ra_report *report, char *rows,
                      size_t count)
{
    memcpy((char *)report + group->offset, &rows, sizeof rows);
    memcpy((char *)report + group->count_offset, &count, sizeof count);
}

static bool copy_table(const struct ra_group *group, struct ra_report *clone,
                       const struct ra_report *report)
{
    size_t count = ra_group_count(group, report);
    char *rows = count > 0 ? calloc(count, group->row_bytes) : NULL;
    bool good = true;

    if (count > 0 && !rows) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        memcpy(rows + i * group->row_bytes, ra_group_record(group, report, i), group->row_bytes);
        forget_texts(group, rows + i * group->row_bytes);
    }
    set_table(group, clone, rows, count);
    for (size_t i = 0; good && i < count; i++) {
        good = copy_texts(group, rows + i * group->row_bytes, ra_group_record(group, report, i));
    }
    return good;
}

struct ra_report *ra_clone_report(const struct ra_report *report, bool with_tables)
{
    struct ra_report *clone = malloc(sizeof *clone);
    bool good = clone != NULL;

    if (!clone) {
        return NULL;
    }
    *clone = *report;
    for (const struct ra_group *group = ruby_alloc_report_groups; group->name; group++) {
        if (group->row_bytes > 0) {
            set_table(group, clone, NULL, 0);
        } else {
            forget_texts(group, (char *)clone + group->offset);
        }
    }
    for (const struct ra_group *group = ruby_alloc_report_groups; good && group->name; group++) {
        if (group->row_bytes == 0) {
            good =
                copy_texts(group, (char *)clone + group->offset, ra_group_record(group, report, 0));
        } else if (with_tables) {
            good = copy_table(group, clone, report);
        }
    }
    if (!good) {
        ra_clone_free(clone);
        return NULL;
    }
    return clone;
}

void ra_clone_free(struct ra_report *clone)
{
    if (!clone) {
        return;
    }
    for (const struct ra_group *group = ruby_alloc_report_groups; group->name; group++) {
        for (size_t i = 0; i < ra_group_count(group, clone); i++) {
            free_texts(group, ra_group_record(group, clone, i));
        }
        if (group->row_bytes > 0 && ra_group_count(group, clone) > 0) {
            free((void *)ra_group_record(group, clone, 0));
        }
    }
    free(clone);
}
