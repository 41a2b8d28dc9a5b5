/*
 * Numbers and text as people read them: every unit at its edges, what can't be
 * known, and what a terminal of another locale can't show.
 */
#include <check.h>
#include <locale.h>
#include <math.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>

#include "top/format.h"

#include "suite.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
#define KIB ((int64_t)1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

static const struct {
    int64_t bytes;
    const char *text;
} byte_rows[] = {
    {0, "0B"},
    {1, "1B"},
    {1023, "1023B"},
    {1024, "1.0KiB"},
    {1536, "1.5KiB"},
    {-1536, "-1.5KiB"},
    {MIB - 1, "1.0MiB"},
    {MIB - 52 * KIB, "972.0KiB"},
    {MIB, "1.0MiB"},
    {GIB - MIB, "1023.0MiB"},
    {GIB - 1, "1.0GiB"},
    {5 * 1024 * GIB, "5.0TiB"},
    {INT64_MAX, "8.0EiB"},
    {-INT64_MAX, "-8.0EiB"},
    {RA_UNKNOWN, "-"},
};

START_TEST(test_format_bytes)
{
    ck_assert_str_eq(ra_format_bytes(byte_rows[_i].bytes).text, byte_rows[_i].text);
}
END_TEST

static const struct {
    int64_t bytes;
    const char *text;
} size_rows[] = {
    {0, "0"},
    {40, "40"},
    {4096, "4096"},
    {16 * KIB - 1, "16383"},
    {16 * KIB, "16KiB"},
    {16 * KIB + 1, ">16KiB"},
    {16 * KIB + 2, "16386"},
    {20 * KIB, "20KiB"},
    {MIB, "1MiB"},
    {MIB + 1, ">1MiB"},
    {1280 * KIB, "1280KiB"},
    {3 * GIB, "3GiB"},
    {RA_UNKNOWN, "-"},
};

START_TEST(test_format_size)
{
    ck_assert_str_eq(ra_format_size(size_rows[_i].bytes).text, size_rows[_i].text);
}
END_TEST

static const struct {
    int64_t count;
    const char *text;
} count_rows[] = {
    {0, "0"},
    {999999, "999999"},
    {1000000, "1.00M"},
    {1234567, "1.23M"},
    {9994999, "9.99M"},
    {9996000, "10.0M"},
    {99960000, "100M"},
    {999499999, "999M"},
    {999500000, "1.00G"},
    {INT64_MAX, "9.22E"},
    {-5, "-5"},
    {RA_UNKNOWN, "-"},
};

START_TEST(test_format_count)
{
    ck_assert_str_eq(ra_format_count(count_rows[_i].count).text, count_rows[_i].text);
}
END_TEST

START_TEST(test_format_rate_share)
{
    ck_assert_str_eq(ra_format_rate(NAN).text, "-");
    ck_assert_str_eq(ra_format_rate(INFINITY).text, "-");
    ck_assert_str_eq(ra_format_rate(0).text, "0/s");
    ck_assert_str_eq(ra_format_rate(0.5).text, "0.5/s");
    ck_assert_str_eq(ra_format_rate(9.96).text, "10/s");
    ck_assert_str_eq(ra_format_rate(1234567.8).text, "1.23M/s");
    ck_assert_str_eq(ra_format_rate(1e300).text, "1e+300/s");
    ck_assert_str_eq(ra_format_share(NAN).text, "-");
    ck_assert_str_eq(ra_format_share(0.42).text, "42.0%");
    ck_assert_str_eq(ra_format_share(1).text, "100.0%");
}
END_TEST

static const struct {
    double seconds;
    const char *text;
} duration_rows[] = {
    {0, "0.000s"},      {0.012, "0.012s"},   {0.9999, "1s"},    {59.4, "59s"},
    {59.6, "1m00s"},    {1801, "30m01s"},    {3599.9, "1h00m"}, {18120, "5h02m"},
    {86399.9, "1d00h"}, {1047600, "12d03h"}, {1e300, "-"},      {INFINITY, "-"},
};

START_TEST(test_format_duration)
{
    ck_assert_str_eq(ra_format_duration(duration_rows[_i].seconds).text, duration_rows[_i].text);
    ck_assert_str_eq(ra_format_duration(NAN).text, "-");
}
END_TEST

/* In place of the C library's. */
static int asked;
struct passwd *getpwuid(uid_t uid)
{
    static char root[] = "root";
    static struct passwd user = {.pw_name = root};

    asked++;
    return uid == 0 ? &user : NULL;
}

/* Users take turns in the rows of a list that is drawn each second. */
START_TEST(test_format_user_is_asked_for_once)
{
    for (int64_t i = 0; i < 1000; i++) {
        int64_t uid = i % 40;
        char number[24];

        snprintf(number, sizeof number, "%d", (int)uid);
        ck_assert_str_eq(ra_format_user(uid).text, uid == 0 ? "root" : number);
    }
    ck_assert_int_eq(asked, 40);
    for (int64_t uid = 0; uid < 1000; uid++) {
        ra_format_user(uid);
    }
    ck_assert_str_eq(ra_format_user(0).text, "root");
    ck_assert_str_eq(ra_format_user(999).text, "999");
}
END_TEST

