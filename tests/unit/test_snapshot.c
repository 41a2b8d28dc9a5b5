/*
 * The reader: snapshots of regions that are alive, end, and change while they are read.
 */
#include "reader_case.h"

START_TEST(test_snapshot_answered)
{
    pthread_t thread;
    struct ra_report *report;

    region->header.sampler_tid = 1;
    ck_assert_int_eq(pthread_create(&thread, NULL, answer_requests, map_own_region()), 0);
    expect_open(getpid(), RA_OK, NULL);
    for (int i = 0; i < 100; i++) {
        if (i % 2 == 0) {
            ruby_alloc_reader_ask(reader);
        }
        expect_snapshot(5000, RA_OK);
    }
    report = ruby_alloc_report_new(snapshot, NULL);
    ck_assert(!isnan(report->memory.sample_age));
    ruby_alloc_report_free(report);
}
END_TEST

START_TEST(test_snapshot_timeout)
{
    region->header.sampler_tid = 1;
    map_own_region();
    expect_open(getpid(), RA_OK, NULL);
    expect_snapshot(50, RA_TIMEOUT);
    expect_message("did not answer in time");
    expect_state("running");
    expect_snapshot(0, RA_OK);
}
END_TEST

START_TEST(test_snapshot_read_only)
{
    struct ra_region *mapped;

    region->header.sampler_tid = 1;
    mapped = map_own_region();
    expect_open(getpid(), RA_OK, NULL);
    expect_snapshot(0, RA_OK);
    ck_assert_uint_eq(mapped->header.request, 0);
}
END_TEST

START_TEST(test_snapshot_process_ends)
{
    int ready[2];
    char byte;
    pid_t pid;

    ck_assert_int_eq(pipe(ready), 0);
    pid = fork();
    if (pid == 0) {
        map_own_region();
        ck_assert_int_eq(write(ready[1], "x", 1), 1);
        pause();
        _exit(0);
    }
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    expect_open(pid, RA_OK, NULL);
    expect_snapshot(0, RA_OK);
    expect_state("running");
    kill(pid, SIGSTOP);
    expect_snapshot(0, RA_OK);
    kill(pid, SIGKILL);
    waitid(P_PID, (id_t)pid, NULL, WEXITED | WNOWAIT); /* a zombie has ended too */
    expect_snapshot(1000, RA_OK);
    expect_state("exited");
    waitpid(pid, NULL, 0);
    expect_snapshot(1000, RA_OK);
    expect_state("exited");
}
END_TEST

START_TEST(test_snapshot_removed)
{
    pid_t pid = ended_pid();

    write_region(region_path(pid, 1), region, BUILT_BYTES);
    expect_open(pid, RA_OK, NULL);
    unlink(region_path(pid, 1));
    expect_snapshot(0, RA_ABSENT);
    expect_message("has ended");
}
END_TEST

START_TEST(test_snapshot_removed_but_mapped)
{
    map_own_region();
    expect_open(getpid(), RA_OK, NULL);
    unlink(region_path(getpid(), own_start()));
    expect_snapshot(0, RA_OK);
    expect_state("running");
}
END_TEST

START_TEST(test_snapshot_replaced)
{
    const char *path = region_path(getpid(), own_start());
    struct ra_report *report;

    write_region(path, region, BUILT_BYTES);
    expect_open(getpid(), RA_OK, NULL);
    unlink(path);
    region->slots[0].alloc[0] = 5;
    write_region(path, region, BUILT_BYTES);
    expect_snapshot(0, RA_OK);
    report = ruby_alloc_report_new(snapshot, NULL);
    ck_assert_int_eq(report->totals.allocations, 5);
    ruby_alloc_report_free(report);
}
END_TEST

START_TEST(test_snapshot_truncated)
{
    static const off_t lengths[] = {0, 1, 8, 100, 1128, 4096, 12288, 49151};
    const char *path = region_path(getpid(), own_start());

    map_own_region();
    expect_open(getpid(), RA_OK, NULL);
    ck_assert_int_eq(truncate(path, lengths[_i]), 0);
    expect_snapshot(20, RA_DAMAGED);
    expect_message("is damaged");
}
END_TEST

START_TEST(test_snapshot_cut_slots)
{
    const char *path = region_path(getpid(), own_start());

    map_own_region();
    expect_open(getpid(), RA_OK, NULL);
    ck_assert_int_eq(truncate(path, BUILT_BYTES - 1), 0);
    expect_snapshot(0, RA_OK);
    ck_assert_int_eq(truncate(path, BUILT_BYTES * 20), 0);
    expect_snapshot(0, RA_OK);
}
END_TEST

START_TEST(test_sample_unfinished)
{
    struct ra_report *report;

    region->sample.sequence = 3;
    region->sample.known = 1;
    report = report_built(region);
    ck_assert_double_nan(report->memory.sample_age);
    ck_assert_int_eq(report->memory.allocated, RA_UNKNOWN);
    ruby_alloc_report_free(report);
}
END_TEST

START_TEST(test_texts_hostile)
{
    struct ra_report *report;

    memset(region->header.comm, 'c', sizeof(region->header.comm));
    memset(region->header.ruby_version, 0xff, RA_VERSION_BYTES);
    memset(region->header.command, 0x1b, RA_COMMAND_BYTES);
    memset(region->sample.command, 0xe2, RA_COMMAND_BYTES);
    report = report_built(region);
    ck_assert_str_eq(report->process.comm, "ccccccccccccccc");
    ck_assert_uint_eq(strlen(report->process.ruby_version), 4 * (RA_VERSION_BYTES - 1));
    ck_assert_uint_eq(strlen(report->process.command), 4 * (RA_COMMAND_BYTES - 1));
    ck_assert_int_eq(strncmp(report->process.command, "\\x1b\\x1b", 8), 0);
    ruby_alloc_report_free(report);
}
END_TEST

static void add_snapshot_tests(TCase *test_case)
{
    tcase_add_test(test_case, test_snapshot_answered);
    tcase_add_test(test_case, test_snapshot_timeout);
    tcase_add_test(test_case, test_snapshot_read_only);
    tcase_add_test(test_case, test_snapshot_process_ends);
    tcase_add_test(test_case, test_snapshot_removed);
    tcase_add_test(test_case, test_snapshot_removed_but_mapped);
    tcase_add_test(test_case, test_snapshot_replaced);
    tcase_add_loop_test(test_case, test_snapshot_truncated, 0, 8);
    tcase_add_test(test_case, test_snapshot_cut_slots);
    tcase_add_test(test_case, test_sample_unfinished);
    tcase_add_test(test_case, test_texts_hostile);
}

int main(void)
{
    Suite *suite = suite_create("snapshot");
    TCase *test_case = tcase_create("snapshot");

    tcase_add_checked_fixture(test_case, set_up, tear_down);
    add_snapshot_tests(test_case);
    suite_add_tcase(suite, test_case);
    return run_suite(suite);
}
