/*
 * The catalogue on the page: every table and every group that occurs once, so that what
 * is added to the catalogue appears here by itself.
 */
#include "top/html_parts.h"

#include <stdlib.h>
#include <string.h>

#include "top/fields.h"
#include "top/format.h"
#include "top/html_text.h"
#include "top/views.h"

enum { BAR_WIDTH = 100 };

static bool is_sizes(const struct ra_field *field)
{
    return field->unit == RA_UNIT_BYTES &&
           (strcmp(field->name, "size") == 0 || strcmp(field->name, "min") == 0 ||
            strcmp(field->name, "max") == 0 || strcmp(field->name, "class") == 0);
}

static const char *alignment(const struct ra_field *field)
{
    return field->type == RA_TEXT || field->type == RA_FLAG ? " class=\"text\"" : "";
}

/* Used places and free ones of a class. */
static void put_utilization(double share, FILE *stream)
{
    double used = share < 0 ? 0 : share > 1 ? 1 : share;

    if (share == share) {
        fprintf(stream,
                "<svg class=\"use\" viewBox=\"0 0 %d 1\" preserveAspectRatio=\"none\" "
                "aria-hidden=\"true\"><rect class=\"c3\" width=\"%d\" height=\"1\"/>"
                "<rect class=\"c0\" width=\"%.1f\" height=\"1\"/></svg> ",
                BAR_WIDTH, BAR_WIDTH, used * BAR_WIDTH);
    }
}

static void put_cell(const struct ra_field *field, const void *record, FILE *stream)
{
    fprintf(stream, "<td%s>", alignment(field));
    if (field->unit == RA_UNIT_SHARE && strcmp(field->name, "utilization") == 0) {
        put_utilization(ra_field_real(field, record), stream);
    }
    if (is_sizes(field) && ra_field_int(field, record) != RA_UNKNOWN) {
        int64_t size = ra_field_int(field, record);

        fprintf(stream, "<data value=\"%lld\">%s</data>", (long long)size,
                ra_format_size(size).text);
    } else {
        ra_html_value(stream, field, record);
    }
    fputs("</td>", stream);
}

static void put_head(const struct ra_group *group, FILE *stream)
{
    fputs("<thead><tr>", stream);
    for (size_t i = 0; i < group->field_count; i++) {
        const struct ra_field *field = &group->fields[i];

        fprintf(stream, "<th scope=\"col\"%s title=\"", alignment(field));
        ra_html_text(stream, field->help);
        fprintf(stream, "\">%s</th>", field->name);
    }
    fputs("</tr></thead>\n", stream);
}

/*
 * The rows of a long table that stay off paper: all but those that the report as text has.
 * To be freed by the caller; NULL: none, or without memory.
 */
static bool *find_rest(const struct ra_view *view, const struct ra_group *group,
                       const struct ra_report *report)
{
    size_t count = ra_group_count(group, report), *order = NULL;
    const void **rows = NULL;
    bool *rest = NULL;

    if (!view || !view->table || count <= view->text_rows) {
        return NULL;
    }
    rows = calloc(count, sizeof *rows);
    for (size_t i = 0; rows && i < count; i++) {
        rows[i] = ra_group_record(group, report, i);
    }
    order = rows ? ra_table_order(view->table, rows, count) : NULL;
    rest = order ? calloc(count, sizeof *rest) : NULL;
    for (size_t i = view->text_rows; rest && i < count; i++) {
        rest[order[i]] = true;
    }
    free(order);
    free(rows);
    return rest;
}

/* On paper alone. The script says which rows they are after it sorted them. */
static void put_paper_note(const struct ra_view *view, size_t count, FILE *stream)
{
    fprintf(stream,
            "<p class=\"paper\">On paper %zu of the %zu rows: the first <span>%s%s</span>.</p>\n",
            view->text_rows, count, view->table->sort ? "by " : "as they come",
            view->table->sort ? view->table->sort : "");
}

static void put_rows(const struct ra_group *group, const struct ra_report *report, const bool *rest,
                     FILE *stream)
{
    fputs("<tbody>\n", stream);
    for (size_t i = 0; i < ra_group_count(group, report); i++) {
        fputs(rest && rest[i] ? "<tr class=\"rest\">" : "<tr>", stream);
        for (size_t j = 0; j < group->field_count; j++) {
            put_cell(&group->fields[j], ra_group_record(group, report, i), stream);
        }
        fputs("</tr>\n", stream);
    }
    fputs("</tbody>\n", stream);
}

static void put_table(const struct ra_group *group, const struct ra_report *report, FILE *stream)
{
    size_t count = ra_group_count(group, report);
    const struct ra_view *view = ra_view_find(group->name);
    bool *rest = find_rest(view, group, report);

    fprintf(stream,
            "<section aria-labelledby=\"%s-title\">\n<details open=\"open\">\n<summary>"
            "<h2 id=\"%s-title\">%s</h2> (%zu)</summary>\n",
            group->name, group->name, group->name, count);
    if (rest) {
        put_paper_note(view, count, stream);
    }
    fprintf(stream,
            "<div class=\"scroll tall\" role=\"region\" aria-labelledby=\"%s-title\" "
            "tabindex=\"0\">\n<table id=\"%s\" class=\"sorts\">\n",
            group->name, group->name);
    put_head(group, stream);
    put_rows(group, report, rest, stream);
    fputs("</table>\n</div>\n</details>\n</section>\n", stream);
    free(rest);
}

/* Advice has its own place, at the top. */
void ra_html_tables(const struct ra_html *html, FILE *stream)
{
    for (const struct ra_group *group = ruby_alloc_report_groups; group->name; group++) {
        if (group->row_bytes > 0 && ra_group_count(group, html->report) > 0 &&
            strcmp(group->name, "advice") != 0) {
            put_table(group, html->report, stream);
        }
    }
}

static void put_group(const struct ra_group *group, const struct ra_report *report, FILE *stream)
{
    const void *record = ra_group_record(group, report, 0);

    fprintf(stream,
            "<h3>%s</h3>\n<div class=\"scroll\" role=\"region\" aria-label=\"%s\" tabindex=\"0\">\n"
            "<table id=\"%s\">\n<tbody>\n",
            group->name, group->name, group->name);
    for (size_t i = 0; i < group->field_count; i++) {
        const struct ra_field *field = &group->fields[i];

        fprintf(stream, "<tr><th scope=\"row\">%s</th>", field->name);
        put_cell(field, record, stream);
        fputs("<td class=\"text help\">", stream);
        ra_html_text(stream, field->help);
        fputs("</td></tr>\n", stream);
    }
    fputs("</tbody>\n</table>\n</div>\n", stream);
}

void ra_html_groups(const struct ra_html *html, FILE *stream)
{
    fputs("<section aria-labelledby=\"all-title\">\n<details>\n"
          "<summary><h2 id=\"all-title\">Every value</h2></summary>\n",
          stream);
    for (const struct ra_group *group = ruby_alloc_report_groups; group->name; group++) {
        if (group->row_bytes == 0) {
            put_group(group, html->report, stream);
        }
    }
    fputs("</details>\n</section>\n", stream);
}
