/* The list of regions: what anybody can put among them is told apart, and costs no wait. */
#include "reader_case.h"

#include <time.h>

#include "reader/list.h"
#include "reader/session.h"

static struct ra_list list;

static void tear_list_down(void)
{
    ra_list_release(&list);
    tear_down();
}

static void make_list(void)
{
    ra_list_release(&list);
    ck_assert_msg(ra_list_make(&list, &why) == RA_OK, "%s", why.message);
}

static void expect_list(size_t count, size_t strangers)
{
    make_list();
    ck_assert_uint_eq(list.count, count);
    ck_assert_uint_eq(list.strangers, strangers);
    ck_assert_uint_eq(list.denied, 0);
}

static void change_word(const char *path, off_t at, uint32_t word)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    ck_assert_int_eq(pwrite(fd, &word, sizeof(word), at), sizeof(word));
    close(fd);
}

/* Of the dead: each kind of file that is no region. */
START_TEST(test_list_strangers)
{
    pid_t ended = ended_pid();
    char path[PATH_MAX + 32];

    expect_list(0, 0);
    write_region(region_path(ended, 1), region, 0);
    write_region(region_path(ended, 2), region, sizeof(struct ra_header) - 1);
    write_region(region_path(ended, 3), region, BUILT_BYTES);
    change_word(region_path(ended, 3), offsetof(struct ra_header, magic), 0);
    write_region(region_path(ended, 4), region, BUILT_BYTES);
    change_word(region_path(ended, 4), offsetof(struct ra_header, ready), 0);
    snprintf(path, sizeof(path), "%s/ruby_alloc.7.8.9", built_dir); /* of no namespace seen here */
    write_region(path, region, 10);
    expect_list(0, 5);
    write_region(region_path(ended, 5), region, BUILT_BYTES);
    expect_list(1, 5);
    ck_assert_int_eq(list.regions[0].pid, ended);
    ck_assert(list.regions[0].is_left && !list.regions[0].is_unready);
}
END_TEST

/* One that is as empty, but of a living process, may come into being just now. */
START_TEST(test_list_being_made)
{
    write_region(region_path(getpid(), own_start()), region, 0);
    write_region(region_path(getpid(), own_start() + 1), region, 0);
    expect_list(1, 1);
    ck_assert(list.regions[0].is_unready);
    write_region(region_path(getpid(), 1), region, BUILT_BYTES);
    expect_list(2, 1);
    ck_assert(!list.regions[0].is_unready);
    ck_assert(list.regions[1].is_unready);
    ck_assert_uint_eq(ra_list_next(&list, 0), 2);
}
END_TEST

/* As if a process had left several: the newest that can be one is taken, from whatever directory. */
START_TEST(test_list_opens_what_was_left)
{
    pid_t ended = ended_pid();
    char run[PATH_MAX];
    char path[PATH_MAX + 96];

    snprintf(run, sizeof(run), "%.4000s/" RA_RUN_PREFIX "abcdef", built_dir);
    ck_assert_int_eq(mkdir(run, 0700), 0);
    write_region(region_path(ended, 1), region, BUILT_BYTES);
    write_region(region_path(ended, 2), region, BUILT_BYTES);
    snprintf(path, sizeof(path), "%s/%s", run, strrchr(region_path(ended, 3), '/') + 1);
    write_region(path, region, BUILT_BYTES);
    make_list();
    ck_assert_uint_eq(list.count, 3);
    ck_assert_int_eq(ra_list_open(&reader, &list, 0, 0, &why), RA_OK);
    ck_assert_str_eq(reader->place.path, path);
    ruby_alloc_reader_close(reader);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(ra_list_open(&reader, &list, 0, 0, &why), RA_OK);
    ck_assert_str_eq(reader->place.path, region_path(ended, 2));
}
END_TEST

/* As in the trees of containers, which may all show one. */
START_TEST(test_list_reads_a_directory_once)
{
    size_t found = 0;

    unsetenv("RUBY_ALLOC_DIR");
    setenv("XDG_RUNTIME_DIR", "/tmp", 1);
    make_list();
    for (size_t i = 0; i < list.directory_count; i++) {
        found += strcmp(list.directories[i].path, "/tmp") == 0;
    }
    ck_assert_uint_eq(found, 1);
}
END_TEST

static double seconds(void)
{
    return (double)ra_session_clock(CLOCK_MONOTONIC) / 1e9;
}

/* Nobody finishes what a dead process has begun: a hundred such were 20 seconds of waiting. */
START_TEST(test_open_waits_for_no_dead)
{
    pid_t ended = ended_pid();
    double start = seconds();

    write_region(region_path(ended, 1), region, _i == 0 ? 0 : BUILT_BYTES);
    if (_i == 1) {
        change_word(region_path(ended, 1), offsetof(struct ra_header, ready), 0);
    }
    for (int i = 0; i < 100; i++) {
        expect_open(ended, RA_DAMAGED, "is damaged");
    }
    ck_assert_msg(seconds() - start < 10, "waited %.1f s for nothing", seconds() - start);
}
END_TEST

/* Nor what was begun long ago. */
START_TEST(test_open_waits_for_nothing_old)
{
    const struct timespec tenth = {.tv_nsec = 100000000};
    const char *path = region_path(getpid(), own_start());
    double start;
    struct stat file;

    write_region(path, region, 0);
    ck_assert_int_eq(stat(path, &file), 0);
    for (int i = 0; i < 100 && time(NULL) - file.st_ctime < 2; i++) {
        nanosleep(&tenth, NULL);
    }
    start = seconds();
    for (int i = 0; i < 100; i++) {
        expect_open(getpid(), RA_DAMAGED, "is damaged");
    }
    ck_assert_msg(seconds() - start < 10, "waited %.1f s for nothing", seconds() - start);
}
END_TEST

/* Once asked, a process may be looked at without any wait: whether it has answered. */
START_TEST(test_snapshot_after_asking)
{
    struct ra_region *mapped = map_own_region();
    double start = seconds();

    mapped->header.sampler_tid = 1;
    make_list();
    for (int i = 0; i < 100; i++) {
        ck_assert_int_eq(ra_list_open(&reader, &list, 0, 0, &why), RA_OK);
        ruby_alloc_reader_ask(reader);
        expect_snapshot(0, RA_TIMEOUT);
        ruby_alloc_reader_ask(reader);
        mapped->header.answered = mapped->header.request;
        expect_snapshot(0, RA_OK);
        expect_snapshot(0, RA_OK); /* not asked again */
        ruby_alloc_reader_close(reader);
        reader = NULL;
    }
    ck_assert_uint_eq(mapped->header.request, 200);
    ck_assert_msg(seconds() - start < 10, "waited %.1f s", seconds() - start);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("list");
    TCase *test_case = tcase_create("list");

    tcase_add_checked_fixture(test_case, set_up, tear_list_down);
    tcase_set_timeout(test_case, 60);
    tcase_add_test(test_case, test_list_strangers);
    tcase_add_test(test_case, test_list_being_made);
    tcase_add_test(test_case, test_list_opens_what_was_left);
    tcase_add_test(test_case, test_list_reads_a_directory_once);
    tcase_add_loop_test(test_case, test_open_waits_for_no_dead, 0, 2);
    tcase_add_test(test_case, test_open_waits_for_nothing_old);
    tcase_add_test(test_case, test_snapshot_after_asking);
    suite_add_tcase(suite, test_case);
    return run_suite(suite);
}
