/*
 * Recordings: what is whole is found, what is damaged is left out and told, and nothing in
 * a file can do more than that.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "top/json.h"
#include "top/load.h"
#include "top/recorder.h"
#include "top/recording.h"
#include "top/skim.h"

#include "suite.h"

#define HEAD "{\"schema\": \"ruby_alloc.report/1\", \"time\": \"2026-11-23T09:30:00.123Z\", "
#define REPORT(pid, live)                                                                          \
    HEAD "\"process\": {\"pid\": " #pid "}, \"memory\": {\"live\": " #live "}}"
#define CUT HEAD "\"process\": {\"pid\": 7}, \"mem"

static char path[64];
static struct ra_recording *recording;
static struct ra_failure why;

static void set_up(void)
{
    int fd;

    strcpy(path, "/tmp/recording.XXXXXX");
    fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
}

static void tear_down(void)
{
    ra_recording_close(recording);
    recording = NULL;
    unlink(path);
}

static void add(const char *text, size_t size)
{
    int fd = open(path, O_WRONLY | O_APPEND);

    ck_assert_int_eq(write(fd, text, size), (ssize_t)size);
    close(fd);
}

static void open_with(const char *text)
{
    add(text, strlen(text));
    recording = ra_recording_open(path, NULL, &why);
    ck_assert_msg(recording != NULL, "%s", why.message);
}

static const struct ra_report *report(size_t i)
{
    const struct ra_report *found = ra_recording_report(recording, i, &why);

    ck_assert_msg(found != NULL, "%s", why.message);
    return found;
}

static const struct {
    const char *text;
    size_t count;
    const char *damage; /* NULL: whole */
} opened[] = {
    {REPORT(7, 1) "\n", 1, NULL},
    {REPORT(7, 1), 1, NULL},
    {REPORT(7, 1) "\n" REPORT(7, 2) "\n", 2, NULL},
    {REPORT(7, 1) "\r\n" REPORT(7, 2) "\r\n", 2, NULL},
    {"\xef\xbb\xbf" REPORT(7, 1) "\n" REPORT(7, 2) "\n", 2, NULL},
    {"\n\n  \t\n" REPORT(7, 1) "\n\n" REPORT(7, 2) "\n\n", 2, NULL},
    {"{\n \"schema\":\n\"ruby_alloc.report/1\"\n}\n", 1, NULL},
    {"{\"process\": {\"pid\": 7}, \"schema\": \"ruby_alloc.report/1\"}\n", 1, NULL},
    {HEAD "\"process\": {\"command\": \"\\\"}]{\\\\\"}}\n" REPORT(7, 2) "\n", 2, NULL},
    {REPORT(7, 1) "\n" CUT, 1, "line 2 is damaged: it is cut off; 1 of 2 lines left out"},
    {REPORT(7, 1) "\n" CUT "\n" REPORT(7, 2) "\n", 2,
     "line 2 is damaged: it is cut off; 1 of 3 lines left out"},
    {"\n" CUT "\n" REPORT(7, 2) "\n" CUT, 1,
     "line 2 is damaged: it is cut off; 2 of 3 lines left out"},
    {CUT REPORT(7, 1) "\n" REPORT(7, 2) "\n", 1,
     "line 1 is damaged: it is not JSON; 1 of 2 lines left out"},
    {REPORT(7, 1) REPORT(7, 2) "\n" REPORT(7, 3) "\n", 1,
     "line 1 is damaged: it is not JSON; 1 of 2 lines left out"},
    {"ruby\n" REPORT(7, 1) "\n", 1, "line 1 is damaged: it is not JSON; 1 of 2 lines left out"},
    {"[]\n{]\n}\n{}}\n\"{}\"\n" REPORT(7, 1) "\n", 1,
     "line 1 is damaged: it is not JSON; 5 of 6 lines left out"},
    {"{}\n" REPORT(7, 1) "\n", 1,
     "line 1 is damaged: its schema is 'none', not ruby_alloc.report/1; 1 of 2 lines left out"},
    {"{\"schema\": \"ruby_alloc.report/2\"}\n" REPORT(7, 1) "\n", 1,
     "line 1 is damaged: its schema is 'ruby_alloc.report/2', not ruby_alloc.report/1; "
     "1 of 2 lines left out"},
    {"{\"schema\": \"\x1b[31m\xff\"}\n" REPORT(7, 1) "\n", 1,
     "line 1 is damaged: it is not JSON; 1 of 2 lines left out"},
    {"{\"schema\": \"\xff\"}\n" REPORT(7, 1) "\n", 1,
     "line 1 is damaged: its schema is '\\xff', not ruby_alloc.report/1; 1 of 2 lines left out"},
};

