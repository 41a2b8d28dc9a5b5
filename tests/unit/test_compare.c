/*
 * The arithmetic of --compare: values, rows that one side lacks, tables of different
 * jemallocs, and numbers that no report should hold.
 */
#include <check.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "top/compare.h"
#include "top/fields.h"
#include "top/load.h"

#include "suite.h"

static struct ra_report *a, *b;

static struct ra_report *load(const char *rest)
{
    char text[2048], error[256] = "";
    int length = snprintf(text, sizeof text, "{\"schema\": \"ruby_alloc.report/1\", %s}", rest);
    struct ra_report *report = ra_load_text(text, (size_t)length, error, sizeof error);

    ck_assert_msg(report != NULL, "%s", error);
    return report;
}

static void load_both(const char *before, const char *after)
{
    a = load(before);
    b = load(after);
}

static void tear_down(void)
{
    ra_load_free(a);
    ra_load_free(b);
    a = b = NULL;
}

static const struct {
    const char *a, *b;
    int64_t difference;
} lives[] = {
    {"1000", "1500", 500},
    {"1500", "1000", -500},
    {"0", "0", 0},
    {"null", "1500", RA_UNKNOWN},
    {"1500", "null", RA_UNKNOWN},
    {"-9223372036854775807", "9223372036854775807", RA_UNKNOWN},
    {"9223372036854775807", "-1", RA_UNKNOWN},
    {"9223372036854775807", "0", -INT64_MAX},
};

START_TEST(test_compare_live)
{
    char before[100], after[100];

    snprintf(before, sizeof before, "\"memory\": {\"live\": %s}", lives[_i].a);
    snprintf(after, sizeof after, "\"memory\": {\"live\": %s}", lives[_i].b);
    load_both(before, after);
    ck_assert_int_eq(ra_compare_live(a, b).difference, lives[_i].difference);
}
END_TEST

#define CLASS(size, objects)                                                                       \
    "{\"size\": " #size ", \"live_bytes\": " #size #objects ", \"live_objects\": " #objects "}"

/* The rows' keys and differences, as text: "size: bytes objects, ...". */
static void expect_rows(const struct ra_compare_table *table, const char *expected)
{
    const struct ra_group *group = ra_group_find(table->group);
    size_t count;
    struct ra_compare_row *rows = ra_compare_rows(table, a, b, &count);
    char found[1024] = "";
    size_t used = 0;

    for (size_t i = 0; i < count; i++) {
        const void *record = rows[i].a ? rows[i].a : rows[i].b;

        used +=
            (size_t)snprintf(found + used, sizeof found - used, "%s%" PRId64 ":", used ? ", " : "",
                             ra_field_int(ra_field_find(group, table->keys[0]), record));
        for (size_t j = 0; j < 2; j++) {
            const struct ra_field *field = ra_field_find(group, table->values[j]);
            struct ra_delta delta = ra_compare_int(field, rows[i].a, rows[i].b);

            used += delta.difference == RA_UNKNOWN
                        ? (size_t)snprintf(found + used, sizeof found - used, " -")
                        : (size_t)snprintf(found + used, sizeof found - used, " %+" PRId64,
                                           delta.difference);
        }
    }
    free(rows);
    ck_assert_str_eq(found, expected);
}

/* 48 grows by 2 objects; in CLASS a size's bytes are its digits followed by the objects'. */
START_TEST(test_rows_by_absolute_difference)
{
    load_both("\"classes\": [" CLASS(8, 5) ", " CLASS(48, 1) ", " CLASS(640, 9) "]",
              "\"classes\": [" CLASS(8, 5) ", " CLASS(48, 3) ", " CLASS(640, 2) "]");
    expect_rows(&ra_compare_tables[0], "640: -7 -7, 48: +2 +2");
}
END_TEST

/* As between two jemallocs: 40 is on one side only, 56 on the other; rows in any order. */
START_TEST(test_rows_that_one_side_lacks)
{
    load_both("\"classes\": [" CLASS(48, 1) ", " CLASS(40, 2) "]",
              "\"classes\": [" CLASS(56, 3) ", " CLASS(48, 1) "]");
    expect_rows(&ra_compare_tables[0], "56: +563 +3, 40: -402 -2");
}
END_TEST

START_TEST(test_rows_with_equal_keys_and_unknown_values)
{
    load_both(
        "\"classes\": [" CLASS(48, 1) ", " CLASS(48, 2) ", {\"size\": 64, \"live_bytes\": 1}]",
        "\"classes\": [" CLASS(48, 4) ", {\"size\": 64, \"live_objects\": 5}]");
    /* Which of two equal keys is matched is anyone's guess: one is, the other counts as gone. */
    struct ra_compare_row *rows;
    size_t count;

    rows = ra_compare_rows(&ra_compare_tables[0], a, b, &count);
    ck_assert_uint_eq(count, 2);
    free(rows);
}
END_TEST

