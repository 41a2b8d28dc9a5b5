/*
 * The model: what it keeps of processes as they are read again, end, and come back.
 */
#include "suite.h"

#include <math.h>
#include <string.h>

#include "top/model.h"
#include "top/rows.h"

static struct ra_report_class classes[] = {{.size = 48, .live_bytes = 480}};

static struct ra_report report_of(int64_t pid, double uptime, int64_t allocations)
{
    struct ra_report report = {.time = "2026-11-23T09:30:00.123Z"};

    report.process.pid = pid;
    report.process.uptime = uptime;
    report.process.state = "running";
    report.process.started = "2026-11-23T09:00:00Z";
    report.totals.allocations = allocations;
    report.memory.rss = 1000;
    report.memory.rss_anon = 800;
    report.memory.pss = 900;
    report.memory.swap = 1;
    report.memory.lazy_free = 2;
    report.memory.resident = 500;
    report.fragmentation.other = 300;
    report.fragmentation.dirty = 100;
    report.classes = classes;
    report.classes_count = 1;
    return report;
}

/* As a reader has it of a process that is gone. */
static struct ra_report exited_report(int64_t pid, int64_t allocations)
{
    struct ra_report report = report_of(pid, 9, allocations);

    report.process.state = "exited";
    report.memory.rss = report.memory.rss_anon = report.memory.pss = RA_UNKNOWN;
    report.memory.swap = report.memory.lazy_free = RA_UNKNOWN;
    report.fragmentation.other = RA_UNKNOWN;
    report.fragmentation.other_share = report.fragmentation.dirty_share = NAN;
    return report;
}

static struct ra_member *take(struct ra_model *model, const struct ra_report *report)
{
    struct ra_member *member = ra_model_admit(model, report->process.pid);

    ck_assert(ra_model_take(model, member, report));
    return member;
}

START_TEST(test_baseline_of_the_list_is_there_in_the_process)
{
    struct ra_report one = report_of(1, 10, 100), two = report_of(2, 10, 100);
    struct ra_model model = {0};

    take(&model, &one);
    ck_assert(ra_model_add_baseline(&model, &one));
    ck_assert_ptr_nonnull(ra_model_find(&model, 1)->baseline);
    for (int i = 0; i < 2; i++) {
        ra_model_watch(&model, 1);
        ck_assert_ptr_null(model.baseline);
        take(&model, &one);
        ck_assert_uint_eq(model.baseline->classes_count, 1);
        ck_assert_int_eq(model.baseline->classes[0].live_bytes, 480);
        ra_model_watch(&model, 0);
    }
    ra_model_watch(&model, 2);
    take(&model, &two);
    ck_assert_ptr_null(model.baseline);
    ra_model_forget_baselines(&model);
    ck_assert_ptr_null(ra_model_find(&model, 1)->baseline);
    ra_model_clear(&model);
}
END_TEST

/* As when one jumps in a recording. */
START_TEST(test_baseline_outlives_its_member)
{
    struct ra_report report = report_of(1, 10, 100);
    struct ra_model model = {0};

    ra_model_watch(&model, 1);
    take(&model, &report);
    ra_model_add_baseline(&model, &report);
    ra_model_empty(&model);
    ck_assert_uint_eq(model.count, 0);
    ck_assert_int_eq(model.watched, 1);
    take(&model, &report);
    ck_assert_ptr_nonnull(model.baseline);
    ck_assert_ptr_eq(model.baseline, ra_model_find(&model, 1)->baseline);
    ra_model_clear(&model);
}
END_TEST

/* A start is known to the second, and may be rounded otherwise by another reader. */
START_TEST(test_another_process_of_the_pid_begins_anew)
{
    struct ra_report first = report_of(1, 10, 100), second = report_of(1, 20, 5000);
    struct ra_model model = {0};
    struct ra_member *member;
    double values[4];

    ra_model_watch(&model, 1);
    take(&model, &first);
    ra_model_add_baseline(&model, &first);
    first.process.started = "2026-11-23T09:00:01Z";
    first.process.uptime = 11;
    member = take(&model, &first);
    ck_assert_ptr_nonnull(member->baseline);
    ck_assert_uint_eq(ra_history_last(&member->history, RA_SERIES_RSS, values, 4), 2);

    second.process.started = "2026-11-23T09:00:09Z";
    take(&model, &second);
    ck_assert_ptr_null(member->baseline);
    ck_assert_ptr_null(model.baseline);
    ck_assert_ptr_null(model.before);
    ck_assert(isnan(member->rate));
    ck_assert_uint_eq(ra_history_last(&member->history, RA_SERIES_RSS, values, 4), 1);
    ra_model_clear(&model);
}
END_TEST

static void check_last_look(const struct ra_report *report)
{
    ck_assert_str_eq(report->process.state, "exited");
    ck_assert_int_eq(report->memory.rss, 1000);
    ck_assert_int_eq(report->memory.rss_anon, 800);
    ck_assert_int_eq(report->memory.pss, 900);
    ck_assert_int_eq(report->memory.swap, 1);
    ck_assert_int_eq(report->memory.lazy_free, 2);
    ck_assert_int_eq(report->fragmentation.other, 300);
    ck_assert_double_eq(report->fragmentation.other_share, 0.3);
}