START_TEST(test_open_counts)
{
    const char *damage;

    open_with(opened[_i].text);
    ck_assert_uint_eq(ra_recording_count(recording), opened[_i].count);
    damage = ra_recording_damage(recording);
    if (opened[_i].damage) {
        ck_assert_ptr_nonnull(damage);
        ck_assert_str_eq(damage, opened[_i].damage);
    } else {
        ck_assert_msg(damage == NULL, "%s", damage);
    }
    for (size_t i = 0; i < opened[_i].count; i++) {
        report(i);
    }
}
END_TEST

static const struct {
    const char *text, *message;
} unopened[] = {
    {"", "holds no report: it is empty"},
    {"\n\n", "holds no report: it is empty"},
    {CUT, "holds no report: line 1 is damaged: it is cut off"},
    {"puts 1\nputs 2\n",
     "holds no report: line 1 is damaged: it is not JSON; 2 of 2 lines left out"},
    {"{\"schema\": \"ruby_alloc.check/1\"}\n", "its schema is 'ruby_alloc.check/1'"},
};

START_TEST(test_open_without_reports)
{
    add(unopened[_i].text, strlen(unopened[_i].text));
    ck_assert_ptr_null(ra_recording_open(path, NULL, &why));
    ck_assert_int_eq(why.status, RA_DAMAGED);
    ck_assert_msg(strstr(why.message, unopened[_i].message) != NULL, "%s", why.message);
}
END_TEST

START_TEST(test_open_what_is_no_file)
{
    ck_assert_ptr_null(ra_recording_open("/nonexistent\n", NULL, &why));
    ck_assert_int_eq(why.status, RA_ABSENT);
    ck_assert_str_eq(why.message, "can't read /nonexistent\\x0a: No such file or directory");
    ck_assert_ptr_null(ra_recording_open("/", NULL, &why));
    ck_assert_str_eq(why.message, "can't read /: it is not a file");
    unlink(path);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_ptr_null(ra_recording_open(path, NULL, &why)); /* nobody writes to it */
    ck_assert_int_eq(why.status, RA_DAMAGED);
    ck_assert_msg(strstr(why.message, "holds no report: it is empty") != NULL, "%s", why.message);
}
END_TEST

START_TEST(test_report_and_its_place)
{
    open_with(REPORT(7, 1) "\n{\"schema\": \"ruby_alloc.report/1\"}\n");
    ck_assert_int_eq(report(0)->memory.live, 1);
    ck_assert_str_eq(report(0)->time, "2026-11-23T09:30:00.123Z");
    ck_assert_ptr_eq(report(0), report(0));
    ck_assert_int_eq(ra_recording_time(recording, 0), INT64_C(1795426200123));
    ck_assert_int_eq(ra_recording_pid(recording, 0), 7);
    ck_assert_int_eq(report(1)->memory.live, RA_UNKNOWN);
    ck_assert_int_eq(ra_recording_time(recording, 1), RA_UNKNOWN);
    ck_assert_int_eq(ra_recording_pid(recording, 1), RA_UNKNOWN);
    ck_assert_int_eq(report(0)->memory.live, 1);
}
END_TEST

/* What only a parser sees: counted once it was looked at, and numbers stay. */
START_TEST(test_report_found_damaged_late)
{
    open_with(REPORT(7, 1) "\n" REPORT(7, "x") "\n" REPORT(7, 01) "\n" REPORT(7, 2) "\n");
    ck_assert_uint_eq(ra_recording_count(recording), 4);
    ck_assert_ptr_null(ra_recording_damage(recording));
    for (int again = 0; again < 2; again++) {
        ck_assert_ptr_null(ra_recording_report(recording, 1, &why));
        ck_assert_int_eq(why.status, RA_DAMAGED);
        ck_assert_ptr_null(ra_recording_report(recording, 2, &why));
    }
    ck_assert_int_eq(report(3)->memory.live, 2);
    ck_assert_str_eq(ra_recording_damage(recording),
                     "line 2 is damaged: memory.live is not of the type that a report has there; "
                     "2 of 4 lines left out");
}
END_TEST

