/* The page of HTML: no text is markup, no number breaks it; series and replaced files. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "top/html.h"
#include "top/html_text.h"
#include "top/load.h"
#include "top/replace.h"

#include "suite.h"

static struct ra_report *load(const char *rest)
{
    char text[8192], error[256] = "";
    int length = snprintf(text, sizeof text, "{\"schema\": \"ruby_alloc.report/1\", %s}", rest);
    struct ra_report *report = ra_load_text(text, (size_t)length, error, sizeof error);

    ck_assert_msg(report != NULL, "%s", error);
    return report;
}

static char *print(const struct ra_html *html)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);

    ck_assert_int_eq(ra_html_print(html, stream), 0);
    ck_assert_int_eq(fclose(stream), 0);
    return text;
}

static size_t occurrences(const char *text, const char *part)
{
    size_t found = 0;

    for (; (text = strstr(text, part)) != NULL; text++) {
        found++;
    }
    return found;
}

static const struct {
    const char *text, *html;
} texts[] = {
    {"ruby app.rb", "ruby app.rb"},
    {NULL, "-"},
    {"", ""},
    {"<script>", "&#60;script&#62;"},
    {"&amp;\"'", "&#38;amp;&#34;&#39;"},
    {"]]>", "]]&#62;"},
    {"a\nb\x1b[31m", "a\\x0ab\\x1b[31m"},
    {"\x7f", "\\x7f"},
    {"\xe2\x80\xae"
     "x",
     "\\xe2\\x80\\xaex"}, /* turns the direction of text */
    {"\xff\xc3", "\\xff\\xc3"},
    {"\xef\xbf\xbe", "\\xef\\xbf\\xbe"}, /* no character of XML */
    {"\xc3\xa9", "\xc3\xa9"},
};

START_TEST(test_text)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);

    ra_html_text(stream, texts[_i].text);
    fclose(stream);
    ck_assert_str_eq(text, texts[_i].html);
    free(text);
}
END_TEST

#define EVIL                                                                                       \
    "\"</title></style></td><script>evil()</script><img src=x onerror='evil()'/>]]>--><!--\\\" "   \
    "onload=\\\"evil()\""

/* In every text of every group and table. */
START_TEST(test_hostile_texts)
{
    struct ra_report *report =
        load("\"time\": " EVIL ", \"process\": {\"pid\": 1, \"comm\": " EVIL ", \"command\": " EVIL
             ", \"state\": " EVIL ", \"started\": " EVIL ", \"ruby_version\": " EVIL
             ", \"jemalloc_version\": " EVIL ", \"backend\": " EVIL "}, \"fragmentation\": "
             "{\"largest\": " EVIL "}, \"memory\": {\"sample_time\": " EVIL "}, \"threads\": "
             "[{\"name\": " EVIL ", \"state\": " EVIL "}], \"settings\": [{\"key\": " EVIL
             ", \"given\": " EVIL ", \"source\": " EVIL "}], \"advice\": [{\"id\": " EVIL
             ", \"text\": " EVIL "}, {\"bytes\": 1}]");
    char *text = print(&(struct ra_html){.report = report,
                                         .source = "</p><script>evil()</script>",
                                         .damage = "<script>evil()</script>"});

    ck_assert_uint_ge(occurrences(text, "evil()"), 15); /* they are shown */
    ck_assert_uint_eq(occurrences(text, "<script"), 1); /* our own */
    ck_assert_uint_eq(occurrences(text, "</style>"), 1);
    ck_assert_uint_eq(occurrences(text, "<img"), 0);
    ck_assert_uint_eq(occurrences(text, "<!--"), 0);
    ck_assert_uint_eq(occurrences(text, "\" onload"), 0);
    free(text);
    ra_load_free(report);
}
END_TEST

#define MOST "9223372036854775807"
static const char *const extremes[] = {
    "\"memory\": {}",
    "\"memory\": {\"rss\": 0, \"live\": 0, \"requested\": 0}",
    "\"memory\": {\"rss\": " MOST ", \"rss_anon\": -" MOST ", \"live\": " MOST
    ", \"requested\": " MOST "}, \"fragmentation\": {\"rounding\": " MOST ", \"dirty\": -" MOST
    ", \"other\": " MOST ", \"ratio\": 1e300, \"largest\": \"dirty\"}, \"sizes\": "
    "[{\"min\": -" MOST ", \"max\": " MOST ", \"allocations\": " MOST
    "}, {\"min\": 1, \"allocations\": 5}, {\"max\": 3, \"allocations\": -" MOST "}, {}], "
    "\"classes\": [{\"size\": " MOST ", \"utilization\": -1e300}, {\"utilization\": 7}, {}], "
    "\"arenas\": [{}], \"threads\": [{\"tid\": -1}], \"advice\": [{}], \"settings\": [{}]",
};