START_TEST(test_rows_of_sizes_match_by_both_ends)
{
    load_both(
        "\"sizes\": [{\"min\": 33, \"max\": 40, \"requested_bytes\": 400, \"allocations\": 10}]",
        "\"sizes\": [{\"min\": 33, \"max\": 48, \"requested_bytes\": 480, \"allocations\": 10}, "
        "{\"min\": 33, \"max\": 40, \"requested_bytes\": 440, \"allocations\": 11}]");
    expect_rows(&ra_compare_tables[1], "33: +480 +10, 33: +40 +1");
}
END_TEST

START_TEST(test_rows_without_any)
{
    load_both("\"classes\": []", "\"memory\": {}");
    expect_rows(&ra_compare_tables[0], "");
}
END_TEST

static json_t *compared(int64_t limit)
{
    struct ra_compare_side before = {.report = a, .source = "f", .number = 1, .of = 2};
    struct ra_compare_side after = {.report = b};
    json_t *object = ra_compare_json(&before, &after, limit);

    ck_assert_ptr_nonnull(object);
    return object;
}

static int64_t number_at(const json_t *object, const char *group, const char *field,
                         const char *key)
{
    const json_t *value =
        json_object_get(json_object_get(json_object_get(object, group), field), key);

    ck_assert_msg(json_is_integer(value), "%s.%s.%s", group, field, key);
    return json_integer_value(value);
}

START_TEST(test_json)
{
    json_t *object;

    load_both("\"memory\": {\"live\": 10, \"rss\": 100, \"sample_age\": 1.5}",
              "\"memory\": {\"live\": 30, \"rss\": null}, \"fragmentation\": {\"ratio\": 1.5}");
    object = compared(19);
    ck_assert_str_eq(json_string_value(json_object_get(object, "schema")), RA_COMPARE_SCHEMA);
    ck_assert_int_eq(number_at(object, "memory", "live", "a"), 10);
    ck_assert_int_eq(number_at(object, "memory", "live", "b"), 30);
    ck_assert_int_eq(number_at(object, "memory", "live", "difference"), 20);
    ck_assert_int_eq(number_at(object, "memory", "rss", "a"), 100);
    ck_assert(json_is_null(
        json_object_get(json_object_get(json_object_get(object, "memory"), "rss"), "difference")));
    ck_assert_ptr_null(json_object_get(json_object_get(object, "memory"), "sample_age"));
    ck_assert(json_is_true(json_object_get(json_object_get(object, "fail_over"), "exceeded")));
    json_decref(object);
    object = compared(20);
    ck_assert(json_is_false(json_object_get(json_object_get(object, "fail_over"), "exceeded")));
    json_decref(object);
    object = compared(-1);
    ck_assert(json_is_null(json_object_get(object, "fail_over")));
    json_decref(object);
}
END_TEST

/* Extremes of every value, and texts that would spoil a terminal. */
START_TEST(test_text_stays_within_the_page)
{
    static const char wide[] =
        "\"process\": {\"pid\": 9223372036854775807, \"command\": \"\\u001b[31m%s\"}, "
        "\"memory\": {\"requested\": 9223372036854775807, \"live\": %s9223372036854775807}, "
        "\"classes\": [{\"size\": 9223372036854775807, \"live_bytes\": %s9223372036854775807, "
        "\"live_objects\": %s9223372036854775807}], "
        "\"sizes\": [{\"min\": 9223372036854775806, \"max\": 9223372036854775807, "
        "\"requested_bytes\": %s1, \"allocations\": %s9223372036854775}]";
    char before[1024], after[1024], words[200] = "";
    struct ra_page page = {.width = 80};

    memset(words, 'w', sizeof words - 1);
    snprintf(before, sizeof before, wide, words, "", "", "", "", "");
    snprintf(after, sizeof after, wide, words, "-", "-", "-", "-", "-");
    load_both(before, after);
    ra_compare_draw(&(struct ra_compare_side){.report = a, .source = words, .number = 1, .of = 2},
                    &(struct ra_compare_side){.report = b}, &page);
    ck_assert(!page.failed);
    ck_assert_uint_gt(page.count, 20);
    for (size_t i = 0; i < page.count; i++) {
        /* A size of 2^63 - 1 is wider than any column; no jemalloc has one. */
        if (strstr(page.lines[i].text, "9223372036854775807") == NULL) {
            ck_assert_msg(strlen(page.lines[i].text) <= 80, "%s", page.lines[i].text);
        }
        ck_assert_ptr_null(strchr(page.lines[i].text, '\x1b'));
    }
    ra_page_clear(&page);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("compare");
    TCase *tests = tcase_create("compare");

    tcase_add_checked_fixture(tests, NULL, tear_down);
    tcase_add_loop_test(tests, test_compare_live, 0, sizeof lives / sizeof *lives);
    tcase_add_test(tests, test_rows_by_absolute_difference);
    tcase_add_test(tests, test_rows_that_one_side_lacks);
    tcase_add_test(tests, test_rows_with_equal_keys_and_unknown_values);
    tcase_add_test(tests, test_rows_of_sizes_match_by_both_ends);
    tcase_add_test(tests, test_rows_without_any);
    tcase_add_test(tests, test_json);
    tcase_add_test(tests, test_text_stays_within_the_page);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