START_TEST(test_report_of_a_file_cut_off_meanwhile)
{
    open_with(REPORT(7, 1) "\n" REPORT(7, 2) "\n");
    ck_assert_int_eq(truncate(path, sizeof REPORT(7, 1) + 10), 0);
    ck_assert_int_eq(report(0)->memory.live, 1);
    ck_assert_ptr_null(ra_recording_report(recording, 1, &why));
    ck_assert_uint_eq(ra_recording_refresh(recording), 0);
}
END_TEST

START_TEST(test_choose_among_processes)
{
    const int64_t *pids;

    open_with(REPORT(7, 1) "\n" REPORT(9, 2) "\n" REPORT(8, 3) "\n" REPORT(9, 4) "\n");
    ck_assert_uint_eq(ra_recording_pids(recording, &pids), 3);
    ck_assert_int_eq(pids[0], 7);
    ck_assert_int_eq(pids[1], 8);
    ck_assert_int_eq(pids[2], 9);
    ck_assert_uint_eq(ra_recording_choose(recording, 9), 2);
    ck_assert_int_eq(report(0)->memory.live, 2);
    ck_assert_int_eq(report(1)->memory.live, 4);
    ck_assert_int_eq(ra_recording_pid(recording, 1), 9);
    add(REPORT(9, 5) "\n" REPORT(7, 6) "\n", 2 * sizeof REPORT(9, 5));
    ck_assert_uint_eq(ra_recording_refresh(recording), 2);
    ck_assert_uint_eq(ra_recording_count(recording), 3);
    ck_assert_int_eq(report(2)->memory.live, 5);
    ck_assert_uint_eq(ra_recording_choose(recording, 10), 0);
    ck_assert_uint_eq(ra_recording_choose(recording, 0), 6);
    ck_assert_int_eq(report(5)->memory.live, 6);
}
END_TEST

/* However a line comes, it is one report once it is there, and damage only until then. */
START_TEST(test_refresh_while_a_line_comes)
{
    static const char line[] = REPORT(7, 2) "\n" REPORT(7, 3) "\n";
    size_t first = (size_t)_i, length = sizeof REPORT(7, 2) - 1;

    open_with(REPORT(7, 1) "\n");
    add(line, first);
    ra_recording_refresh(recording);
    ck_assert_uint_eq(ra_recording_count(recording), first < length ? 1 : 2);
    ck_assert_int_eq(ra_recording_damage(recording) != NULL, first > 0 && first < length);
    add(line + first, sizeof line - 1 - first);
    ra_recording_refresh(recording);
    ck_assert_uint_eq(ra_recording_count(recording), 3);
    ck_assert_ptr_null(ra_recording_damage(recording));
    ck_assert_int_eq(report(1)->memory.live, 2);
    ck_assert_int_eq(report(2)->memory.live, 3);
    add("x\n", 2);
    ra_recording_refresh(recording);
    ck_assert_str_eq(ra_recording_damage(recording),
                     "line 4 is damaged: it is not JSON; 1 of 4 lines left out");
}
END_TEST

/* More than a chunk, and more than a report may be. */
START_TEST(test_open_long_lines)
{
    size_t size = (size_t)64 << 20;
    char *text = malloc(size);

    ck_assert_ptr_nonnull(text);
    memset(text, 'x', size);
    add(HEAD "\"process\": {\"command\": \"", sizeof HEAD "\"process\": {\"command\": \"" - 1);
    add(text, 1 << 20);
    add("\"}}\n" HEAD "\"long\": \"", sizeof "\"}}\n" HEAD "\"long\": \"" - 1);
    add(text, size);
    free(text);
    open_with("\"}\n" REPORT(7, 1) "\n");
    ck_assert_uint_eq(ra_recording_count(recording), 2);
    ck_assert_uint_eq(strlen(report(0)->process.command), 1 << 20);
    ck_assert_int_eq(report(1)->memory.live, 1);
    ck_assert_str_eq(ra_recording_damage(recording),
                     "line 2 is damaged: it is longer than 64 MiB; 1 of 3 lines left out");
}
END_TEST

START_TEST(test_open_zeroes_and_deep_brackets)
{
    char text[3000] = "";

    add(text, 100);
    memset(text, '[', sizeof text);
    memcpy(text, "\n{\"a\":", 6);
    add(text, sizeof text);
    open_with("\n" REPORT(7, 1) "\n");
    ck_assert_uint_eq(ra_recording_count(recording), 1);
    ck_assert_str_eq(ra_recording_damage(recording),
                     "line 1 is damaged: it is not JSON; 2 of 3 lines left out");
}
END_TEST

