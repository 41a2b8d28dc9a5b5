/*
 * Views: the parts that text and screen are put together from.
 */
#include "top/views.h"

#include <string.h>

#include "top/advice.h"
#include "top/chain.h"
#include "top/fields.h"
#include "top/format.h"

static const char *or_dash(const char *text)
{
    return text ? text : "-";
}

static void draw_identity(const struct ra_report *report, struct ra_page *page)
{
    const char *state = or_dash(report->process.state);
    enum ra_style style = strcmp(state, "running") == 0 ? RA_PLAIN : RA_WARNING;

    ra_page_add(
        page, style, "pid %s  state %s  uptime %s  user %s  comm %s",
        ra_format_value(ra_field_find(ra_group_find("process"), "pid"), &report->process).text,
        state, ra_format_duration(report->process.uptime).text,
        ra_format_user(report->process.uid).text, or_dash(report->process.comm));
}

static void draw_command(const struct ra_report *report, struct ra_page *page)
{
    ra_page_add(page, RA_PLAIN, "command %s", or_dash(report->process.command));
}

static void draw_versions(const struct ra_report *report, struct ra_page *page)
{
    /* jemalloc's version ends with a long commit id: its start will do for people. */
    ra_page_add(page, RA_PLAIN, "ruby_version %s  jemalloc_version %.21s  shim_version %s",
                or_dash(report->process.ruby_version), or_dash(report->process.jemalloc_version),
                or_dash(report->process.shim_version));
}

static void draw_times(const struct ra_report *report, struct ra_page *page)
{
    const struct ra_report_process *process = &report->process;
    const struct ra_group *group = ra_group_find("process");

    ra_page_add(page, RA_PLAIN, "time %s  started %s", report->time, or_dash(process->started));
    ra_page_add(page, RA_PLAIN, "ppid %s  forked %s",
                ra_format_value(ra_field_find(group, "ppid"), process).text,
                ra_format_value(ra_field_find(group, "forked"), process).text);
}

static void draw_more_memory(const struct ra_report *report, struct ra_page *page)
{
    const struct ra_report_memory *memory = &report->memory;

    ra_page_add(page, RA_PLAIN, "also       rss_anon %s  pss %s  swap %s  lazy_free %s",
                ra_format_bytes(memory->rss_anon).text, ra_format_bytes(memory->pss).text,
                ra_format_bytes(memory->swap).text, ra_format_bytes(memory->lazy_free).text);
    ra_page_add(page, RA_PLAIN, "           mapped %s  retained %s  muzzy %s",
                ra_format_bytes(memory->mapped).text, ra_format_bytes(memory->retained).text,
                ra_format_bytes(memory->muzzy).text);
}

/* Names and values take what the widest of them needs, to leave room for the help. */
static void draw_group(const char *name, const struct ra_report *report, struct ra_page *page)
{
    const struct ra_group *group = ra_group_find(name);
    const void *record = ra_group_record(group, report, 0);
    int name_width = 0, value_width = 0;

    for (size_t i = 0; i < group->field_count; i++) {
        int name_length = (int)strlen(group->fields[i].name);
        int value_length = (int)strlen(ra_format_value(&group->fields[i], record).text);

        name_width = name_length > name_width ? name_length : name_width;
        value_width = value_length > value_width ? value_length : value_width;
    }
    ra_page_add(page, RA_STRONG, "%s", name);
    for (size_t i = 0; i < group->field_count; i++) {
        const struct ra_field *field = &group->fields[i];

        ra_page_add(page, RA_PLAIN, "  %-*s %*s  %s", name_width, field->name, value_width,
                    ra_format_value(field, record).text, field->help);
    }
}

