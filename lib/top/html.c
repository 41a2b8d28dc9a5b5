/*
 * The page of HTML: its frame, what the process is, and the verdict.
 */
#include "top/html.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <ruby_alloc/reader.h>

#include "top/chain.h"
#include "top/fields.h"
#include "top/format.h"
#include "top/html_parts.h"
#include "top/html_text.h"

enum { NONCE_BYTES = 16, VERDICT_WIDTH = 4096 };

/* What no text in the page can have known: style and script are ours alone. */
static void make_nonce(char nonce[2 * NONCE_BYTES + 1])
{
    unsigned char bytes[NONCE_BYTES] = {0};

    /* Without randomness the page is still escaped; this is the second wall. */
    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes) {
        memset(bytes, 0, sizeof bytes);
    }
    for (size_t i = 0; i < NONCE_BYTES; i++) {
        snprintf(nonce + 2 * i, 3, "%02x", bytes[i]);
    }
}

static const char *name_of(const struct ra_report *report)
{
    return report->process.comm ? report->process.comm : "process";
}

static void put_title(const struct ra_report *report, FILE *stream)
{
    ra_html_text(stream, name_of(report));
    if (report->process.pid != RA_UNKNOWN) {
        fprintf(stream, " %" PRId64, report->process.pid);
    }
}

static void put_head(const struct ra_html *html, const char *nonce, FILE *stream)
{
    fprintf(stream,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
            "style-src 'nonce-%s'; script-src 'nonce-%s'; base-uri 'none'; "
            "form-action 'none'\"/>\n"
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
            "<meta name=\"color-scheme\" content=\"light dark\"/>\n"
            "<meta name=\"generator\" content=\"%s\"/>\n<title>",
            nonce, nonce, RA_TOP_NAME " " RUBY_ALLOC_VERSION);
    put_title(html->report, stream);
    fprintf(stream,
            ": memory</title>\n<style nonce=\"%s\">/*<![CDATA[*/\n%s/*]]>*/</style>\n</head>\n"
            "<body>\n<header>\n<h1>",
            nonce, ra_html_css);
    put_title(html->report, stream);
    fputs("</h1>\n", stream);
}

static void put_fact(const char *name, const char *text, FILE *stream)
{
    fprintf(stream, "<div><dt>%s</dt><dd>", name);
    ra_html_text(stream, text);
    fputs("</dd></div>\n", stream);
}

static void put_facts(const struct ra_html *html, FILE *stream)
{
    const struct ra_report_process *process = &html->report->process;

    fputs("<p class=\"command\"><code>", stream);
    ra_html_text(stream, process->command);
    fputs("</code></p>\n<dl class=\"facts\">\n", stream);
    put_fact("time", html->report->time, stream);
    put_fact("state", process->state, stream);
    put_fact("uptime", ra_format_duration(process->uptime).text, stream);
    put_fact("ruby", process->ruby_version, stream);
    put_fact("jemalloc", process->jemalloc_version, stream);
    if (html->source) {
        put_fact("from", html->source, stream);
    }
    fputs("</dl>\n", stream);
    if (html->damage) {
        fputs("<p class=\"warning\">Not all of the recording could be read: ", stream);
        ra_html_text(stream, html->damage);
        fputs("</p>\n", stream);
    }
    fputs("</header>\n<main>\n", stream);
}

/* before: what stands before the bytes, smaller. */
static void put_tile(const char *name, const char *before, int64_t bytes, const char *note,
                     FILE *stream)
{
    fprintf(stream, "<div class=\"tile\"><dt>%s</dt><dd>", name);
    if (*before) {
        fprintf(stream, "<small>%s</small> ", before);
    }
    ra_html_bytes(stream, bytes);
    fputs("</dd><dd class=\"note\">", stream);
    ra_html_text(stream, note);
    fputs("</dd></div>\n", stream);
}

/* What a value has come to since the recording began; shown: the last that is known. */
static struct ra_cell growth(int64_t first, int64_t shown, int64_t last)
{
    bool has_first = first != RA_UNKNOWN, has_last = last != RA_UNKNOWN;
    struct ra_cell cell = {""};
    int64_t grown;

    if (has_first && shown != RA_UNKNOWN && !__builtin_sub_overflow(shown, first, &grown)) {
        snprintf(cell.text, sizeof cell.text, "%s%.30s since the first%s", grown >= 0 ? "+" : "",
                 ra_format_bytes(grown).text, has_last ? "" : "; last not known");
    } else if (!has_first || !has_last) {
        snprintf(cell.text, sizeof cell.text, "%s not known",
                 has_first  ? "last"
                 : has_last ? "first"
                            : "first and last");
    }
    return cell;
}