static void check_ended(const struct ra_model *model)
{
    const struct ra_member *member = model->members[0];
    double rate;

    check_last_look(member->report);
    check_last_look(model->report);
    ck_assert(member->has_ended);
    ck_assert_str_eq(member->looked, "2026-11-23T09:30:00.123Z");
    ck_assert_double_eq(member->rate, 0);
    ck_assert_uint_eq(ra_history_last(&member->history, RA_SERIES_RATE, &rate, 1), 1);
    ck_assert_double_eq(rate, 0);
}

/* With a last report of what it left behind (i 0), or without (1). */
START_TEST(test_end_keeps_what_the_kernel_last_said)
{
    struct ra_report alive = report_of(1, 10, 100), gone = exited_report(1, 900);
    struct ra_model model = {0};
    struct ra_member *member;
    double values[8];

    alive.fragmentation.other_share = 0.3;
    ra_model_watch(&model, 1);
    take(&model, &alive);
    alive.process.uptime = 11;
    alive.totals.allocations = 500;
    member = take(&model, &alive);
    ck_assert_double_eq(member->rate, 400);
    if (_i == 0) {
        take(&model, &gone);
    }
    ra_model_mark_ended(&model, member);
    ra_model_mark_ended(&model, member);
    check_ended(&model);
    ck_assert_uint_eq(ra_history_last(&member->history, RA_SERIES_RATE, values, 8), 3);

    /* Opened again from the list. */
    ra_model_watch(&model, 0);
    ra_model_watch(&model, 1);
    ck_assert(ra_model_show(&model, &gone));
    check_last_look(model.report);
    ra_model_clear(&model);
}
END_TEST

START_TEST(test_two_looks_at_once_are_no_rate)
{
    struct ra_report report = report_of(1, 10, 100);
    struct ra_model model = {0};
    struct ra_member *member;
    double values[4];

    ra_model_watch(&model, 1);
    take(&model, &report);
    report.process.uptime = 10.00001;
    member = take(&model, &report);
    ck_assert(isnan(member->rate));
    ck_assert_ptr_null(model.before);
    ck_assert_uint_eq(ra_history_last(&member->history, RA_SERIES_RATE, values, 4), 1);

    /* What was allocated until the second look counts, too. */
    report.process.uptime = 11;
    report.totals.allocations = 300;
    take(&model, &report);
    ck_assert_double_eq(member->rate, 200);
    ck_assert_ptr_nonnull(model.before);
    report.process.uptime = 11.01;
    report.totals.allocations = 301;
    take(&model, &report);
    ck_assert_double_eq(member->rate, 200);
    ck_assert_double_eq(model.before->process.uptime, 10.00001);
    ck_assert_int_eq(model.report->totals.allocations, 301);
    ck_assert_uint_eq(ra_history_last(&member->history, RA_SERIES_RATE, values, 4), 2);
    ra_model_clear(&model);
}
END_TEST

/* What serves nobody, whether or not the two losses between live and allocated are told apart. */
static const struct {
    int64_t live, allocated, thread_cache, stranded, gaps, lost;
} losses[] = {
    {1000, 1500, 200, 300, 40, 541},
    {1000, 1500, RA_UNKNOWN, RA_UNKNOWN, 40, 541},
    {1000, 1500, RA_UNKNOWN, 500, 40, 541}, /* glibc's */
    {1000, 1500, 500, RA_UNKNOWN, 40, 541}, /* of a recording that knows thread_cache alone */
    {1000, 900, 0, 0, 40, 41},              /* while it allocates */
    {1000, RA_UNKNOWN, RA_UNKNOWN, RA_UNKNOWN, 40, 41},
};

START_TEST(test_lost_of_a_process)
{
    struct ra_report report = report_of(7, 1, 1);

    report.memory.pss = report.memory.rss;
    report.memory.live = losses[_i].live;
    report.memory.allocated = losses[_i].allocated;
    report.fragmentation.rounding = 1;
    report.fragmentation.thread_cache = losses[_i].thread_cache;
    report.fragmentation.stranded = losses[_i].stranded;
    report.fragmentation.slab_gaps = losses[_i].gaps;
    report.fragmentation.dirty = RA_UNKNOWN;
    report.fragmentation.metadata = RA_UNKNOWN;
    ck_assert_int_eq(ra_amounts_shared(&report).lost, losses[_i].lost);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("model");
    TCase *tests = tcase_create("members");

    tcase_add_test(tests, test_baseline_of_the_list_is_there_in_the_process);
    tcase_add_test(tests, test_baseline_outlives_its_member);
    tcase_add_test(tests, test_another_process_of_the_pid_begins_anew);
    tcase_add_loop_test(tests, test_end_keeps_what_the_kernel_last_said, 0, 2);
    tcase_add_test(tests, test_two_looks_at_once_are_no_rate);
    tcase_add_loop_test(tests, test_lost_of_a_process, 0, sizeof losses / sizeof losses[0]);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
