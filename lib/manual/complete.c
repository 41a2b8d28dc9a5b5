/*
 * Completions: what the three shells have in common.
 */
#include "manual/manual.h"

#include <string.h>

#include "top/excerpt.h"
#include "top/fields.h"

enum ra_manual_kind ra_manual_kind(const struct ra_option *option)
{
    if (!option->argument) {
        return RA_TAKES_NOTHING;
    }
    if (strcmp(option->argument, "FILE") == 0) {
        return RA_TAKES_FILE;
    }
    switch (option->id) {
    case RA_OPTION_VIEW:
    case RA_OPTION_HELP:
        return RA_TAKES_WORD;
    case RA_OPTION_SORT:
        return RA_TAKES_FIELD;
    case RA_OPTION_FIELDS:
        return RA_TAKES_FIELDS;
    case RA_OPTION_USER:
        return RA_TAKES_USER;
    default:
        return RA_TAKES_ANY;
    }
}

static void put_views(const char *end, FILE *stream)
{
    for (const struct ra_view *view = ra_views; view->name; view++) {
        fprintf(stream, "%s%s", view->name, end);
    }
    fprintf(stream, "help%s", end);
}

void ra_manual_fields(const struct ra_view *view, const char *end, FILE *stream)
{
    const struct ra_group *group = view && view->table ? ra_group_find(view->table->group) : NULL;

    for (size_t i = 0; group && i < group->field_count; i++) {
        fprintf(stream, "%s%s", group->fields[i].name, end);
    }
    for (size_t i = 0; !view && i < ra_table_list.column_count; i++) {
        fprintf(stream, "%s%s", ra_excerpt_list_name(i).text, end);
    }
}

void ra_manual_words(const struct ra_option *option, const char *end, FILE *stream)
{
    if (option->id == RA_OPTION_VIEW) {
        put_views(end, stream);
    } else {
        fprintf(stream, "metrics%s", end);
    }
}

/* The first line and what belongs to its sentence, without the finer points. */
struct ra_manual_brief ra_manual_brief(const struct ra_option *option)
{
    struct ra_manual_brief brief = {""};
    size_t length = strcspn(option->help, ";");
    const char *finer = strstr(option->help, " (");

    if (finer && (size_t)(finer - option->help) < length) {
        length = (size_t)(finer - option->help);
    }
    if (length >= sizeof brief.text) {
        length = sizeof brief.text - 1;
    }
    memcpy(brief.text, option->help, length);
    while (length > 0 && brief.text[length - 1] <= ' ') {
        brief.text[--length] = '\0';
    }
    for (char *c = brief.text; *c; c++) {
        if (*c == '\n') {
            *c = ' ';
        }
    }
    return brief;
}
