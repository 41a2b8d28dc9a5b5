/*
 * Replay: where one is in a recording stays the same moment, whoever is looked at.
 */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "top/replay.h"

#include "suite.h"

/* The processes of the reports, one a second; what report i has live is i. */
static const int pids[] = {7, 8, 7, 7, 8, 9, 7};
enum { REPORTS = sizeof pids / sizeof *pids };

static char path[64];
static struct ra_model model;
static struct ra_replay *replay;

static void set_up(void)
{
    struct ra_failure why;
    FILE *file;
    int fd;

    strcpy(path, "/tmp/replay.XXXXXX");
    fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    file = fdopen(fd, "w");
    ck_assert_ptr_nonnull(file);
    for (int i = 0; i < REPORTS; i++) {
        fprintf(file,
                "{\"schema\": \"ruby_alloc.report/1\", \"time\": \"2026-11-23T09:30:%02d.000Z\", "
                "\"process\": {\"pid\": %d}, \"memory\": {\"live\": %d}}\n",
                i, pids[i], i);
    }
    ck_assert_int_eq(fclose(file), 0);
    replay = ra_replay_open(&model, path, 0, &why);
    ck_assert_msg(replay != NULL, "%s", why.message);
}

static void tear_down(void)
{
    ra_replay_close(replay);
    ra_model_clear(&model);
    unlink(path);
}

/* The position and report that are shown. */
static void expect_shown(size_t position, int report)
{
    char time[64];

    snprintf(time, sizeof time, "2026-11-23T09:30:%02d.000Z", report);
    ck_assert_msg(ra_replay_position(replay) == position, "at position %zu, expected %zu",
                  ra_replay_position(replay), position);
    ck_assert_str_eq(ra_replay_time(replay), time);
}

/* Which report of a process is shown from which moment on: its last one until then. */
static const struct {
    size_t moment; /* a report of the whole recording */
    int pid;
    size_t position; /* among the process's own */
    int report;
} watched[] = {
    {0, 7, 0, 0}, {1, 7, 0, 0}, {2, 7, 1, 2}, {3, 7, 2, 3}, {5, 7, 2, 3},
    {6, 7, 3, 6}, {1, 8, 0, 1}, {3, 8, 0, 1}, {4, 8, 1, 4}, {6, 8, 1, 4},
    {6, 9, 0, 5}, {5, 9, 0, 5}, {0, 9, 0, 5}, /* not there yet: its first */
};

START_TEST(test_watching_keeps_the_moment)
{
    ra_replay_go(replay, watched[_i].moment);
    ra_replay_watch(replay, watched[_i].pid);
    expect_shown(watched[_i].position, watched[_i].report);
    ck_assert_ptr_nonnull(model.report);
    ck_assert_int_eq(model.report->process.pid, watched[_i].pid);
    ck_assert_int_eq(model.report->memory.live, watched[_i].report);
}
END_TEST

/* And back: where the process's report lies among those of all. */
START_TEST(test_going_back_to_the_list_keeps_the_moment)
{
    size_t moment = (size_t)watched[_i].report;

    ra_replay_go(replay, watched[_i].moment);
    ra_replay_watch(replay, watched[_i].pid);
    ra_replay_watch(replay, 0);
    expect_shown(moment, watched[_i].report);
    ck_assert_uint_eq(ra_replay_count(replay), REPORTS);
}
END_TEST

START_TEST(test_going_beyond_the_end_shows_the_last)
{
    ra_replay_go(replay, REPORTS);
    expect_shown(REPORTS - 1, REPORTS - 1);
    ra_replay_watch(replay, 8);
    ck_assert_uint_eq(ra_replay_count(replay), 2);
    ra_replay_go(replay, 2);
    expect_shown(1, 4);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("replay");
    TCase *tests = tcase_create("replay");

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, test_watching_keeps_the_moment, 0, sizeof watched / sizeof *watched);
    tcase_add_loop_test(tests, test_going_back_to_the_list_keeps_the_moment, 0,
                        sizeof watched / sizeof *watched);
    tcase_add_test(tests, test_going_beyond_the_end_shows_the_last);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
