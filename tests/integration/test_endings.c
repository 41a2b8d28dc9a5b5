/* What is freed at the ends of things is counted: threads, the main thread, the process. */
#include <string.h>
#include <unistd.h>

#include "helper_program.h"

enum { EACH = 400, THREADS = 50 };

static void start(struct victim *victim, const char *mode, const char *library)
{
    const char *words[] = {mode, decimal(THREADS), decimal(EACH), decimal(VICTIM_SIZE), library,
                           NULL};

    program_start(victim, "victim_endings", temporary_path("."), words);
}

/* Take a step, at which that many objects were made and freed. Returns the report after it. */
static struct ra_report *require_step(struct victim *victim, struct ra_report *before,
                                      size_t class_size, int64_t made, int64_t freed)
{
    struct ra_report *after;

    victim_step(victim);
    after = report_of(victim->pid);
    require_class_difference(before, after, class_size, made, freed);
    require_size_difference(before, after, VICTIM_SIZE, made);
    ck_assert_int_eq(after->totals.live_objects, after->totals.allocations - after->totals.frees);
    ruby_alloc_report_free(before);
    return after;
}

static void finish(struct victim *victim, struct ra_report *report)
{
    ruby_alloc_report_free(report);
    victim_finish(victim);
    ck_assert_uint_eq(regions_count(temporary_path(".")), 0);
}

static const char *const thread_modes[] = {"rounds", "fresh", "local"};

START_TEST(test_destructors_of_a_thread)
{
    size_t class_size = class_for(VICTIM_SIZE);
    struct ra_report *report;
    struct victim victim;

    start(&victim, thread_modes[_i], build_path("tests/integration/victim_endings.so"));
    report = report_of(victim.pid);
    report = require_step(&victim, report, class_size, 2 * EACH * THREADS, 2 * EACH * THREADS);
    require_budget(temporary_path("."), victim.pid, 8);
    finish(&victim, report);
}
END_TEST

START_TEST(test_main_thread_leaves)
{
    size_t class_size = class_for(VICTIM_SIZE);
    struct ra_report *report;
    struct victim victim;

    start(&victim, "leave", NULL);
    report = report_of(victim.pid);
    ck_assert_str_eq(report->process.state, "running");
    ck_assert_int_eq(report_class(report, class_size).live_objects, EACH);
    report = require_step(&victim, report, class_size, 0, EACH);
    report = require_step(&victim, report, class_size, EACH, 0);
    finish(&victim, report);
}
END_TEST

START_TEST(test_handlers_at_exit)
{
    size_t class_size = class_for(VICTIM_SIZE);
    struct ra_report *report;
    struct victim victim;

    start(&victim, "exit", NULL);
    report = report_of(victim.pid);
    ck_assert_int_eq(report_class(report, class_size).live_objects, 4 * EACH);
    report = require_step(&victim, report, class_size, 0, EACH);
    report = require_step(&victim, report, class_size, 0, EACH);
    report = require_step(&victim, report, class_size, 0, 2 * EACH);
    finish(&victim, report);
}
END_TEST

START_TEST(test_copies_leave_the_region_alone)
{
    size_t class_size = class_for(VICTIM_SIZE);
    char path[PATH_BYTES];
    struct ra_report *report;
    struct victim victim;

    start(&victim, "copies", NULL);
    report = report_of(victim.pid);
    ck_assert_int_eq(write(victim.main.in, "\n", 1), 1);
    channel_ready(&victim.main);
    ck_assert_msg(region_path(temporary_path("."), victim.pid, path),
                  "the end of a raw child removed its parent's region");
    ck_assert_uint_eq(regions_count(temporary_path(".")), 1);
    ruby_alloc_report_free(report);
    report = report_of(victim.pid);
    ck_assert_int_eq(report_class(report, class_size).live_objects, EACH);
    finish(&victim, report);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("endings");

    add_case(suite, "threads", test_destructors_of_a_thread,
             sizeof thread_modes / sizeof thread_modes[0]);
    add_case(suite, "main thread", test_main_thread_leaves, 1);
    add_case(suite, "exit", test_handlers_at_exit, 1);
    add_case(suite, "copies", test_copies_leave_the_region_alone, 1);
    return run_suite(suite);
}