/* Alone, and in a series whose times are as wild. */
START_TEST(test_extremes)
{
    static const int64_t times[] = {0, INT64_MAX, INT64_MIN, 5, -5, INT64_MAX - 1};
    struct ra_report *report = load(extremes[_i]), *other = load(extremes[0]);
    struct ra_series *series = ra_series_new(times[2], times[1], 1000);
    struct ra_html html = {.report = report};
    char *text = print(&html);

    ck_assert_uint_eq(occurrences(text, "inf\"") + occurrences(text, "nan"), 0);
    free(text);
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        ck_assert(ra_series_add(series, i % 2 ? report : other, times[i]));
    }
    html.series = series;
    text = print(&html);
    ck_assert_uint_eq(occurrences(text, "inf\"") + occurrences(text, "nan"), 0);
    free(text);
    ra_series_free(series);
    ra_load_free(other);
    ra_load_free(report);
}
END_TEST

/* A report a second with this RSS, and as many allocations of 40 bytes so far. */
static void add(struct ra_series *series, int64_t second, int64_t rss, int64_t allocations)
{
    char rest[256];
    struct ra_report *report;

    snprintf(rest, sizeof rest,
             "\"memory\": {\"rss\": %" PRId64 "}, \"sizes\": [{\"min\": 33, \"max\": 40, "
             "\"allocations\": %" PRId64 "}]",
             rss, allocations);
    report = load(rest);
    ck_assert(ra_series_add(series, report, second * 1000));
    ra_load_free(report);
}

START_TEST(test_series_of_few)
{
    struct ra_series *series = ra_series_new(0, 3000, 3);

    add(series, 0, 10, 100);
    add(series, 1, 30, 150);
    add(series, 3, 20, 40); /* began anew */
    ck_assert_uint_eq(series->count, 3);
    ck_assert(!series->is_binned);
    ck_assert_int_eq(series->peak_rss, 30);
    ck_assert_int_eq(series->columns[2].time_ms, 3000);
    ck_assert_double_eq(series->columns[2].seconds, 2);
    ck_assert_uint_eq(series->size_count, 1);
    ck_assert_double_eq(series->sizes[0]->made[0],
                        0); /* when the first 100 were made isn't known */
    ck_assert_double_eq(series->sizes[0]->made[1], 50);
    ck_assert_double_eq(series->sizes[0]->made[2], 40);
    ck_assert_double_eq(series->sizes[0]->total, 90);
    ra_series_free(series);
}
END_TEST

START_TEST(test_series_of_many_keeps_peak_and_sum)
{
    enum { COUNT = 5000, PEAK = 3333 };
    struct ra_series *series = ra_series_new(0, (COUNT - 1) * 1000, COUNT);
    bool has_peak = false;
    double made = 0, seconds = 0;

    for (int64_t i = 0; i < COUNT; i++) {
        add(series, i, i == PEAK ? 999 : i % 7, 10 * i);
    }
    ck_assert(series->is_binned);
    ck_assert_uint_eq(series->count, RA_SERIES_COLUMNS);
    for (size_t i = 0; i < series->count; i++) {
        has_peak |= series->columns[i].rss == 999 && series->columns[i].time_ms == PEAK * 1000;
        ck_assert(series->columns[i].rss >= 6);
        made += series->sizes[0]->made[i];
        seconds += series->columns[i].seconds;
    }
    ck_assert(has_peak);
    ck_assert_double_eq(made, 10 * (COUNT - 1));
    ck_assert_double_eq_tol(seconds, COUNT - 1, 1e-6);
    ra_series_free(series);
}
END_TEST

START_TEST(test_series_goes_forward_alone)
{
    struct ra_series *series = ra_series_new(1000, 9000, 3);

    add(series, 1, 1, 1);
    add(series, 5, 1, 1);
    add(series, 2, 1, 1);
    ck_assert_int_eq(series->columns[2].time_ms, 5000);
    add(series, 100, 1, 1);
    ck_assert_int_eq(series->last.time_ms, 9000);
    ra_series_free(series);
}
END_TEST

START_TEST(test_series_of_more_sizes_than_there_can_be)
{
    struct ra_series *series = ra_series_new(0, 1000, 2);
    struct ra_report_size *rows = calloc(2 * RA_SERIES_SIZES_MAX, sizeof *rows);
    struct ra_report *report = load("\"memory\": {}"), full = *report;

    for (int64_t i = 0; i < 2 * RA_SERIES_SIZES_MAX; i++) {
        rows[i] = (struct ra_report_size){.min = (i * 7919) % 65537, .max = i, .allocations = i};
    }
    full.sizes = rows;
    full.sizes_count = 2 * RA_SERIES_SIZES_MAX;
    ck_assert(ra_series_add(series, &full, 0));
    ck_assert(ra_series_add(series, &full, 1000));
    ck_assert_uint_eq(series->size_count, RA_SERIES_SIZES_MAX);
    for (size_t i = 1; i < series->size_count; i++) {
        ck_assert(series->sizes[i - 1]->min <= series->sizes[i]->min);
    }
    free(rows);
    ra_load_free(report);
    ra_series_free(series);
}
END_TEST

