/*
 * Clones of reports. The copy is made bytewise first; then each text and each table in
 * it is replaced by one of its own, so that at any time it can be freed as it stands.
 */
#include "top/clone.h"

#include <stdlib.h>
#include <string.h>

#include "top/fields.h"

/* Its texts replaced by copies; by none where there was no memory. */
static bool copy_texts(const struct ra_group *group, void *record)
{
    bool good = true;

    for (size_t i = 0; i < group->field_count; i++) {
        const struct ra_field *field = &group->fields[i];
        const char *text = field->type == RA_TEXT ? ra_field_text(field, record) : NULL;
        char *copy = text ? strdup(text) : NULL;

        if (text) {
            memcpy((char *)record + field->offset, &copy, sizeof copy);
            good &= copy != NULL;
        }
    }
    return good;
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

/* The table replaced by its first count rows. */
static bool copy_table(const struct ra_group *group, struct ra_report *clone, size_t count)
{
    char *rows = count > 0 ? calloc(count, group->row_bytes) : NULL;
    bool good = count == 0 || rows;

    if (rows) {
        memcpy(rows, ra_group_record(group, clone, 0), count * group->row_bytes);
    }
    set_table(group, clone, rows, rows ? count : 0);
    for (size_t i = 0; rows && i < count; i++) {
        good &= copy_texts(group, rows + i * group->row_bytes);
    }
    return good;
}

struct ra_report *ra_clone_report(const struct ra_report *report, bool with_tables)
{
    struct ra_report *clone = malloc(sizeof *clone);
    bool good = true;

    if (!clone) {
        return NULL;
    }
    *clone = *report;
    for (const struct ra_group *group = ruby_alloc_report_groups; group->name; group++) {
        good &= group->row_bytes == 0
                    ? copy_texts(group, (char *)clone + group->offset)
                    : copy_table(group, clone, with_tables ? ra_group_count(group, report) : 0);
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
