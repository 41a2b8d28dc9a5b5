/*
 * Excerpt: what of a report to print.
 */
#include "top/excerpt.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "top/fields.h"
#include "top/option_parts.h"
#include "top/views.h"

/* Of columns that no table has: room for any number, and for most texts. */
enum { NUMBER_WIDTH = 12, TEXT_WIDTH = 24, NAME_BYTES = 64, PAGE_WIDTH = 80 };

static const struct ra_column *find_column(const struct ra_table *table, const char *name)
{
    for (size_t i = 0; i < table->column_count; i++) {
        const struct ra_column *column = &table->columns[i];

        if (column->title ? strcasecmp(column->title, name) == 0
                          : strcmp(column->field, name) == 0) {
            return column;
        }
    }
    return NULL;
}

/* The field that name means where no column shows it; in the list its group, too. */
static const struct ra_field *find_field(const struct ra_table *table, const char *name,
                                         const struct ra_group **group)
{
    char start[NAME_BYTES];
    const char *dot = strchr(name, '.');

    if (table != &ra_table_list) {
        return ra_field_find(ra_group_find(table->group), name);
    }
    if (!dot || (size_t)(dot - name) >= sizeof start) {
        return NULL;
    }
    memcpy(start, name, (size_t)(dot - name));
    start[dot - name] = '\0';
    *group = ra_group_find(start);
    return *group && (*group)->row_bytes == 0 ? ra_field_find(*group, dot + 1) : NULL;
}

/* The column for name: the table's own, or one made from the field. False: there is neither. */
static bool make_column(const struct ra_table *table, const char *name, struct ra_column *column)
{
    const struct ra_column *own = find_column(table, name);
    const struct ra_group *group = NULL;
    const struct ra_field *field = own ? NULL : find_field(table, name, &group);

    if (own) {
        *column = *own;
    } else if (field) {
        int title = (int)strlen(field->name) + 2;
        int width = field->type == RA_TEXT ? TEXT_WIDTH : NUMBER_WIDTH;

        *column = (struct ra_column){.field = field->name,
                                     .group = group ? group->name : NULL,
                                     .width = title > width ? title : width,
                                     .left = field->type == RA_TEXT};
    }
    return own || field;
}

static int no_field(const struct ra_table *table, const char *name, char *error, size_t size)
{
    return ra_option_fail(error, size, "no field '%.60s' in %s; --view help lists them", name,
                          table == &ra_table_list ? "the list of processes" : table->group);
}

/* Of the columns chosen, a text may take the rest of the line at the end only. */
static void fit_texts(struct ra_column *columns, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool at_end = i + 1 == count;

        if (columns[i].last && !at_end) {
            columns[i].width = TEXT_WIDTH;
        }
        columns[i].last = at_end && columns[i].left && !columns[i].cell;
    }
}

static int choose_columns(const struct ra_excerpt *excerpt, const struct ra_table *table,
                          struct ra_column *columns, size_t *count, char *error, size_t size)
{
    char *names = strdup(excerpt->fields), *rest = names;
    int result = names ? 0 : ra_option_fail(error, size, "not enough memory");

    for (char *name; result == 0 && (name = strsep(&rest, ",")) != NULL;) {
        if (make_column(table, name, &columns[*count])) {
            (*count)++;
        } else {
            result = no_field(table, name, error, size);
        }
    }
    fit_texts(columns, *count);
    free(names);
    return result;
}

static size_t count_names(const char *fields)
{
    size_t count = 1;

    for (const char *c = fields; *c; c++) {
        count += *c == ',';
    }
    return count;
}

/* The column to sort by need not be one that is shown. */
static int choose_sort(const struct ra_excerpt *excerpt, const struct ra_table *table,
                       struct ra_table *chosen, struct ra_column *by, char *error, size_t size)
{
    const char *name = excerpt->sort + (excerpt->sort[0] == '-');

    if (!make_column(table, name, by)) {
        return no_field(table, name, error, size);
    }
    chosen->by = by;
    chosen->reverse = excerpt->sort[0] == '-';
    return 0;
}

int ra_excerpt_apply(const struct ra_excerpt *excerpt, const struct ra_table *table,
                     struct ra_table *chosen, char *error, size_t size)
{
    size_t room = excerpt->fields ? count_names(excerpt->fields) : table->column_count;
    struct ra_column *columns = calloc(room + 1, sizeof *columns);
    int result = 0;

