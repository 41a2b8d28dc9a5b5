/*
 * --check as text: one process in full, or a line for each Ruby.
 */
#include "top/check.h"

#include <string.h>

#include "top/fields.h"
#include "top/format.h"

static const char *or_dash(const char *text)
{
    return text ? text : "-";
}

static void draw_identity(const struct ra_examination *seen, struct ra_page *page)
{
    const struct ra_examine_process *process = &seen->process;
    const char *ruby = process->ruby < 0 ? "-" : process->ruby ? process->ruby_version : "no";

    ra_page_add(page, RA_PLAIN, "pid %d  ppid %d  user %s  comm %s  ruby %s", (int)process->pid,
                (int)process->ppid, ra_format_user(process->uid).text, or_dash(process->comm),
                ruby ? ruby : "yes");
    ra_page_add(page, RA_PLAIN, "command %s", or_dash(process->command));
}

static void draw_allocator(const struct ra_examination *seen, struct ra_page *page)
{
    const struct ra_examine_allocator *allocator = &seen->allocator;

    ra_page_add(page, RA_STRONG, "allocator   %s  version %s  how %s", or_dash(allocator->name),
                or_dash(allocator->version), or_dash(allocator->how));
    ra_page_add(page, RA_PLAIN, "            %s", or_dash(allocator->path));
    if (allocator->needed_by) {
        ra_page_add(page, RA_PLAIN, "            needed by %s", allocator->needed_by);
    }
    for (size_t i = 0; i < seen->unused_count; i++) {
        ra_page_add(page, RA_WARNING, "            loaded, not in use: %s",
                    or_dash(seen->unused[i].path));
    }
    ra_page_add(page, RA_PLAIN, "preload     LD_PRELOAD=%s", or_dash(seen->preload.value));
    for (size_t i = 0; i < seen->ignored_count; i++) {
        ra_page_add(page, RA_WARNING, "            ignored: %s: %s", or_dash(seen->ignored[i].name),
                    or_dash(seen->ignored[i].text));
    }
}

static const struct ra_group *find_group(const char *name)
{
    const struct ra_examine_group *each = ruby_alloc_examine_groups;

    while (strcmp(each->group.name, name) != 0) {
        each++;
    }
    return &each->group;
}

static void draw_environment(const struct ra_examination *seen, struct ra_page *page)
{
    const struct ra_group *group = find_group("environment");

    for (size_t i = 0; i < group->field_count; i++) {
        ra_page_add(page, RA_PLAIN, "%-12s%s=%s", i == 0 ? "environment" : "",
                    group->fields[i].name,
                    or_dash(ra_field_text(&group->fields[i], &seen->environment)));
    }
}

/* All sizes of a group; of the glibc's, some are marked as estimates. */
static void draw_sizes(const char *name, const struct ra_examination *seen, const char *mark,
                       struct ra_page *page)
{
    const struct ra_group *group = find_group(name);
    const void *record = ra_group_record(group, (const void *)seen, 0);

    ra_page_gap(page);
    ra_page_add(page, RA_HEADING, "%s", name);
    for (size_t i = 0; i < group->field_count; i++) {
        const struct ra_field *field = &group->fields[i];
        struct ra_cell value = ra_format_value(field, record);

        if (field->type == RA_INT) {
            ra_page_add(page, RA_PLAIN, "  %-13s%s%*s  %s", field->name,
                        strcmp(value.text, "-") == 0 ? "" : mark,
                        11 - (int)strlen(strcmp(value.text, "-") == 0 ? "" : mark), value.text,
                        field->help);
        }
    }
}

void ra_check_draw(const struct ra_examination *seen, struct ra_page *page)
{
    draw_identity(seen, page);
    ra_page_gap(page);
    draw_allocator(seen, page);
    draw_environment(seen, page);
    draw_sizes("memory", seen, "", page);
    if (seen->is_glibc) {
        draw_sizes("glibc", seen, seen->glibc.estimated == 1 ? "~" : "", page);
    }
    if (seen->advice_count > 0) {
        ra_page_gap(page);
        ra_page_add(page, RA_HEADING, "advice");
    }
    for (size_t i = 0; i < seen->advice_count; i++) {
        ra_page_add(page, RA_PLAIN, "  %s: %s", or_dash(seen->advice[i].id),
                    or_dash(seen->advice[i].text));
    }
    for (size_t i = 0; i < seen->notes_count; i++) {
        ra_page_add(page, RA_WARNING, "note: %s", or_dash(seen->notes[i].text));
    }
}

static const char list_format[] = "%7s  %-10s %10s  %-10s %-8s %-8s %6s  %-16s  %s";

void ra_check_draw_head(struct ra_page *page)
{
    ra_page_add(page, RA_HEADING, list_format, "PID", "USER", "RSS", "ALLOCATOR", "VERSION", "HOW",
                "ARENAS", "ADVICE", "COMMAND");
}

void ra_check_draw_row(const struct ra_examination *seen, struct ra_page *page)
{
    const char *version = or_dash(seen->allocator.version);
    struct ra_cell pid, shortened, arenas;

    snprintf(pid.text, sizeof pid.text, "%d", (int)seen->process.pid);
    /* jemalloc's ends in a commit. */
    snprintf(shortened.text, sizeof shortened.text, "%.*s",
             *version == '-' ? 1 : (int)strcspn(version, "-"), version);
    snprintf(arenas.text, sizeof arenas.text, "%s%.60s",
             seen->is_glibc && seen->glibc.estimated == 1 ? "~" : "",
             ra_format_count(seen->is_glibc ? seen->glibc.arenas : RA_UNKNOWN).text);
    ra_page_add(page, RA_PLAIN, list_format, pid.text, ra_format_user(seen->process.uid).text,
                ra_format_bytes(seen->memory.rss).text, or_dash(seen->allocator.name),
                shortened.text, or_dash(seen->allocator.how), arenas.text,
                seen->advice_count ? or_dash(seen->advice[0].id) : "-",
                or_dash(seen->process.command));
}

void ra_check_explain(FILE *stream)
{
    for (const struct ra_examine_group *each = ruby_alloc_examine_groups; each->group.name;
         each++) {
        for (size_t i = 0; each->group.row_bytes == 0 && i < each->group.field_count; i++) {
            const struct ra_field *field = &each->group.fields[i];

            if (strcmp(each->group.name, "process") != 0) {
                fprintf(stream, "  %-16s %s\n", field->name, field->help);
            }
        }
    }
}
