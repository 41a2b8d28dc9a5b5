/*
 * CSV, made by going through the catalogue.
 */
#include "top/csv.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "top/excerpt.h"
#include "top/fields.h"
#include "top/option_parts.h"
#include "top/views.h"

/* A value of the table's row, or of a group that occurs once. */
struct csv_column {
    const struct ra_group *group;
    const struct ra_field *field;
};

struct ra_csv {
    const struct ra_group *rows; /* the table; NULL: a row for each report */
    bool is_list;
    struct ra_table chosen; /* its order */
    size_t limit;
    struct csv_column *columns;
    size_t count;
};

/* Views that draw a part of a group in words. */
static const char *group_of_view(const char *view)
{
    static const char *const drawn[][2] = {
        {"identity", "process"}, {"command", "process"},       {"versions", "process"},
        {"times", "process"},    {"verdict", "fragmentation"}, {"more_memory", "memory"},
    };

    for (size_t i = 0; i < sizeof drawn / sizeof *drawn; i++) {
        if (strcmp(drawn[i][0], view) == 0) {
            return drawn[i][1];
        }
    }
    return view;
}

static void add_column(struct ra_csv *csv, const struct ra_group *group,
                       const struct ra_field *field)
{
    csv->columns[csv->count++] = (struct csv_column){.group = group, .field = field};
}

static void add_group(struct ra_csv *csv, const struct ra_group *group)
{
    for (size_t i = 0; i < group->field_count; i++) {
        add_column(csv, group, &group->fields[i]);
    }
}

/* Those that --fields names. */
static int add_chosen(struct ra_csv *csv, char *error, size_t size)
{
    for (size_t i = 0; i < csv->chosen.column_count; i++) {
        const struct ra_column *column = &csv->chosen.columns[i];
        const struct ra_group *group =
            ra_group_find(column->group ? column->group : csv->chosen.group);

        if (group->row_bytes > 0 && group != csv->rows) {
            return ra_option_fail(error, size,
                                  "--csv has no field '%s' in the list: it counts rows of a table",
                                  column->title ? column->title : column->field);
        }
        add_column(csv, group, ra_field_find(group, column->field));
    }
    return 0;
}

/* At most all fields there are, and those that --fields names, each as often as it likes. */
static bool make_room(struct ra_csv *csv)
{
    size_t room = csv->chosen.column_count + 1;

    for (const struct ra_group *group = ruby_alloc_report_groups; group->name; group++) {
        room += group->field_count;
    }
    csv->columns = calloc(room, sizeof *csv->columns);
    return csv->columns != NULL;
}

static int choose(struct ra_csv *csv, const struct ra_excerpt *excerpt, bool list, char *error,
                  size_t size)
{
    const struct ra_view *view = excerpt->view ? ra_view_find(excerpt->view) : NULL;
    const struct ra_table *table = list ? &ra_table_list : view ? view->table : NULL;
    const struct ra_group *process = ra_group_find("process");
    const struct ra_group *group = view ? ra_group_find(group_of_view(view->name)) : NULL;

    if (view && !group && !table) {
        return ra_option_fail(error, size, "--csv has no view '%.60s': it isn't made of values",
                              excerpt->view);
    }
    if (table && ra_excerpt_apply(excerpt, table, &csv->chosen, error, size) != 0) {
        return -1;
    }
    if (!make_room(csv)) {
        return ra_option_fail(error, size, "not enough memory");
    }
    group = table && !list ? ra_group_find(table->group) : group;
    csv->rows = group && group->row_bytes > 0 ? group : NULL;
    if (group && group != process) {
        add_column(csv, process, ra_field_find(process, "pid"));
    }
    if (excerpt->fields) {
        return add_chosen(csv, error, size);
    }
    for (const struct ra_group *each = ruby_alloc_report_groups; each->name; each++) {
        if (group ? each == group : each->row_bytes == 0) {
            add_group(csv, each);
        }
    }
    return 0;
}

struct ra_csv *ra_csv_new(const struct ra_excerpt *excerpt, bool list, char *error, size_t size)
{
    struct ra_csv *csv = calloc(1, sizeof *csv);

    if (!csv) {
        ra_option_fail(error, size, "not enough memory");
        return NULL;
    }
    csv->is_list = list;
    csv->limit = ra_excerpt_rows(excerpt, SIZE_MAX);
    if (choose(csv, excerpt, list, error, size) != 0) {
        ra_csv_free(csv);
        return NULL;
    }
    return csv;
}

