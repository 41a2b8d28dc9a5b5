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

/* Replacing ---------------------------------------------------------------------- */

static char directory[] = "/tmp/test_html.XXXXXX";

static const char *in_directory(const char *name)
{
    static char path[2][128];
    static int next;

    next = !next;
    snprintf(path[next], sizeof path[next], "%s/%s", directory, name);
    return path[next];
}

static void expect_file(const char *path, const char *expected)
{
    char text[64] = "";
    int fd = open(path, O_RDONLY);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_ge(read(fd, text, sizeof text - 1), 0);
    close(fd);
    ck_assert_str_eq(text, expected);
}

START_TEST(test_replace)
{
    struct stat is;

    ck_assert_ptr_nonnull(mkdtemp(directory));
    umask(022);
    ck_assert_int_eq(ra_replace(in_directory("new"), "one", 3), 0);
    expect_file(in_directory("new"), "one");
    ck_assert_int_eq(stat(in_directory("new"), &is), 0);
    ck_assert_int_eq(is.st_mode & 0777, 0644);

    chmod(in_directory("new"), 0640);
    ck_assert_int_eq(symlink("new", in_directory("link")), 0);
    ck_assert_int_eq(ra_replace(in_directory("link"), "two", 3), 0);
    expect_file(in_directory("new"), "two");
    ck_assert_int_eq(lstat(in_directory("link"), &is), 0);
    ck_assert(S_ISLNK(is.st_mode));
    ck_assert_int_eq(stat(in_directory("new"), &is), 0);
    ck_assert_int_eq(is.st_mode & 0777, 0640);

    ck_assert_int_eq(ra_replace("/dev/full", "text", 4), -1);
    ck_assert_int_eq(errno, ENOSPC);
    ck_assert_int_eq(ra_replace(in_directory("none/file"), "text", 4), -1);
    ck_assert_int_eq(errno, ENOENT);
    unlink(in_directory("link"));
    unlink(in_directory("new"));
    ck_assert_int_eq(rmdir(directory), 0); /* and nothing else is in it */
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
    tcase_add_test(tests, test_replace);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
