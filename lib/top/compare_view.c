/*
 * --compare as text.
 */
#include "top/compare.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "top/fields.h"
#include "top/format.h"

enum { TEXT_ROWS = 15, KEY_WIDTH = 9, BYTES_WIDTH = 11, COUNT_WIDTH = 9 };

/* What is shown of the groups, in the order of the chain. */
struct shown {
    const char *name;
    bool is_estimate;
};
static const struct shown steps[] = {
    {"requested", true}, {"live", false}, {"allocated", false}, {"active", false},
    {"resident", false}, {"rss", false},  {"rss_anon", false},  {0},
};
static const struct shown losses[] = {
    {"rounding", true}, {"thread_cache", false}, {"stranded", false}, {"slab_gaps", false},
    {"dirty", false},   {"metadata", false},     {"other", false},    {0},
};

static int width_of(const struct ra_field *field)
{
    return field->unit == RA_UNIT_BYTES ? BYTES_WIDTH : COUNT_WIDTH;
}

static struct ra_cell amount(const struct ra_field *field, int64_t value)
{
    return field->unit == RA_UNIT_BYTES ? ra_format_bytes(value) : ra_format_count(value);
}

static struct ra_cell change(const struct ra_field *field, int64_t difference)
{
    return ra_format_growth(field->unit == RA_UNIT_BYTES ? ra_format_bytes : ra_format_count,
                            difference);
}

static struct ra_cell marked(struct ra_cell plain, bool is_estimate)
{
    struct ra_cell cell = plain;

    if (is_estimate && strcmp(plain.text, "-") != 0 && strcmp(plain.text, "0B") != 0) {
        snprintf(cell.text, sizeof cell.text, "~%.60s", plain.text);
    }
    return cell;
}

/* A, B and their difference. Returns the length. */
static size_t put_delta(char *line, size_t size, const struct ra_field *field,
                        const struct ra_delta *delta, bool is_estimate)
{
    int width = width_of(field);

    return (size_t)snprintf(line, size, "%*.20s%*.20s%*.20s", width,
                            marked(amount(field, delta->a), is_estimate).text, width,
                            marked(amount(field, delta->b), is_estimate).text, width,
                            marked(change(field, delta->difference), is_estimate).text);
}

/* A line that goes no further than the page. */
static void add_fitting(struct ra_page *page, enum ra_style style, const char *text)
{
    char fitted[1024];

    ra_format_fit(fitted, sizeof fitted, text, page->width);
    ra_page_add(page, style, "%s", fitted);
}

static void draw_side(const char *name, const struct ra_compare_side *side, struct ra_page *page)
{
    const struct ra_report *report = side->report;
    char line[1024], pid[32] = "-";

    if (side->source) {
        snprintf(line, sizeof line, "%s  report %zu of %zu in %s", name, side->number, side->of,
                 side->source);
    } else {
        snprintf(line, sizeof line, "%s  now", name);
    }
    add_fitting(page, RA_STRONG, line);
    if (report->process.pid != RA_UNKNOWN) {
        snprintf(pid, sizeof pid, "%" PRId64, report->process.pid);
    }
    snprintf(line, sizeof line, "   time %s  pid %s  state %s  uptime %s", report->time, pid,
             report->process.state ? report->process.state : "-",
             ra_format_duration(report->process.uptime).text);
    add_fitting(page, RA_PLAIN, line);
    snprintf(line, sizeof line, "   command %s",
             report->process.command ? report->process.command : "-");
    add_fitting(page, RA_PLAIN, line);
}

static void draw_group(const char *name, const char *title, const struct shown *shown,
                       const struct ra_report *a, const struct ra_report *b, struct ra_page *page)
{
    const struct ra_group *group = ra_group_find(name);

    ra_page_gap(page);
    ra_page_add(page, RA_HEADING, "%-13s%*s%*s%*s", title, BYTES_WIDTH, "A", BYTES_WIDTH, "B",
                BYTES_WIDTH, "change");
    for (; shown->name; shown++) {
        const struct ra_field *field = ra_field_find(group, shown->name);
        struct ra_delta delta =
            ra_compare_int(field, ra_group_record(group, a, 0), ra_group_record(group, b, 0));
        char line[128];

        put_delta(line, sizeof line, field, &delta, shown->is_estimate);
        ra_page_add(page, strcmp(field->name, "live") == 0 ? RA_STRONG : RA_PLAIN, "%-13s%s",
                    field->name, line);
    }
}