static void put_tiles(const struct ra_html *html, FILE *stream)
{
    const struct ra_report *report = html->report;
    const struct ra_series *series = ra_html_has_time(html) ? html->series : NULL;
    struct ra_cell rss = {"resident set size"}, live = {"usable bytes of live objects"};
    int64_t shown = report->memory.rss;
    bool is_older = false;

    if (series) {
        shown = series->measured.rss;
        is_older = shown != RA_UNKNOWN && series->last.rss == RA_UNKNOWN;
        rss = growth(series->first.rss, shown, series->last.rss);
        live = growth(series->first.live, series->last.live, series->last.live);
    }
    fputs("<dl class=\"tiles\">\n", stream);
    put_tile("rss", is_older ? "last known" : "", shown, rss.text, stream);
    if (series) {
        put_tile("highest rss", "", series->peak_rss, "of all reports", stream);
    }
    put_tile("live", "", report->memory.live, live.text, stream);
    fputs("<div class=\"tile\"><dt>ratio</dt><dd>", stream);
    ra_html_value(stream, ra_field_find(ra_group_find("fragmentation"), "ratio"),
                  &report->fragmentation);
    fputs("</dd><dd class=\"note\">resident / live</dd></div>\n</dl>\n", stream);
}

/* A line of the verdict: the word that says what it is about, and the rest. */
static void put_verdict_line(const struct ra_line *line, FILE *stream)
{
    size_t label = strcspn(line->text, " ");
    const char *rest = line->text + label + strspn(line->text + label, " ");

    fprintf(stream, "<li%s><span>%.*s</span> <div>",
            line->style == RA_WARNING ? " class=\"warning\"" : "", (int)label, line->text);
    ra_html_text(stream, rest);
    fputs("</div></li>\n", stream);
}

static int put_verdict(const struct ra_report *report, FILE *stream)
{
    struct ra_page page = {.width = VERDICT_WIDTH};
    bool failed;

    ra_chain_draw_verdict(report, &page);
    failed = page.failed;
    fputs("<ul class=\"verdict\">\n", stream);
    for (size_t i = 0; i < page.count; i++) {
        put_verdict_line(&page.lines[i], stream);
    }
    fputs("</ul>\n", stream);
    ra_page_clear(&page);
    return failed ? -1 : 0;
}

static void put_advice(const struct ra_report *report, FILE *stream)
{
    if (report->advice_count == 0) {
        return;
    }
    fputs("<h3>What would help</h3>\n<ol id=\"advice\">\n", stream);
    for (size_t i = 0; i < report->advice_count; i++) {
        const struct ra_report_advice *advice = &report->advice[i];

        fputs("<li>", stream);
        ra_html_text(stream, advice->text);
        if (advice->bytes > 0) { /* some promise nothing */
            fputs(" <b>", stream);
            ra_html_bytes(stream, advice->bytes);
            fputs("</b>", stream);
        }
        fputs("</li>\n", stream);
    }
    fputs("</ol>\n", stream);
}

int ra_html_print(const struct ra_html *html, FILE *stream)
{
    char nonce[2 * NONCE_BYTES + 1];
    int result;

    make_nonce(nonce);
    put_head(html, nonce, stream);
    put_facts(html, stream);
    put_tiles(html, stream);
    fputs("<section aria-labelledby=\"verdict-title\">\n"
          "<h2 id=\"verdict-title\">Verdict</h2>\n",
          stream);
    result = put_verdict(html->report, stream);
    put_advice(html->report, stream);
    fputs("</section>\n", stream);
    if (ra_html_has_time(html)) {
        ra_html_chain_over_time(html, stream);
    }
    ra_html_chain(html, stream);
    result |= ra_html_sizes(html, stream);
    ra_html_tables(html, stream);
    ra_html_groups(html, stream);
    fprintf(stream,
            "</main>\n<footer>Made by %s. Amounts are in KiB, MiB, GiB; what isn't known is "
            "&#8220;-&#8221;.</footer>\n<script nonce=\"%s\">/*<![CDATA[*/\n%s/*]]>*/</script>\n"
            "</body>\n</html>\n",
            RA_TOP_NAME " " RUBY_ALLOC_VERSION, nonce, ra_html_js);
    return result;
}
