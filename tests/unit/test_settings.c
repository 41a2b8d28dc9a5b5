/* Environment variables: what is taken, what is ignored and noted in the log. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ruby_alloc/environment.h"
#include "shim/settings.h"

#include "suite.h"

static char log_path[256];

static void clear(void)
{
#define CLEAR(name, form, meaning) unsetenv(#name);
    RA_ENVIRONMENT(CLEAR)
    unsetenv("XDG_RUNTIME_DIR");
    snprintf(log_path, sizeof log_path, "%s/settings.%d", getenv("TEST_DIR"), (int)getpid());
    setenv("RUBY_ALLOC_LOG", log_path, 1);
}

/* The log so far, in static storage; empty if there is none. */
static const char *log_text(void)
{
    static char text[4096];
    FILE *file = fopen(log_path, "r");

    memset(text, 0, sizeof text);
    if (file) {
        size_t length = fread(text, 1, sizeof text - 1, file);
        text[length] = '\0';
        fclose(file);
    }
    return text;
}

START_TEST(test_defaults)
{
    ra_settings_read();
    ck_assert(!ra_settings.off);
    ck_assert(!ra_settings.all);
    ck_assert_uint_eq(ra_settings.interval_seconds, 10);
    ck_assert_ptr_null(ra_settings.directory);
    ck_assert_ptr_null(ra_settings.runtime);
    ck_assert_str_eq(ra_settings.log, log_path);
    ck_assert_str_eq(log_text(), "");
}
END_TEST

static const struct {
    const char *name, *value;
    bool off, all;
    unsigned interval;
} taken[] = {
    {"RUBY_ALLOC", "0", true, false, 10},
    {"RUBY_ALLOC", "1", false, false, 10},
    {"RUBY_ALLOC_ALL", "1", false, true, 10},
    {"RUBY_ALLOC_ALL", "0", false, false, 10},
    {"RUBY_ALLOC_INTERVAL", "0", false, false, 0},
    {"RUBY_ALLOC_INTERVAL", "1", false, false, 1},
    {"RUBY_ALLOC_INTERVAL", "86400", false, false, 86400},
    {"RUBY_ALLOC_INTERVAL", "", false, false, 10},
    {"RUBY_ALLOC", "", false, false, 10},
};

START_TEST(test_taken)
{
    setenv(taken[_i].name, taken[_i].value, 1);
    ra_settings_read();
    ck_assert_int_eq(ra_settings.off, taken[_i].off);
    ck_assert_int_eq(ra_settings.all, taken[_i].all);
    ck_assert_uint_eq(ra_settings.interval_seconds, taken[_i].interval);
    ck_assert_str_eq(log_text(), "");
}
END_TEST

static const char *const ignored[][2] = {
    {"RUBY_ALLOC", "no"},
    {"RUBY_ALLOC", "00"},
    {"RUBY_ALLOC", "2"},
    {"RUBY_ALLOC_DECAY", "off"},
    {"RUBY_ALLOC_HELPER", "none"},
    {"RUBY_ALLOC_TUNING", "no"},
    {"RUBY_ALLOC_ALL", "yes"},
    {"RUBY_ALLOC_INTERVAL", "-1"},
    {"RUBY_ALLOC_INTERVAL", "1.5"},
    {"RUBY_ALLOC_INTERVAL", "ten"},
    {"RUBY_ALLOC_INTERVAL", " 5"},
    {"RUBY_ALLOC_INTERVAL", "86401"},
    {"RUBY_ALLOC_INTERVAL", "99999999999999999999"},
    {"RUBY_ALLOC_DIR", "relative"},
};

START_TEST(test_ignored)
{
    char expected[256];

    setenv(ignored[_i][0], ignored[_i][1], 1);
    ra_settings_read();
    ck_assert(!ra_settings.off);
    ck_assert(!ra_settings.all);
    ck_assert_uint_eq(ra_settings.interval_seconds, 10);
    ck_assert_ptr_null(ra_settings.directory);
    snprintf(expected, sizeof expected, "%s=%s ignored: expected ", ignored[_i][0], ignored[_i][1]);
    ck_assert_ptr_nonnull(strstr(log_text(), expected));
}
END_TEST

/* A program that sets its title writes over the environment it was given. */
START_TEST(test_paths_are_copied)
{
    char directory[] = "RUBY_ALLOC_DIR=/some/where";

    putenv(directory);
    setenv("XDG_RUNTIME_DIR", "/run/me", 1);
    ra_settings_read();
    memset(strchr(directory, '=') + 1, 'x', 5);
    ck_assert_str_eq(ra_settings.directory, "/some/where");
    ck_assert_str_eq(ra_settings.runtime, "/run/me");
    clear();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("settings");
    TCase *tests = tcase_create("environment");

    tcase_add_checked_fixture(tests, clear, NULL);
    tcase_add_test(tests, test_defaults);
    tcase_add_loop_test(tests, test_taken, 0, sizeof taken / sizeof *taken);
    tcase_add_loop_test(tests, test_ignored, 0, sizeof ignored / sizeof *ignored);
    tcase_add_test(tests, test_paths_are_copied);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