static void draw_heads(const struct ra_compare_table *table, struct ra_page *page)
{
    const struct ra_group *group = ra_group_find(table->group);
    char over[256] = "", head[256] = "";
    size_t used = 0;

    for (size_t i = 0; i < RA_COMPARE_KEYS && table->keys[i]; i++) {
        used += (size_t)snprintf(head + used, sizeof head - used, "%*s", KEY_WIDTH, table->keys[i]);
    }
    memset(over, ' ', used);
    for (size_t i = 0; i < table->text_values; i++) {
        int width = width_of(ra_field_find(group, table->values[i]));

        snprintf(over + used, sizeof over - used, "%*s", 3 * width, table->values[i]);
        used += (size_t)snprintf(head + used, sizeof head - used, "%*s%*s%*s", width, "A", width,
                                 "B", width, "change");
    }
    ra_page_add(page, RA_HEADING, "%s", over);
    ra_page_add(page, RA_HEADING, "%s", head);
}

static struct ra_cell key_cell(const struct ra_field *field, const struct ra_compare_row *row)
{
    int64_t key = ra_field_int(field, row->a ? row->a : row->b);

    return field->unit == RA_UNIT_BYTES ? ra_format_size(key) : ra_format_count(key);
}

static void draw_row(const struct ra_compare_table *table, const struct ra_compare_row *row,
                     struct ra_page *page)
{
    const struct ra_group *group = ra_group_find(table->group);
    char line[256] = "";
    bool is_estimate = false;
    size_t used = 0;

    for (size_t i = 0; i < RA_COMPARE_KEYS && table->keys[i]; i++) {
        const struct ra_field *field = ra_field_find(group, table->keys[i]);

        is_estimate = ra_field_int(field, row->a ? row->a : row->b) <= table->estimated_to;
        used += (size_t)snprintf(line + used, sizeof line - used, "%*.20s", KEY_WIDTH,
                                 key_cell(field, row).text);
    }
    for (size_t i = 0; i < table->text_values; i++) {
        const struct ra_field *field = ra_field_find(group, table->values[i]);
        struct ra_delta delta = ra_compare_int(field, row->a, row->b);

        used += put_delta(line + used, sizeof line - used, field, &delta, is_estimate && i == 0);
    }
    ra_page_add(page, RA_PLAIN, "%s", line);
}

static void draw_table(const struct ra_compare_table *table, const struct ra_report *a,
                       const struct ra_report *b, struct ra_page *page)
{
    size_t count, shown;
    struct ra_compare_row *rows = ra_compare_rows(table, a, b, &count);

    if (!rows) {
        page->failed = true;
        return;
    }
    shown = count < TEXT_ROWS ? count : TEXT_ROWS;
    ra_page_gap(page);
    if (count == 0) {
        ra_page_add(page, RA_STRONG, "%s: no change", table->group);
    } else if (shown < count) {
        ra_page_add(page, RA_STRONG, "%s (%zu of %zu)", table->title, shown, count);
    } else {
        ra_page_add(page, RA_STRONG, "%s (%zu)", table->title, count);
    }
    if (count > 0) {
        draw_heads(table, page);
    }
    for (size_t i = 0; i < shown; i++) {
        draw_row(table, &rows[i], page);
    }
    free(rows);
}

/* A leak shows itself: what has grown, and the class that has most of it. */
static void draw_verdict(const struct ra_report *a, const struct ra_report *b, struct ra_page *page)
{
    const struct ra_group *classes = ra_group_find("classes");
    const struct ra_field *objects = ra_field_find(classes, "live_objects");
    const struct ra_field *bytes = ra_field_find(classes, "live_bytes");
    int64_t grown = ra_compare_live(a, b).difference;
    size_t count = 0;
    struct ra_compare_row *rows = ra_compare_rows(&ra_compare_tables[0], a, b, &count);

    ra_page_gap(page);
    if (grown == RA_UNKNOWN) {
        ra_page_add(page, RA_WARNING, "live memory is not known on both sides");
    } else {
        ra_page_add(page, RA_STRONG, "live memory: %s (%+" PRId64 " bytes)",
                    change(bytes, grown).text, grown);
    }
    if (rows && count > 0) {
        const struct ra_compare_row *row = &rows[0];

        ra_page_add(page, RA_STRONG, "most changed: class %s: %s, %s objects",
                    key_cell(ra_field_find(classes, "size"), row).text,
                    change(bytes, ra_compare_int(bytes, row->a, row->b).difference).text,
                    change(objects, ra_compare_int(objects, row->a, row->b).difference).text);
    }
    page->failed |= rows == NULL;
    free(rows);
}

void ra_compare_draw(const struct ra_compare_side *a, const struct ra_compare_side *b,
                     struct ra_page *page)
{
    draw_side("A", a, page);
    draw_side("B", b, page);
    draw_group("memory", "memory", steps, a->report, b->report, page);
    draw_group("fragmentation", "lost to", losses, a->report, b->report, page);
    draw_verdict(a->report, b->report, page);
    for (const struct ra_compare_table *table = ra_compare_tables; table->group; table++) {
        draw_table(table, a->report, b->report, page);
    }
}