void ra_csv_free(struct ra_csv *csv)
{
    if (csv) {
        ra_excerpt_release(&csv->chosen);
        free(csv->columns);
        free(csv);
    }
}

/* Nothing between two commas is unknown; an empty text has its quotes. */
static void put_text(FILE *stream, const char *text)
{
    if (*text && !strpbrk(text, ",\"\r\n") && *text != ' ' && text[strlen(text) - 1] != ' ') {
        fputs(text, stream);
        return;
    }
    fputc('"', stream);
    for (; *text; text++) {
        if (*text == '"') {
            fputc('"', stream);
        }
        fputc(*text, stream);
    }
    fputc('"', stream);
}

/* As in the JSON; LC_NUMERIC is never set (main.c). */
static void put_value(FILE *stream, const struct ra_field *field, const void *record)
{
    switch (field->type) {
    case RA_INT:
        if (ra_field_int(field, record) != RA_UNKNOWN) {
            fprintf(stream, "%" PRId64, ra_field_int(field, record));
        }
        return;
    case RA_REAL:
        if (isfinite(ra_field_real(field, record))) {
            fprintf(stream, "%.10g", ra_field_real(field, record));
        }
        return;
    case RA_TEXT:
        if (ra_field_text(field, record)) {
            put_text(stream, ra_field_text(field, record));
        }
        return;
    case RA_FLAG:
        if (ra_field_flag(field, record) >= 0) {
            fputs(ra_field_flag(field, record) ? "true" : "false", stream);
        }
        return;
    }
}

void ra_csv_print_head(const struct ra_csv *csv, FILE *stream)
{
    fputs("time", stream);
    for (size_t i = 0; i < csv->count; i++) {
        fprintf(stream, ",%s.%s", csv->columns[i].group->name, csv->columns[i].field->name);
    }
    fputc('\n', stream);
}

static void print_row(const struct ra_csv *csv, const struct ra_report *report, const void *row,
                      FILE *stream)
{
    put_text(stream, report->time);
    for (size_t i = 0; i < csv->count; i++) {
        const struct csv_column *column = &csv->columns[i];
        const void *record =
            column->group == csv->rows ? row : ra_group_record(column->group, report, 0);

        fputc(',', stream);
        put_value(stream, column->field, record);
    }
    fputc('\n', stream);
}

/* A table that isn't shown as one (advice) keeps its order, and so do reports of one process. */
static size_t *order_of(const struct ra_csv *csv, const void *const *rows, size_t count)
{
    size_t *order;

    if (csv->chosen.columns && (csv->rows || csv->is_list)) {
        return ra_table_order(&csv->chosen, rows, count);
    }
    order = calloc(count + 1, sizeof *order);
    for (size_t i = 0; order && i < count; i++) {
        order[i] = i;
    }
    return order;
}

static int print_rows(const struct ra_csv *csv, const struct ra_report *report, FILE *stream)
{
    size_t count = ra_group_count(csv->rows, report);
    const void **rows = calloc(count + 1, sizeof *rows);
    size_t *order = NULL;
    int result = -1;

    for (size_t i = 0; rows && i < count; i++) {
        rows[i] = ra_group_record(csv->rows, report, i);
    }
    order = rows ? order_of(csv, rows, count) : NULL;
    if (order) {
        for (size_t i = 0; i < count && i < csv->limit; i++) {
            print_row(csv, report, rows[order[i]], stream);
        }
        result = 0;
    }
    free(order);
    free(rows);
    return result;
}

int ra_csv_print(const struct ra_csv *csv, const struct ra_report *report, FILE *stream)
{
    if (csv->rows) {
        return print_rows(csv, report, stream);
    }
    print_row(csv, report, NULL, stream);
    return 0;
}

static bool print_all(const struct ra_csv *csv, const struct ra_report *const *reports,
                      size_t count, bool head, FILE *stream)
{
    size_t *order = csv->rows ? NULL : order_of(csv, (const void *const *)reports, count);
    bool complete = csv->rows || order;

    if (head) {
        ra_csv_print_head(csv, stream);
    }
    for (size_t i = 0; complete && i < count && (csv->rows || i < csv->limit); i++) {
        complete = ra_csv_print(csv, reports[order ? order[i] : i], stream) == 0;
    }
    free(order);
    return complete;
}

enum ra_output ra_csv_output(const struct ra_csv *csv, const struct ra_report *const *reports,
                             size_t count, bool head)
{
    struct ra_draft draft;

    if (!ra_draft_begin(&draft)) {
        return RA_OUTPUT_FAILED;
    }
    return ra_draft_finish(&draft, print_all(csv, reports, count, head, draft.stream));
}