START_TEST(test_format_user)
{
    ck_assert_str_eq(ra_format_user(0).text, "root");
    ck_assert_str_eq(ra_format_user(3999999999).text, "3999999999");
    ck_assert_str_eq(ra_format_user(RA_UNKNOWN).text, "-");
}
END_TEST

static const struct {
    const char *locale, *text, *expected;
    int columns, used;
    size_t size;
} fit_rows[] = {
    {"C.UTF-8", "plain", "plain", 80, 5, 64},
    {"C.UTF-8", "plain", "pla", 3, 3, 64},
    {"C.UTF-8", "plain", "pla", 80, 3, 4},
    {"C.UTF-8", "plain", "", 0, 0, 64},
    {"C.UTF-8", "caf\xc3\xa9!", "caf\xc3\xa9!", 80, 5, 64},
    {"C.UTF-8", "caf\xc3\xa9!", "caf\xc3\xa9", 4, 4, 64},
    {"C.UTF-8", "caf\xc3\xa9!", "caf", 80, 3, 5},
    {"C.UTF-8", "\xe6\x97\xa5\xe6\x9c\xac", "\xe6\x97\xa5", 3, 2, 64}, /* two columns each */
    {"C.UTF-8", "a\xff\x1b[31mb\x7f", "a??[31mb?", 80, 9, 64},
    {"C", "caf\xc3\xa9", "caf??", 80, 5, 64},
    {"C", "\x1b[2J", "?[2J", 80, 4, 64},
};

START_TEST(test_format_fit)
{
    char out[64];

    ck_assert_ptr_nonnull(setlocale(LC_CTYPE, fit_rows[_i].locale));
    ck_assert_int_eq(ra_format_fit(out, fit_rows[_i].size, fit_rows[_i].text, fit_rows[_i].columns),
                     fit_rows[_i].used);
    ck_assert_str_eq(out, fit_rows[_i].expected);
}
END_TEST

static const struct {
    const char *text, *rest;
    int columns;
} cut_rows[] = {
    {"plain", "plain", 0},
    {"plain", "ain", 2},
    {"plain", "", 80},
    {"caf\xc3\xa9!", "\xc3\xa9!", 3},
    {"caf\xc3\xa9!", "!", 4},
    {"\xe6\x97\xa5\xe6\x9c\xac", "\xe6\x9c\xac", 1}, /* no half of two columns */
    {"live 120.0MiB r", "120.0MiB r", 5},
    {"live 120.0MiB r", "        r", 6}, /* not 20.0MiB */
    {"live ~20.0MiB r", "        r", 6},
    {"/srv/app1 run", "app1 run", 5}, /* a path, no number */
    {"7", "", 1},
};

START_TEST(test_format_cut)
{
    char text[64];

    ck_assert_ptr_nonnull(setlocale(LC_CTYPE, "C.UTF-8"));
    snprintf(text, sizeof text, "%s", cut_rows[_i].text);
    ra_format_cut(text, cut_rows[_i].columns);
    ck_assert_str_eq(text, cut_rows[_i].rest);
}
END_TEST

START_TEST(test_format_columns_are_those_that_fit)
{
    char out[64];

    for (size_t i = 0; i < COUNT_OF(fit_rows); i++) {
        ck_assert_ptr_nonnull(setlocale(LC_CTYPE, fit_rows[i].locale));
        ck_assert_int_eq(ra_format_columns(fit_rows[i].text),
                         ra_format_fit(out, sizeof out, fit_rows[i].text, 1000));
    }
}
END_TEST

static void add_formats(Suite *suite)
{
    TCase *formats = tcase_create("format");

    tcase_add_loop_test(formats, test_format_bytes, 0, COUNT_OF(byte_rows));
    tcase_add_loop_test(formats, test_format_size, 0, COUNT_OF(size_rows));
    tcase_add_loop_test(formats, test_format_count, 0, COUNT_OF(count_rows));
    tcase_add_loop_test(formats, test_format_duration, 0, COUNT_OF(duration_rows));
    tcase_add_loop_test(formats, test_format_fit, 0, COUNT_OF(fit_rows));
    tcase_add_loop_test(formats, test_format_cut, 0, COUNT_OF(cut_rows));
    tcase_add_test(formats, test_format_columns_are_those_that_fit);
    tcase_add_test(formats, test_format_rate_share);
    tcase_add_test(formats, test_format_user);
    tcase_add_test(formats, test_format_user_is_asked_for_once);
    suite_add_tcase(suite, formats);
}

int main(void)
{
    Suite *suite = suite_create("format");

    add_formats(suite);
    return run_suite(suite);
}