static enum ra_skim_verdict skim(const char *text, size_t size)
{
    struct ra_skim found;

    ra_skim_begin(&found);
    for (size_t i = 0; i < size; i++) {
        ra_skim_feed(&found, text + i, 1);
    }
    return ra_skim_end(&found);
}

/* Whatever can be loaded is skimmed as a report: nothing whole is left out. */
START_TEST(test_skim_takes_what_can_be_loaded)
{
    static const char good[] = REPORT(7, 1);
    static const char bytes[] = "\"\\{}[]:, \t\nxe-.09u\x01\x80\xff";
    char text[sizeof good], error[160];
    unsigned loaded = 0;

    for (size_t i = 0; i < sizeof good - 1; i++) {
        ck_assert_int_ne(skim(good, i), RA_SKIM_REPORT);
        for (size_t j = 0; j < sizeof bytes; j++) {
            struct ra_report *report;

            memcpy(text, good, sizeof good);
            text[i] = bytes[j];
            report = ra_load_text(text, sizeof good - 1, error, sizeof error);
            if (report) {
                ck_assert_msg(skim(text, sizeof good - 1) == RA_SKIM_REPORT, "%s", text);
                loaded++;
            }
            ra_load_free(report);
        }
    }
    ck_assert_uint_gt(loaded, 100);
}
END_TEST

static const struct {
    const char *before, *after; /* NULL: refused */
    bool is_cut;
} repaired[] = {
    {"", "", false},
    {REPORT(7, 1) "\n", REPORT(7, 1) "\n", false},
    {REPORT(7, 1), REPORT(7, 1) "\n", false},
    {REPORT(7, 1) "\n" CUT, REPORT(7, 1) "\n", true},
    {CUT, "", true},
    {"{\"sch", "", true},
    {"{\"schema\":\"ruby_alloc.report/2\"}\n", "{\"schema\":\"ruby_alloc.report/2\"}\n", false},
    {"puts 1\n", NULL, false},
    {"{\n", NULL, false},
    {"\n", NULL, false},
};

START_TEST(test_recorder_repairs)
{
    struct ra_recorder recorder;
    struct ra_failure note;
    struct ra_report empty = {.time = "now"};
    const char *expected = repaired[_i].after ? repaired[_i].after : repaired[_i].before;
    size_t length = strlen(expected);
    char text[1024] = "";
    FILE *file;

    add(repaired[_i].before, strlen(repaired[_i].before));
    ck_assert_int_eq(ra_recorder_open(&recorder, path, 0, &note, &why),
                     repaired[_i].after ? RA_OK : RA_SYSTEM);
    ck_assert_int_eq(note.message[0] != '\0', repaired[_i].is_cut);
    if (repaired[_i].after) {
        ck_assert_int_eq(ra_recorder_append(&recorder, &empty, &why), RA_OK);
    }
    ra_recorder_close(&recorder);
    file = fopen(path, "r");
    ck_assert_uint_lt(fread(text, 1, sizeof text - 1, file), sizeof text);
    fclose(file);
    ck_assert_msg(strncmp(text, expected, length) == 0, "%s", text);
    ck_assert_int_eq(strncmp(text + length, "{\"schema\": \"", 12) == 0,
                     repaired[_i].after != NULL);
    if (!repaired[_i].after) {
        ck_assert_uint_eq(strlen(text), length);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("recording");
    TCase *tests = tcase_create("recording");

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, test_open_counts, 0, sizeof opened / sizeof *opened);
    tcase_add_loop_test(tests, test_open_without_reports, 0, sizeof unopened / sizeof *unopened);
    tcase_add_test(tests, test_open_what_is_no_file);
    tcase_add_test(tests, test_report_and_its_place);
    tcase_add_test(tests, test_report_found_damaged_late);
    tcase_add_test(tests, test_report_of_a_file_cut_off_meanwhile);
    tcase_add_test(tests, test_choose_among_processes);
    tcase_add_loop_test(tests, test_refresh_while_a_line_comes, 0, sizeof REPORT(7, 2) + 1);
    tcase_add_test(tests, test_open_long_lines);
    tcase_add_test(tests, test_open_zeroes_and_deep_brackets);
    tcase_add_test(tests, test_skim_takes_what_can_be_loaded);
    tcase_add_loop_test(tests, test_recorder_repairs, 0, sizeof repaired / sizeof *repaired);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
