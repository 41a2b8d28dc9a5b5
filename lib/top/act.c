/*
 * --purge, --decay, --tcache-flush, --malloc-trim: have a process do something, and show
 * what it did to its memory.
 */
#include "top/run.h"

#include <limits.h>
#include <string.h>

#include <ruby_alloc/reader.h>

#include "top/fields.h"
#include "top/format.h"
#include "top/json.h"
#include "top/output.h"
#include "top/source.h"

#define SCHEMA "ruby_alloc.action/1"

struct deed {
    const struct ra_options *options;
    struct ra_report_memory before;
    char before_time[40]; /* in which its text lies */
    struct ra_acted acted;
    const struct ra_report *after;
};

/* What is shown of the group "memory", first what the kernel says. */
static const char *const rows[] = {"rss", "resident", "active", "dirty", "tcache", "allocated"};

static int64_t given_back(const struct ra_field *field, const struct deed *deed)
{
    int64_t before = ra_field_int(field, &deed->before);
    int64_t after = ra_field_int(field, &deed->after->memory);

    return before == RA_UNKNOWN || after == RA_UNKNOWN ? RA_UNKNOWN : before - after;
}

/* What was given back is missing from what there is: the other sign. */
static struct ra_cell change(int64_t bytes)
{
    return ra_format_growth(ra_format_bytes, bytes == RA_UNKNOWN ? bytes : -bytes);
}

static void draw_memory(const struct deed *deed, struct ra_page *page)
{
    const struct ra_group *group = ra_group_find("memory");

    ra_page_add(page, RA_HEADING, "%-9s%11s%11s%11s", "memory", "before", "after", "change");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct ra_field *field = ra_field_find(group, rows[i]);

        ra_page_add(page, RA_PLAIN, "%-9s%11s%11s%11s", rows[i],
                    ra_format_bytes(ra_field_int(field, &deed->before)).text,
                    ra_format_bytes(ra_field_int(field, &deed->after->memory)).text,
                    change(given_back(field, deed)).text);
    }
}

static int64_t rss_given_back(const struct deed *deed)
{
    return given_back(ra_field_find(ra_group_find("memory"), "rss"), deed);
}

static void draw_outcome(const struct deed *deed, struct ra_page *page)
{
    unsigned long long asked = deed->acted.threads_asked, done = deed->acted.threads_flushed;
    int64_t bytes = rss_given_back(deed);

    if (deed->options->action == RA_ACTION_decay && deed->options->argument < 0) {
        ra_page_add(page, RA_PLAIN, "unused pages are never given back from now on");
    } else if (deed->options->action == RA_ACTION_decay) {
        ra_page_add(page, RA_PLAIN, "unused pages are given back after %lld ms from now on",
                    (long long)deed->options->argument);
    }
    if (deed->options->action == RA_ACTION_tcache_flush) {
        ra_page_add(page, RA_PLAIN, "%llu of %llu threads have emptied their caches%s", done, asked,
                    done < asked ? "; the others do at their next call" : "");
    }
    ra_page_add(page, RA_STRONG, "%s given back to the system",
                bytes == RA_UNKNOWN ? "-" : ra_format_bytes(bytes > 0 ? bytes : 0).text);
}

static enum ra_output show_text(const struct deed *deed)
{
    struct ra_page page = {.width = INT_MAX};
    enum ra_output output;

    draw_memory(deed, &page);
    draw_outcome(deed, &page);
    output = ra_output_page(&page);
    ra_page_clear(&page);
    return output;
}

static json_t *integer_if(bool known, int64_t value)
{
    return known && value != RA_UNKNOWN ? json_integer(value) : json_null();
}

static json_t *json_of(const struct deed *deed)
{
    const struct ra_group *memory = ra_group_find("memory");
    enum ra_action_id action = deed->options->action;
    bool flush = action == RA_ACTION_tcache_flush;

    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:{s:i}, s:o, s:o, s:o, s:o, s:o}", "schema",
                     SCHEMA, "tool", RA_TOP_NAME " " RUBY_ALLOC_VERSION, "time", deed->after->time,
                     "action", ruby_alloc_action_name(action), "argument",
                     integer_if(action == RA_ACTION_decay, deed->options->argument), "process",
                     "pid", (int)deed->options->pid, "before",
                     ra_json_record(memory, &deed->before), "after",
                     ra_json_record(memory, &deed->after->memory), "given_back",
                     integer_if(true, rss_given_back(deed)), "threads_asked",
                     integer_if(flush, (int64_t)deed->acted.threads_asked), "threads_flushed",
                     integer_if(flush, (int64_t)deed->acted.threads_flushed));
}

/* A process that gives no fresh sample would not act either: it is not asked. */
static enum ra_status act(struct ra_source *source, struct deed *deed, struct ra_failure *why)
{
    const struct ra_options *options = deed->options;
    enum ra_status status = ra_source_next(source, RA_ACTION_WAIT_MS, why);

    if (status == RA_TIMEOUT) {
        size_t length = strlen(why->message);
        snprintf(why->message + length, sizeof why->message - length, "; nothing was asked of it");
    }
    if (status != RA_OK) {
        return status;
    }
    deed->before = source->report->memory;
    if (deed->before.sample_time) {
        snprintf(deed->before_time, sizeof deed->before_time, "%s", deed->before.sample_time);
        deed->before.sample_time = deed->before_time;
    }
    status = ruby_alloc_reader_act(source->reader, options->action, options->argument,
                                   RA_ACTION_WAIT_MS, &deed->acted, why);
    if (status != RA_OK) {
        return status;
    }
    status = ra_source_next(source, RA_ACTION_WAIT_MS, why);
    deed->after = source->report;
    return status;
}

int ra_run_act(const struct ra_options *options)
{
    struct deed deed = {.options = options};
    struct ra_failure why = {0};
    struct ra_source source;
    enum ra_output output = RA_OUTPUT_GOOD;
    enum ra_status status = ra_source_open(&source, options->pid, &why);

    if (status == RA_OK) {
        status = act(&source, &deed, &why);
    }
    if (status != RA_OK) {
        ra_output_message("%s", why.message);
    } else {
        output = options->json ? ra_output_json(json_of(&deed)) : show_text(&deed);
    }
    ra_source_close(&source);
    return output == RA_OUTPUT_FAILED ? ra_output_exit(output) : ruby_alloc_status_exit(status);
}