    *chosen = *table;
    chosen->columns = columns;
    if (!columns) {
        return ra_option_fail(error, size, "not enough memory");
    }
    if (excerpt->fields) {
        chosen->column_count = 0;
        result = choose_columns(excerpt, table, columns, &chosen->column_count, error, size);
    } else {
        memcpy(columns, table->columns, room * sizeof *columns);
    }
    if (result == 0 && excerpt->sort) {
        result = choose_sort(excerpt, table, chosen, &columns[room], error, size);
    }
    if (result != 0) {
        ra_excerpt_release(chosen);
    }
    return result;
}

void ra_excerpt_release(struct ra_table *chosen)
{
    free((void *)chosen->columns);
    chosen->columns = NULL;
    chosen->column_count = 0;
}

size_t ra_excerpt_rows(const struct ra_excerpt *excerpt, size_t normal)
{
    return excerpt->limit > 0 ? (size_t)excerpt->limit : normal;
}

int ra_excerpt_check(const struct ra_excerpt *excerpt, bool list, char *error, size_t size)
{
    const struct ra_view *view = excerpt->view ? ra_view_find(excerpt->view) : NULL;
    const struct ra_table *table = list ? &ra_table_list : view ? view->table : NULL;
    struct ra_table chosen;

    if (excerpt->view && !view) {
        return ra_option_fail(error, size, "no view '%.60s'; --view help lists them",
                              excerpt->view);
    }
    if (!excerpt->sort && !excerpt->fields && excerpt->limit == 0) {
        return 0;
    }
    if (!table) {
        return ra_option_fail(error, size,
                              "--sort, --fields and --limit need a --view that is a table, "
                              "or no PID");
    }
    if (ra_excerpt_apply(excerpt, table, &chosen, error, size) != 0) {
        return -1;
    }
    ra_excerpt_release(&chosen);
    return 0;
}

/* A table shows all its columns, and as many rows as there are. */
static enum ra_output print_table(const struct ra_excerpt *excerpt, const struct ra_table *table,
                                  const struct ra_report *report)
{
    struct ra_page page = {.width = INT_MAX};
    struct ra_table chosen;
    enum ra_output output;
    char error[128];

    if (ra_excerpt_apply(excerpt, table, &chosen, error, sizeof error) != 0) {
        ra_output_message("%s", error);
        return RA_OUTPUT_FAILED;
    }
    ra_table_draw(&chosen, report, ra_excerpt_rows(excerpt, SIZE_MAX), &page);
    output = ra_output_lines(&page);
    ra_page_clear(&page);
    ra_excerpt_release(&chosen);
    return output;
}

enum ra_output ra_excerpt_print(const struct ra_excerpt *excerpt, const struct ra_report *report)
{
    const struct ra_view *view = ra_view_find(excerpt->view);
    struct ra_page page = {.width = PAGE_WIDTH};
    enum ra_output output;

    if (view->table) {
        return print_table(excerpt, view->table, report);
    }
    ra_view_draw(view, report, 0, &page);
    output = ra_output_page(&page);
    ra_page_clear(&page);
    return output;
}

static void print_fields(FILE *stream, const struct ra_group *group)
{
    int column = 0;

    for (size_t i = 0; i < group->field_count; i++) {
        int length = (int)strlen(group->fields[i].name) + 1;

        if (column == 0 || column + length > PAGE_WIDTH) {
            fprintf(stream, "%s%16s", column ? "\n" : "", "");
            column = 16;
        }
        fprintf(stream, " %s", group->fields[i].name);
        column += length;
    }
    fputc('\n', stream);
}

struct ra_cell ra_excerpt_list_name(size_t column)
{
    struct ra_cell name;
    char *c = name.text;

    snprintf(name.text, sizeof name.text, "%s", ra_table_list.columns[column].title);
    for (; *c; c++) {
        *c = (char)tolower((unsigned char)*c);
    }
    return name;
}

void ra_excerpt_print_views(FILE *stream)
{
    fputs("Views, for --view; of tables the fields, for --sort and --fields:\n", stream);
    for (const struct ra_view *view = ra_views; view->name; view++) {
        fprintf(stream, "  %-14s %s\n", view->name, view->help);
        if (view->table) {
            print_fields(stream, ra_group_find(view->table->group));
        }
    }
    fputs("\nThe list of processes, without a PID:\n                ", stream);
    for (size_t i = 0; i < ra_table_list.column_count; i++) {
        fprintf(stream, " %s", ra_excerpt_list_name(i).text);
    }
    fprintf(stream, "\n%17sand any single value, as in memory.pss: see --help metrics\n", "");
}