const struct ra_view ra_views[] = {
    {.name = "identity", .help = "pid, state, uptime, user", .draw = draw_identity},
    {.name = "command", .help = "the command line", .draw = draw_command, .screen_from = 16},
    {.name = "versions",
     .help = "of Ruby, jemalloc and the library",
     .draw = draw_versions,
     .screen_from = 30},
    {.name = "times",
     .help = "when it started and was looked at; its parent",
     .draw = draw_times,
     .screen_from = RA_NEVER},
    {.name = "memory",
     .help = "from what was asked for to RSS, and what is lost on the way",
     .draw = ra_chain_draw,
     .text_gap = 1},
    {.name = "verdict",
     .help = "the largest loss; how far to trust the figures",
     .draw = ra_chain_draw_verdict,
     .screen_from = 14,
     .text_gap = 1},
    {.name = "advice",
     .help = "what would give memory back",
     .draw = ra_advice_draw,
     .screen_from = 16},
    {.name = "more_memory",
     .help = "other sizes: PSS, swap, mapped",
     .draw = draw_more_memory,
     .screen_from = 34},
    {.name = "sizes",
     .help = "requested sizes",
     .table = &ra_table_sizes,
     .text_rows = 15,
     .screen_from = 19,
     .text_gap = 1},
    {.name = "classes",
     .help = "jemalloc's size classes: live objects, slabs, gaps",
     .table = &ra_table_classes,
     .text_rows = 15,
     .screen_from = 22,
     .text_gap = 1},
    {.name = "threads",
     .help = "who allocates",
     .table = &ra_table_threads,
     .text_rows = 10,
     .screen_from = 45,
     .text_gap = 1},
    {.name = "arenas",
     .help = "jemalloc's arenas",
     .table = &ra_table_arenas,
     .text_rows = 16,
     .screen_from = RA_NEVER,
     .text_gap = 1},
    {.name = "calls",
     .help = "calls by function",
     .group = "calls",
     .screen_from = RA_NEVER,
     .text_gap = 1},
    {.name = "totals",
     .help = "objects and bytes since the start",
     .group = "totals",
     .screen_from = RA_NEVER,
     .text_gap = 1},
    {.name = "jemalloc_conf",
     .help = "jemalloc's settings in short",
     .group = "jemalloc_conf",
     .screen_from = RA_NEVER,
     .text_gap = 1},
    {.name = "settings",
     .help = "each setting asked for, and what became of it",
     .table = &ra_table_settings,
     .text_rows = 40,
     .screen_from = RA_NEVER,
     .text_gap = 1},
    {.name = "glibc",
     .help = "glibc's heaps, where it is behind the library",
     .group = "glibc",
     .screen_from = RA_NEVER,
     .text_gap = 1},
    {.name = "overview",
     .help = "the first tab: all from identity to more_memory",
     .parts = {"identity", "command", "versions", "times", "memory", "verdict", "advice",
               "more_memory"},
     .screen_from = RA_NEVER},
    {.name = "configuration",
     .help = "the last tab: versions, times, jemalloc_conf, settings, glibc",
     .parts = {"versions", "times", "jemalloc_conf", "settings", "glibc"},
     .screen_from = RA_NEVER},
    {0},
};

_Static_assert(sizeof ra_views / sizeof *ra_views <= RA_VIEW_MAX, "layouts have room for all");

static void draw_parts(const struct ra_view *view, const struct ra_report *report,
                       struct ra_page *page)
{
    for (size_t i = 0; view->parts[i]; i++) {
        ra_view_draw_text(ra_view_find(view->parts[i]), report, page);
    }
}

void ra_view_draw(const struct ra_view *view, const struct ra_report *report, size_t rows,
                  struct ra_page *page)
{
    if (view->parts[0]) {
        draw_parts(view, report, page);
    } else if (view->draw) {
        view->draw(report, page);
    } else if (view->table) {
        ra_table_draw(view->table, report, rows, page);
    } else {
        draw_group(view->group, report, page);
    }
}

const struct ra_view *ra_view_find(const char *name)
{
    for (const struct ra_view *view = ra_views; view->name; view++) {
        if (strcmp(view->name, name) == 0) {
            return view;
        }
    }
    return NULL;
}

/* Some have nothing to say by nature: arenas, settings, and glibc where it isn't in use. */
static int is_empty(const struct ra_view *view, const struct ra_report *report)
{
    if (view->group && strcmp(view->group, "glibc") == 0) {
        return report->glibc.arenas == RA_UNKNOWN;
    }
    return view->table && ra_table_rows(view->table, report) == 0;
}

void ra_view_draw_text(const struct ra_view *view, const struct ra_report *report,
                       struct ra_page *page)
{
    if (is_empty(view, report)) {
        return;
    }
    if (view->text_gap) {
        ra_page_gap(page);
    }
    ra_view_draw(view, report, view->text_rows, page);
}

void ra_views_draw_text(const struct ra_report *report, struct ra_page *page)
{
    for (const struct ra_view *view = ra_views; view->name; view++) {
        if (!view->parts[0]) {
            ra_view_draw_text(view, report, page);
        }
    }
}
