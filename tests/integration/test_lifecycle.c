/* A region's life: made, found, forked, replaced, removed or left behind. */
#include "helper.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ruby_alloc/reader.h"
#include "ruby_alloc/region.h"

/* Start the victim program with these variables and no others of ours. */
static void start(struct victim *victim, const char *script, const char *const *variables)
{
    const char *arguments[] = {build_path("tests/integration/victim"), script, NULL};

    spawn(victim, PRELOAD_OURS, variables, arguments);
    channel_ready(&victim->main);
}

static const char *directory_variable(void)
{
    static char text[PATH_BYTES + 32];

    snprintf(text, sizeof text, "RUBY_ALLOC_DIR=%s", temporary_path("."));
    setenv("RUBY_ALLOC_DIR", strchr(text, '=') + 1, 1);
    return text;
}

static size_t count_regions(const char *directory)
{
    DIR *entries = opendir(directory);
    struct dirent *entry;
    size_t count = 0;

    ck_assert_ptr_nonnull(entries);
    while ((entry = readdir(entries)) != NULL) {
        count += strncmp(entry->d_name, RA_REGION_PREFIX, strlen(RA_REGION_PREFIX)) == 0;
    }
    closedir(entries);
    return count;
}

/*
 * Reserved: no SIGBUS later. A forked child's file has a hole, until something is put there,
 * and a slot less. Behind the slots all files have one: they are as long as they may ever be.
 */
static void require_file(const char *path, bool whole)
{
    enum {
        HOLE_AT = offsetof(struct ra_region, inherited.large),
        SLOTS_AT = offsetof(struct ra_region, slots),
        FULL = SLOTS_AT + RA_SLOT_MAX * RA_SLOT_BYTES,
    };
    struct stat status;

    ck_assert_int_eq(lstat(path, &status), 0);
    ck_assert(S_ISREG(status.st_mode));
    ck_assert_int_eq(status.st_mode & 07777, 0600);
    ck_assert_int_eq(status.st_uid, geteuid());
    ck_assert_int_eq(status.st_size, FULL);
    ck_assert_int_le(status.st_blocks * 512, 128 * 1024);
    ck_assert_int_ge(status.st_blocks * 512, (whole ? SLOTS_AT : HOLE_AT) + RA_SLOT_BYTES);
}

START_TEST(test_region_is_removed_at_exit)
{
    struct victim victim;
    char path[PATH_BYTES];

    victim_start(&victim, "/", NULL, NULL);
    ck_assert(region_path(temporary_path("."), victim.pid, path));
    require_file(path, true);
    ck_assert_uint_eq(count_regions(temporary_path(".")), 1);
    victim_finish(&victim);
    ck_assert_uint_eq(count_regions(temporary_path(".")), 0);
}
END_TEST

START_TEST(test_region_in_default_directory)
{
    static const char *const variables[] = {"RUBY_ALLOC_ALL=1", NULL};
    struct victim victim;
    char path[PATH_BYTES];
    bool found;

    unsetenv("RUBY_ALLOC_DIR");
    start(&victim, "/", variables);
    found = region_path(RA_DEFAULT_DIR, victim.pid, path) && has_region(victim.pid);
    victim_finish(&victim);
    ck_assert(found);
    ck_assert_int_ne(unlink(path), 0); /* gone, and if not, gone now */
}
END_TEST

/* Variables with which there is no region; the name "" ends a list early. */
static const char *const without[][3] = {
    {"RUBY_ALLOC=0", "RUBY_ALLOC_ALL=1", NULL},
    {"RUBY_ALLOC_ALL=0", NULL, NULL},
    {"RUBY_ALLOC_ALL=yes", NULL, NULL},
    {NULL, NULL, NULL},
};

START_TEST(test_no_region_unless_wanted)
{
    const char *variables[4] = {directory_variable()};
    struct victim victim;

    for (int i = 0; without[_i][i] != NULL; i++) {
        variables[i + 1] = without[_i][i];
    }
    start(&victim, "malloc:100:40 /", variables);
    ck_assert_uint_eq(count_regions(temporary_path(".")), 0);
    ck_assert(!has_region(victim.pid));
    victim_finish(&victim);
}
END_TEST

static const struct death {
    const char *word;
    int signal;
} deaths[] = {{"kill:9", SIGKILL}, {"kill:6", SIGABRT}, {"kill:11", SIGSEGV}};

