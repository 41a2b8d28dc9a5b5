/* CSV: names, quotes, what isn't known, and which rows and columns there are. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "top/csv.h"
#include "top/fields.h"
#include "top/load.h"

#include "suite.h"

static struct ra_report *load(const char *rest)
{
    char text[4096], error[256] = "";
    int length = snprintf(text, sizeof text,
                          "{\"schema\": \"ruby_alloc.report/1\", \"time\": \"T\", %s}", rest);
    struct ra_report *report = ra_load_text(text, (size_t)length, error, sizeof error);

    ck_assert_msg(report != NULL, "%s", error);
    return report;
}

/* Names and rows of a report, as one text. */
static char *print_report(const struct ra_excerpt *excerpt, const struct ra_report *report)
{
    char *text = NULL, error[256] = "";
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    struct ra_csv *csv = ra_csv_new(excerpt, false, error, sizeof error);

    ck_assert_msg(csv != NULL, "%s", error);
    ra_csv_print_head(csv, stream);
    ck_assert_int_eq(ra_csv_print(csv, report, stream), 0);
    ck_assert_int_eq(fclose(stream), 0);
    ra_csv_free(csv);
    return text;
}

/* Where the first difference is, rather than two whole texts. */
static void require_same(const char *text, const char *expected)
{
    size_t same = 0, line = 1;

    while (text[same] != '\0' && text[same] == expected[same]) {
        line += text[same++] == '\n';
    }
    ck_assert_msg(text[same] == expected[same],
                  "line %zu, character %zu of the text: \"%.40s\", expected \"%.40s\"", line, same,
                  text + same, expected + same);
}

static char *print(const struct ra_excerpt *excerpt, const char *rest)
{
    struct ra_report *report = load(rest);
    char *text = print_report(excerpt, report);

    ra_load_free(report);
    return text;
}

static void expect(const struct ra_excerpt *excerpt, const char *rest, const char *expected)
{
    char *text = print(excerpt, rest);

    require_same(text, expected);
    free(text);
}

/* A text with a comma, a quote, a line's end or spaces at its ends is quoted. */
static const struct {
    const char *text, *csv;
} texts[] = {
    {"ruby", "ruby"},
    {NULL, ""},
    {"", "\"\""},
    {"a,b", "\"a,b\""},
    {"a\"b", "\"a\"\"b\""},
    {"\"", "\"\"\"\""},
    {"a\nb", "\"a\nb\""},
    {"a\rb", "\"a\rb\""},
    {" a", "\" a\""},
    {"a ", "\"a \""},
    {"a b;c'd", "a b;c'd"},
    {"=1+1", "=1+1"}, /* no formula to anyone but a spreadsheet; the manual warns of it */
    {"\u00e9\u4e2d", "\u00e9\u4e2d"},
};

/* Not by way of JSON, whose reader leaves no line's end in a text. */
START_TEST(test_texts)
{
    struct ra_report *loaded = load("\"process\": {\"pid\": 7}, \"threads\": [{}]"),
                     report = *loaded;
    struct ra_report_thread thread = {.name = texts[_i].text};
    char expected[256], *text;

    report.threads = &thread;
    snprintf(expected, sizeof expected, "time,process.pid,threads.name\nT,7,%s\n", texts[_i].csv);
    text = print_report(&(struct ra_excerpt){.view = "threads", .fields = "name"}, &report);
    require_same(text, expected);
    free(text);
    ra_load_free(loaded);
}
END_TEST

START_TEST(test_numbers)
{
    expect(&(struct ra_excerpt){.view = "calls"},
           "\"calls\": {\"malloc\": 9223372036854775807, \"free\": -1, \"new\": 0}",
           "time,process.pid,calls.malloc,calls.calloc,calls.realloc,calls.aligned,calls.new,"
           "calls.other,calls.free,calls.failed\nT,,9223372036854775807,,,,0,,-1,\n");
}
END_TEST

START_TEST(test_table_in_the_order_of_its_view)
{
    static const char rest[] =
        "\"process\": {\"pid\": 7}, \"classes\": [{\"size\": 8, \"live_bytes\": 1}, "
        "{\"size\": 16, \"live_bytes\": 3, \"utilization\": 0.25}, {\"size\": 32}]";

    expect(&(struct ra_excerpt){.view = "classes", .fields = "size,utilization,live_bytes"}, rest,
           "time,process.pid,classes.size,classes.utilization,classes.live_bytes\n"
           "T,7,16,0.25,3\nT,7,8,,1\nT,7,32,,\n");
    expect(&(struct ra_excerpt){.view = "classes", .fields = "size", .limit = 1}, rest,
           "time,process.pid,classes.size\nT,7,16\n");
    expect(&(struct ra_excerpt){.view = "classes", .fields = "size", .sort = "size"}, rest,
           "time,process.pid,classes.size\nT,7,32\nT,7,16\nT,7,8\n");
}
END_TEST

START_TEST(test_table_without_rows)
{
    expect(&(struct ra_excerpt){.view = "advice"}, "\"advice\": []",
           "time,process.pid,advice.id,advice.text,advice.bytes\n");
}
END_TEST

static size_t count(const char *text, char wanted)
{
    size_t found = 0;

    for (; *text; text++) {
        found += *text == wanted;
    }
    return found;
}

/* Without a view: every single value once, under its name. */
START_TEST(test_report_has_all_single_values)
{
    char *text =
        print(&(struct ra_excerpt){0}, "\"process\": {\"forked\": false, \"own_allocator\": true}");
    size_t fields = 0;

    for (const struct ra_group *group = ruby_alloc_report_groups; group->name; group++) {
        for (size_t i = 0; group->row_bytes == 0 && i < group->field_count; i++, fields++) {
            char name[128];

            snprintf(name, sizeof name, ",%s.%s", group->name, group->fields[i].name);
            ck_assert_msg(strstr(text, name) != NULL, "%s", name);
        }
    }
    ck_assert_uint_eq(count(text, ','), 2 * fields);
    ck_assert_ptr_nonnull(strstr(text, ",false,"));
    ck_assert_ptr_nonnull(strstr(text, ",true,"));
    free(text);
}
END_TEST

START_TEST(test_views_of_a_group_name_the_process_once)
{
    char *text = print(&(struct ra_excerpt){.view = "identity"}, "\"process\": {\"pid\": 7}");

    ck_assert_int_eq(strncmp(text, "time,process.pid,process.ppid,", 30), 0);
    free(text);
}
END_TEST

START_TEST(test_list_has_no_field_that_counts_rows)
{
    char error[256] = "";
    struct ra_excerpt excerpt = {.fields = "pid,threads"};

    ck_assert_ptr_null(ra_csv_new(&excerpt, true, error, sizeof error));
    ck_assert_ptr_nonnull(strstr(error, "no field"));
    excerpt.fields = "pid,nonsense";
    ck_assert_ptr_null(ra_csv_new(&excerpt, true, error, sizeof error));
    ck_assert_ptr_nonnull(strstr(error, "nonsense"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("csv");
    TCase *tests = tcase_create("csv");

    tcase_add_loop_test(tests, test_texts, 0, sizeof texts / sizeof *texts);
    tcase_add_test(tests, test_numbers);
    tcase_add_test(tests, test_table_in_the_order_of_its_view);
    tcase_add_test(tests, test_table_without_rows);
    tcase_add_test(tests, test_report_has_all_single_values);
    tcase_add_test(tests, test_views_of_a_group_name_the_process_once);
    tcase_add_test(tests, test_list_has_no_field_that_counts_rows);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