/* What isn't known ---------------------------------------------------------------- */

/* A page of reports a second apart, each in its own words. */
static char *print_series(const char *const *rests, size_t count)
{
    struct ra_series *series = ra_series_new(0, (int64_t)(count - 1) * 1000, count);
    struct ra_report *report = NULL;
    char *text;

    for (size_t i = 0; i < count; i++) {
        ra_load_free(report);
        report = load(rests[i]);
        ck_assert(ra_series_add(series, report, (int64_t)i * 1000));
    }
    text = print(&(struct ra_html){.report = report, .series = series});
    ra_load_free(report);
    ra_series_free(series);
    return text;
}

/* The d of the chart's path of this class. */
static const char *path_of(const char *page, const char *class)
{
    static char d[1024];
    char start[64];
    const char *plot = strstr(page, "<svg id=\"plot\""), *path;

    snprintf(start, sizeof start, "<path class=\"%s\" d=\"", class);
    path = plot ? strstr(plot, start) : NULL;
    ck_assert_msg(path != NULL, "no path of %s", class);
    path += strlen(start);
    snprintf(d, sizeof d, "%.*s", (int)strcspn(path, "\""), path);
    return d;
}

/* A line of 4096 a tick, 300 high: 0 would be at 300. */
#define RSS(bytes) "\"memory\": {\"rss\": " bytes ", \"requested\": 4096}"
static const struct {
    const char *rests[5];
    const char *line, *tile, *note; /* what the page has of them */
} gaps[] = {
    {{RSS("4096"), RSS("8192"), RSS("12288"), RSS("16384"), RSS("8192")},
     "M0.0 225.0h0L250.0 150.0L500.0 75.0L750.0 0.0L1000.0 150.0",
     "<dd><data value=\"8192\">",
     ">+4.0KiB since the first<"},
    {{RSS("4096"), RSS("8192"), RSS("12288"), RSS("16384"), RSS("null")},
     "M0.0 225.0h0L250.0 150.0L500.0 75.0L750.0 0.0",
     "<small>last known</small> <data value=\"16384\">",
     ">+12.0KiB since the first; last not known<"},
    {{RSS("null"), RSS("8192"), RSS("null"), RSS("16384"), RSS("8192")},
     "M250.0 150.0h0M750.0 0.0h0L1000.0 150.0",
     "<dd><data value=\"8192\">",
     ">first not known<"},
    {{RSS("null"), RSS("8192"), RSS("16384"), RSS("null"), RSS("null")},
     "M250.0 150.0h0L500.0 0.0",
     "<small>last known</small> <data value=\"16384\">",
     ">first and last not known<"},
    {{RSS("null"), RSS("null"), RSS("null"), RSS("null"), RSS("null")},
     "",
     "<dt>rss</dt><dd>-</dd>",
     ">first and last not known<"},
};

START_TEST(test_line_of_rss_has_gaps)
{
    char *page = print_series(gaps[_i].rests, 5);

    ck_assert_str_eq(path_of(page, "rss"), gaps[_i].line);
    ck_assert_msg(strstr(page, gaps[_i].tile) != NULL, "no %s", gaps[_i].tile);
    ck_assert_msg(strstr(page, gaps[_i].note) != NULL, "no %s", gaps[_i].note);
    free(page);
}
END_TEST

/* "other" lies on "dirty": it ends with what is known of either; thread_cache never is. */
START_TEST(test_areas_have_gaps)
{
    static const char *const rests[] = {
        "\"memory\": {\"rss\": 16384, \"requested\": 4096}, "
        "\"fragmentation\": {\"dirty\": 4096, \"other\": 4096}",
        "\"memory\": {\"rss\": 16384, \"requested\": 4096}, "
        "\"fragmentation\": {\"dirty\": 4096, \"other\": 4096}",
        "\"memory\": {\"rss\": 16384, \"requested\": 4096}, \"fragmentation\": {\"other\": 4096}",
        "\"memory\": {\"requested\": 4096}, \"fragmentation\": {\"dirty\": 4096}",
        "\"memory\": {\"requested\": 4096}, \"fragmentation\": {\"dirty\": 4096}",
    };
    char *page = print_series(rests, 5);

    ck_assert_str_eq(path_of(page, "c0"),
                     "M0.0 225.0L250.0 225.0L500.0 225.0L750.0 225.0L1000.0 225.0"
                     "L1000.0 300.0L750.0 300.0L500.0 300.0L250.0 300.0L0.0 300.0Z");
    ck_assert_str_eq(path_of(page, "c2"), "");
    ck_assert_str_eq(path_of(page, "c5"), "M0.0 150.0L250.0 150.0L250.0 225.0L0.0 225.0Z"
                                          "M750.0 150.0L1000.0 150.0L1000.0 225.0L750.0 225.0Z");
    ck_assert_str_eq(path_of(page, "c7"), "M0.0 75.0L250.0 75.0L250.0 150.0L0.0 150.0Z");
    free(page);
}
END_TEST

