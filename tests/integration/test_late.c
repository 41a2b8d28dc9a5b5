/*
 * A forked child's helper thread comes with the child's eighth allocation, in a signal handler
 * as well, or the first of a thread of its own. Until then the child counts as exactly, and
 * shows its parent's sample.
 */
#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "helper_program.h"
#include "ruby_alloc/region.h"

enum { BEFORE_HELPER = 7 };

/* By whom the allocation is made that brings the helper. */
enum by { BY_MAIN, BY_THREAD, BY_HANDLER };

static const struct {
    size_t objects; /* that the child makes before that */
    enum by by;
    bool has_sampled; /* the parent, before the fork */
} cases[] = {{BEFORE_HELPER, BY_MAIN, true},
             {BEFORE_HELPER, BY_MAIN, false},
             {2, BY_THREAD, true},
             {BEFORE_HELPER, BY_HANDLER, true},
             {0, BY_HANDLER, false}};

static unsigned count_tasks(pid_t pid)
{
    char path[64];
    unsigned count = 0;

    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *tasks = opendir(path);
    ck_assert_ptr_nonnull(tasks);
    for (const struct dirent *entry; (entry = readdir(tasks)) != NULL;) {
        count += entry->d_name[0] != '.';
    }
    closedir(tasks);
    return count;
}

/* parent: its report before the fork; NULL: it was never asked. */
static void require_without_helper(pid_t child, const struct ra_report *parent, size_t made)
{
    struct ra_report *report = report_of(child);

    ck_assert_int_eq(report->totals.allocations, (int64_t)made);
    ck_assert_int_eq(report->totals.live_objects, report->totals.inherited_objects + (int64_t)made);
    ck_assert_int_eq(report->memory.allocated, parent ? parent->memory.allocated : RA_UNKNOWN);
    ck_assert_int_eq(report->memory.resident, parent ? parent->memory.resident : RA_UNKNOWN);
    ck_assert_int_eq(isfinite(report->memory.sample_age), parent != NULL);
    if (parent) {
        ck_assert_double_gt(report->memory.sample_age, parent->memory.sample_age);
        ck_assert_uint_eq(report->arenas_count, parent->arenas_count);
        ck_assert_int_eq(report->arenas[0].active, parent->arenas[0].active);
    }
    ck_assert(advises(report, "sample_inherited"));
    ck_assert(!advises(report, "sample_old"));
    ruby_alloc_report_free(report);
    ck_assert_uint_eq(count_tasks(child), 1);
}

static void require_helper(pid_t child, unsigned threads)
{
    struct ra_report *report = report_of(child);

    ck_assert_int_gt(report->memory.allocated, 0);
    ck_assert_int_ge(report->memory.resident, report->memory.allocated);
    ck_assert_double_lt(report->memory.sample_age, WAIT_SECONDS);
    ck_assert(!advises(report, "sample_inherited"));
    ruby_alloc_report_free(report);
    ck_assert_uint_eq(count_tasks(child), threads + 1);
}

START_TEST(test_helper_of_a_child)
{
    size_t objects = cases[_i].objects, pid;
    const char *words[] = {"late", decimal(cases[_i].by), decimal(objects), decimal(VICTIM_SIZE),
                           NULL};
    struct ra_report *parent = NULL;
    struct victim victim;

    program_start(&victim, "victim_fork", temporary_path("."), words);
    if (cases[_i].has_sampled) {
        parent = report_of(victim.pid);
    }
    ck_assert_int_eq(write(victim.main.in, "\n", 1), 1);
    channel_ready(&victim.child);
    ck_assert_uint_eq(numbers_in(&victim.child, &pid, 1), 1);
    require_without_helper((pid_t)pid, parent, 0);
    channel_step(&victim.child);
    require_without_helper((pid_t)pid, parent, objects);
    if (cases[_i].by == BY_HANDLER) {
        channel_step(&victim.child);
        require_helper((pid_t)pid, 1);
    }
    channel_step(&victim.child);
    require_helper((pid_t)pid, cases[_i].by == BY_THREAD ? 2 : 1);
    ck_assert_int_eq(write(victim.child.in, "\n", 1), 1);
    channel_ready(&victim.main);
    ruby_alloc_report_free(parent);
    victim_finish(&victim);
    ck_assert_uint_eq(regions_count(temporary_path(".")), 0);
}
END_TEST

static uint32_t sample_sequence(pid_t pid)
{
    char path[PATH_BYTES];
    uint32_t sequence = 1;

    ck_assert(region_path(temporary_path("."), pid, path));
    int file = open(path, O_RDONLY);
    ck_assert_int_eq(pread(file, &sequence, sizeof sequence, offsetof(struct ra_region, sample)),
                     sizeof sequence);
    close(file);
    return sequence;
}

/* Who looks at a child that was killed before its helper took a sample must not see another's. */
START_TEST(test_sample_of_the_parent_goes)
{
    const char *words[] = {"late", "0", decimal(BEFORE_HELPER), decimal(VICTIM_SIZE), NULL};
    struct victim victim;
    size_t pid;

    program_start(&victim, "victim_fork", temporary_path("."), words);
    ruby_alloc_report_free(report_of(victim.pid));
    ck_assert_int_eq(write(victim.main.in, "\n", 1), 1);
    channel_ready(&victim.child);
    ck_assert_uint_eq(numbers_in(&victim.child, &pid, 1), 1);
    channel_step(&victim.child);
    ck_assert_uint_gt(sample_sequence((pid_t)pid), 0);
    channel_step(&victim.child);
    ck_assert_uint_eq(sample_sequence((pid_t)pid), 0);
    require_helper((pid_t)pid, 1);
    ck_assert_int_eq(write(victim.child.in, "\n", 1), 1);
    channel_ready(&victim.main);
    victim_finish(&victim);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("late");

    add_case(suite, "helper", test_helper_of_a_child, sizeof cases / sizeof cases[0]);
    add_case(suite, "sample", test_sample_of_the_parent_goes, 1);
    return run_suite(suite);
}