START_TEST(test_region_is_left_behind)
{
    const struct death *death = &deaths[_i];
    struct victim victim;
    struct ra_report *before, *report;
    char script[128], path[PATH_BYTES];
    int status;

    snprintf(script, sizeof script, "malloc:1000:40 / %s", death->word);
    victim_start(&victim, script, NULL, NULL);
    before = report_of(victim.pid);
    ck_assert_str_eq(before->process.state, "running");
    ck_assert_int_eq(write(victim.main.in, "\n", 1), 1);
    status = victim_end(&victim);
    ck_assert_int_eq(WIFSIGNALED(status) ? WTERMSIG(status) : 0, death->signal);
    ck_assert(region_path(temporary_path("."), victim.pid, path));
    report = report_of(victim.pid);
    ck_assert_str_eq(report->process.state, "exited");
    ck_assert_int_eq(report->totals.live_objects, before->totals.live_objects);
    ck_assert_int_eq(report->memory.rss, RA_UNKNOWN);
    ruby_alloc_report_free(before);
    ruby_alloc_report_free(report);
    ck_assert_int_eq(unlink(path), 0);
}
END_TEST

static const struct interval {
    const char *variable;
    uint32_t seconds;
    bool logged;
} intervals[] = {
    {"RUBY_ALLOC_INTERVAL=3", 3, false},     {"RUBY_ALLOC_INTERVAL=0", 0, false},
    {"RUBY_ALLOC_INTERVAL=", 10, false},     {"RUBY_ALLOC_INTERVAL=soon", 10, true},
    {"RUBY_ALLOC_INTERVAL=-1", 10, true},    {"RUBY_ALLOC_INTERVAL=5s", 10, true},
    {"RUBY_ALLOC_INTERVAL=86401", 10, true}, {"RUBY_ALLOC_INTERVAL=86400", 86400, false},
    {"RUBY_ALLOC_INTERVAL=1e9", 10, true},   {"RUBY_ALLOC_INTERVAL=99999999999999999999", 10, true},
};

static void read_file(const char *path, void *data, size_t size)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n;

    ck_assert_msg(file >= 0, "can't open %s", path);
    n = read(file, data, size);
    ck_assert_int_ge(n, 0);
    memset((char *)data + n, 0, size - (size_t)n);
    close(file);
}

START_TEST(test_interval_is_taken_or_logged)
{
    const struct interval *interval = &intervals[_i];
    char log_variable[PATH_BYTES + 32], log_path[PATH_BYTES], path[PATH_BYTES], log[4096];
    const char *variables[] = {directory_variable(), interval->variable, log_variable,
                               "RUBY_ALLOC_ALL=1", NULL};
    struct ra_header header;
    struct victim victim;

    snprintf(log_path, sizeof log_path, "%s", temporary_path("interval.log"));
    snprintf(log_variable, sizeof log_variable, "RUBY_ALLOC_LOG=%s", log_path);
    start(&victim, "/", variables);
    ck_assert(region_path(temporary_path("."), victim.pid, path));
    read_file(path, &header, sizeof header);
    ck_assert_uint_eq(header.interval_seconds, interval->seconds);
    victim_finish(&victim);
    if (interval->logged) {
        read_file(log_path, log, sizeof log - 1);
        log[sizeof log - 1] = 0;
        ck_assert_msg(strstr(log, interval->variable) != NULL, "log: %s", log);
        ck_assert_int_eq(unlink(log_path), 0);
    } else {
        ck_assert_int_ne(access(log_path, F_OK), 0);
    }
}
END_TEST

static void require_child(const struct ra_report *child, const struct ra_report *parent)
{
    ck_assert_int_eq(child->process.forked, 1);
    ck_assert_int_eq(parent->process.forked, 0);
    ck_assert_int_eq(child->process.ppid, parent->process.pid);
    ck_assert_int_eq(child->totals.inherited_objects, parent->totals.live_objects);
    ck_assert_int_eq(child->totals.live_objects, parent->totals.live_objects);
    ck_assert_int_eq(child->memory.live, parent->memory.live);
    ck_assert_int_eq(child->totals.allocations, 0);
    ck_assert_int_eq(child->totals.frees, 0);
    ck_assert_int_eq(child->calls.malloc, 0);
    ck_assert_int_eq(child->calls.free, 0);
}

static struct ra_report *require_step(struct channel *channel, pid_t pid, struct ra_report *before,
                                      const struct expectation *expected)
{
    struct ra_report *after;

    channel_step(channel);
    after = report_of(pid);
    require_difference(before, after, expected);
    ruby_alloc_report_free(before);
    return after;
}