/* The parts are those of one report: the last that has an RSS. */
START_TEST(test_parts_as_last_known)
{
    static const char *const rests[] = {
        RSS("4096"),
        "\"memory\": {\"rss\": 16384, \"requested\": 8192}, \"fragmentation\": {\"other\": 4096}",
        "\"memory\": {\"requested\": 12288}",
    };
    char *page = print_series(rests, 3);

    ck_assert_ptr_nonnull(
        strstr(page, "<p>As last known, at <time datetime=\"1970-01-01T00:00:01Z\""));
    ck_assert_ptr_nonnull(strstr(page, "</svg> requested</th><td><data value=\"8192\">8.0KiB</data>"
                                       "</td><td>50.0%</td>"));
    ck_assert_ptr_nonnull(strstr(page, "</svg> other</th><td><data value=\"4096\">"));
    ck_assert_ptr_nonnull(strstr(page, "rss</th><td><data value=\"16384\">"));
    free(page);
    page = print_series(rests, 2);
    ck_assert_ptr_null(strstr(page, "As last known"));
    free(page);
}
END_TEST

START_TEST(test_advice_without_bytes)
{
    struct ra_report *report =
        load("\"advice\": [{\"text\": \"one\", \"bytes\": 0}, {\"text\": \"two\", "
             "\"bytes\": null}, {\"text\": \"three\", \"bytes\": 1024}]");
    char *page = print(&(struct ra_html){.report = report});

    ck_assert_ptr_nonnull(strstr(page, "<li>one</li>\n<li>two</li>\n"
                                       "<li>three <b><data value=\"1024\">1.0KiB</data></b></li>"));
    free(page);
    ra_load_free(report);
}
END_TEST

/* Paper -------------------------------------------------------------------------- */

/* Of a long table those rows that the report as text has, in the table's own order. */
START_TEST(test_rows_on_paper)
{
    char rest[8192] = "\"classes\": [";
    struct ra_report *report;
    char *page;

    for (int i = 1; i <= 40; i++) {
        size_t length = strlen(rest);

        snprintf(rest + length, sizeof rest - length, "%s{\"size\": %d, \"live_bytes\": %d}",
                 i > 1 ? ", " : "", 8 * i, i % 20 == 0 ? 1000 - i : i);
    }
    strcat(rest, "], \"arenas\": [{\"index\": 0}]");
    report = load(rest);
    page = print(&(struct ra_html){.report = report});
    ck_assert_uint_eq(occurrences(page, "<tr class=\"rest\">"), 40 - 15);
    ck_assert_ptr_nonnull(strstr(page, "<tr><td><data value=\"160\">")); /* the largest but one */
    ck_assert_ptr_nonnull(strstr(page, "<tr class=\"rest\"><td><data value=\"152\">"));
    ck_assert_uint_eq(occurrences(page, "<p class=\"paper\">On paper 15 of the 40 rows: the first "
                                        "<span>by live_bytes</span>.</p>"),
                      1);
    ck_assert_uint_eq(occurrences(page, "class=\"paper\""), 1);
    free(page);
    ra_load_free(report);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("html");
    TCase *tests = tcase_create("html");

    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, test_text, 0, sizeof texts / sizeof *texts);
    tcase_add_test(tests, test_hostile_texts);
    tcase_add_loop_test(tests, test_extremes, 0, sizeof extremes / sizeof *extremes);
    tcase_add_test(tests, test_series_of_few);
    tcase_add_test(tests, test_series_of_many_keeps_peak_and_sum);
    tcase_add_test(tests, test_series_goes_forward_alone);
    tcase_add_test(tests, test_series_of_more_sizes_than_there_can_be);
    tcase_add_loop_test(tests, test_line_of_rss_has_gaps, 0, sizeof gaps / sizeof *gaps);
    tcase_add_test(tests, test_areas_have_gaps);
    tcase_add_test(tests, test_parts_as_last_known);
    tcase_add_test(tests, test_advice_without_bytes);
    tcase_add_test(tests, test_rows_on_paper);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
