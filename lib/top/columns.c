/*
 * Tables as lines: the one way in which rows are laid out. Columns that don't fit
 * the page's width are left out from the right.
 */
#include "top/columns.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "top/fields.h"

static const char *column_title(const struct ra_column *column)
{
    return column->title ? column->title : column->field;
}

/* How many of the table's columns fit into width; the first always does. */
static size_t fitting_columns(const struct ra_table *table, int width)
{
    size_t count = 0;

    while (count < table->column_count) {
        const struct ra_column *column = &table->columns[count];

        width -= column->last ? (int)strlen(column_title(column)) + 2 : column->width;
        if (width < 0 && count > 0) {
            break;
        }
        count++;
    }
    return count;
}

/* One column's text at the end of line; numbers are never cut, they push the rest aside. */
static void put_cell(FILE *line, const struct ra_column *column, const char *text)
{
    char fitted[256];
    int used;

    if (column->last) {
        fprintf(line, "  %s", text);
        return;
    }
    used = ra_format_fit(fitted, sizeof fitted, text, column->left ? column->width - 2 : INT_MAX);
    if (column->left) {
        fprintf(line, "  %s%*s", fitted, column->width - 2 - used, "");
    } else {
        int space = column->width - used;
        fprintf(line, "%*s%s", space > 1 ? space : 1, "", fitted);
    }
}

static void put_value(FILE *line, const struct ra_table *table, const struct ra_column *column,
                      const void *row)
{
    const struct ra_group *group = ra_group_find(column->group ? column->group : table->group);
    const struct ra_field *field = ra_field_find(group, column->field);
    const void *record = column->group ? ra_group_record(group, row, 0) : row;

    if (column->cell) {
        put_cell(line, column, column->cell(row).text);
    } else if (column->last && field->type == RA_TEXT) {
        const char *text = ra_field_text(field, record);
        put_cell(line, column, text ? text : "-");
    } else {
        put_cell(line, column, ra_format_value(field, record).text);
    }
}

/* A line of the table: of row, or the column heads where row is NULL. */
static void draw_line(const struct ra_table *table, const void *row, struct ra_page *page)
{
    size_t count = fitting_columns(table, page->width);
    char *text = NULL;
    size_t size = 0;
    FILE *line = open_memstream(&text, &size);

    if (!line) {
        page->failed = true;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (row) {
            put_value(line, table, &table->columns[i], row);
        } else {
            put_cell(line, &table->columns[i], column_title(&table->columns[i]));
        }
    }
    if (fclose(line) == 0) {
        ra_page_add(page, row ? RA_PLAIN : RA_HEADING, "%s", text);
    } else {
        page->failed = true;
    }
    free(text);
}

size_t ra_table_rows(const struct ra_table *table, const struct ra_report *report)
{
    return ra_group_count(ra_group_find(table->group), report);
}

static void draw_rows(const struct ra_table *table, const void *const *rows, size_t count,
                      size_t shown, struct ra_page *page)
{
    size_t *order = ra_table_order(table, rows, count);

    if (!order) {
        page->failed = true;
        return;
    }
    draw_line(table, NULL, page);
    for (size_t i = 0; i < shown && i < count; i++) {
        draw_line(table, rows[order[i]], page);
    }
    free(order);
}

static void draw_title(const struct ra_table *table, size_t shown, size_t count,
                       struct ra_page *page)
{
    char title[128];

    if (table->by) {
        snprintf(title, sizeof title, "%s: by %s%s", table->group, table->by->field,
                 table->reverse ? ", the other way round" : "");
    } else {
        snprintf(title, sizeof title, "%s", table->title);
    }
    if (shown < count) {
        ra_page_add(page, RA_STRONG, "%s (%zu of %zu)", title, shown, count);
    } else {
        ra_page_add(page, RA_STRONG, "%s (%zu)", title, count);
    }
}

void ra_table_draw(const struct ra_table *table, const struct ra_report *report, size_t rows,
                   struct ra_page *page)
{
    const struct ra_group *group = ra_group_find(table->group);
    size_t count = ra_group_count(group, report);
    const void **records = calloc(count ? count : 1, sizeof *records);

    if (!records) {
        page->failed = true;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        records[i] = ra_group_record(group, report, i);
    }
    draw_title(table, rows, count, page);
    draw_rows(table, records, count, rows, page);
    free(records);
}

void ra_list_draw(const struct ra_table *table, const struct ra_report *const *reports,
                  size_t count, size_t rows, struct ra_page *page)
{
    draw_rows(table, (const void *const *)reports, count, rows, page);
}

void ra_list_draw_head(struct ra_page *page)
{
    draw_line(&ra_table_list, NULL, page);
}

void ra_list_draw_row(const struct ra_report *report, struct ra_page *page)
{
    draw_line(&ra_table_list, report, page);
}