START_TEST(test_fork_counts_for_itself)
{
    struct victim victim;
    struct ra_report *parent, *child;
    size_t numbers[2], child_pid;
    struct change change = {.requested = 40};
    struct expectation nothing = {.what = "the other process works"};
    struct expectation frees = {.what = "child frees", .changes = &change, .change_count = 1};
    struct expectation makes = {.what = "child makes", .changes = &change, .change_count = 1};

    victim_start(&victim,
                 "nallocx:1:40:0 malloc:5:10000000 malloc:3:100000 malloc:1000:40 / fork / /",
                 "/ free:600 / malloc:70:40 /", NULL);
    ck_assert_uint_eq(numbers_in(&victim.main, numbers, 2), 1);
    change.class_size = numbers[0];
    parent = report_of(victim.pid);
    channel_step(&victim.main);
    ck_assert_uint_eq(numbers_in(&victim.main, &child_pid, 1), 1);
    channel_ready(&victim.child);
    child = report_of((pid_t)child_pid);
    require_child(child, parent);

    frees.calls.free = change.freed = 600;
    child = require_step(&victim.child, (pid_t)child_pid, child, &frees);
    change.freed = 0;
    makes.calls.malloc = change.made = 70;
    child = require_step(&victim.child, (pid_t)child_pid, child, &makes);
    ck_assert_int_eq(child->totals.live_objects, parent->totals.live_objects - 600 + 70);
    parent = require_step(&victim.main, victim.pid, parent, &nothing);
    ruby_alloc_report_free(parent);
    ruby_alloc_report_free(child);
    victim_finish(&victim);
}
END_TEST

START_TEST(test_forked_child_removes_its_own_region_only)
{
    struct victim victim;
    char path[PATH_BYTES];
    size_t child_pid;
    struct timespec start_time, now;

    victim_start(&victim, "fork / /", "/ malloc:10:40 /", NULL);
    ck_assert_uint_eq(numbers_in(&victim.main, &child_pid, 1), 1);
    channel_ready(&victim.child);
    ck_assert(region_path(temporary_path("."), (pid_t)child_pid, path));
    require_file(path, false);
    channel_step(&victim.child);
    require_file(path, true);
    ck_assert_int_eq(write(victim.child.in, "\n", 1), 1);
    clock_gettime(CLOCK_MONOTONIC, &start_time);
    do {
        clock_gettime(CLOCK_MONOTONIC, &now);
        ck_assert_int_lt(now.tv_sec - start_time.tv_sec, WAIT_SECONDS);
    } while (region_path(temporary_path("."), (pid_t)child_pid, path));
    ck_assert(has_region(victim.pid));
    victim_finish(&victim);
    ck_assert_uint_eq(count_regions(temporary_path(".")), 0);
}
END_TEST

START_TEST(test_exec_starts_anew)
{
    struct victim victim;
    struct ra_report *report;

    victim_start(&victim, "malloc:100000:40 / exec", "malloc:10:40 / /", NULL);
    channel_step(&victim.main);
    report = report_of(victim.pid);
    ck_assert_int_ge(report->totals.allocations, 10);
    ck_assert_int_lt(report->totals.allocations, 1000);
    ck_assert_int_eq(report->process.forked, 0);
    ruby_alloc_report_free(report);
    ck_assert_uint_eq(count_regions(temporary_path(".")), 1);
    victim_finish(&victim);
    ck_assert_uint_eq(count_regions(temporary_path(".")), 0);
}
END_TEST

START_TEST(test_exec_of_one_that_does_not_count_removes_the_region)
{
    struct victim victim;

    victim_start(&victim, "malloc:1000:40 / unset:RUBY_ALLOC_ALL exec", "malloc:10:40 / /", NULL);
    ck_assert(has_region(victim.pid));
    channel_step(&victim.main);
    ck_assert(!has_region(victim.pid));
    ck_assert_uint_eq(count_regions(temporary_path(".")), 0);
    victim_finish(&victim);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lifecycle");

    add_case(suite, "exit", test_region_is_removed_at_exit, 1);
    add_case(suite, "default directory", test_region_in_default_directory, 1);
    add_case(suite, "not wanted", test_no_region_unless_wanted, sizeof without / sizeof without[0]);
    add_case(suite, "left behind", test_region_is_left_behind, sizeof deaths / sizeof deaths[0]);
    add_case(suite, "interval", test_interval_is_taken_or_logged,
             sizeof intervals / sizeof intervals[0]);
    add_case(suite, "fork", test_fork_counts_for_itself, 1);
    add_case(suite, "fork and exit", test_forked_child_removes_its_own_region_only, 1);
    add_case(suite, "exec", test_exec_starts_anew, 1);
    add_case(suite, "exec elsewhere", test_exec_of_one_that_does_not_count_removes_the_region, 1);
    return run_suite(suite);
}
