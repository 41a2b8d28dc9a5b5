/*
 * The parts of the screen that need no terminal: clones, history, the model, rows of the
 * list, bars.
 */
#include "suite.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "top/bars.h"
#include "top/clone.h"
#include "top/grid.h"
#include "top/model.h"
#include "top/rows.h"

static struct ra_report_class classes[] = {{.size = 48, .live_bytes = 480},
                                           {.size = 64, .live_bytes = 640}};
static struct ra_report_thread threads[] = {{.tid = 1, .name = "one", .state = "live"},
                                            {.tid = 2, .name = NULL, .state = "ended"}};

/* Made afresh for each, so that a clone that shares a text would show. */
static struct ra_report report_of(int64_t pid, int64_t ppid, double uptime, int64_t allocations)
{
    struct ra_report report = {.time = "2026-11-23T09:30:00.123Z"};

    report.process = (struct ra_report_process){
        .pid = pid, .ppid = ppid, .uptime = uptime, .command = "ruby", .state = "running"};
    report.totals.allocations = allocations;
    report.memory.rss = 200;
    report.memory.pss = 100;
    report.memory.live = 10;
    report.memory.resident = 20;
    report.memory.swap = RA_UNKNOWN;
    report.classes = classes;
    report.classes_count = 2;
    report.threads = threads;
    report.threads_count = 2;
    return report;
}

START_TEST(test_clone_is_whole_and_its_own)
{
    char command[] = "ruby app.rb";
    struct ra_report report = report_of(1, 0, 5, 7);
    struct ra_report *clone;

    report.process.command = command;
    clone = ra_clone_report(&report, true);
    strcpy(command, "gone");
    ck_assert_str_eq(clone->process.command, "ruby app.rb");
    ck_assert_ptr_null(clone->process.comm);
    ck_assert_int_eq(clone->totals.allocations, 7);
    ck_assert_int_eq(clone->memory.swap, RA_UNKNOWN);
    ck_assert_uint_eq(clone->classes_count, 2);
    ck_assert_ptr_ne(clone->classes, classes);
    ck_assert_int_eq(clone->classes[1].live_bytes, 640);
    ck_assert_str_eq(clone->threads[0].name, "one");
    ck_assert_ptr_ne(clone->threads[0].name, threads[0].name);
    ck_assert_ptr_null(clone->threads[1].name);
    ra_clone_free(clone);

    clone = ra_clone_report(&report, false);
    ck_assert_uint_eq(clone->classes_count, 0);
    ck_assert_ptr_null(clone->classes);
    ra_clone_free(clone);
    ra_clone_free(NULL);
}
END_TEST

START_TEST(test_history_keeps_the_last)
{
    struct ra_history history = {0};
    struct ra_report report = {0};
    double values[RA_HISTORY_MAX];

    for (int i = 0; i < RA_HISTORY_MAX + 5; i++) {
        report.memory.rss = i;
        ra_history_add(&history, &report, i == RA_HISTORY_MAX + 4 ? NAN : 1);
    }
    ck_assert_uint_eq(ra_history_last(&history, RA_SERIES_RSS, values, RA_HISTORY_MAX),
                      RA_HISTORY_MAX);
    ck_assert_double_eq(values[0], 5);
    ck_assert_double_eq(values[RA_HISTORY_MAX - 1], RA_HISTORY_MAX + 4);
    ck_assert_uint_eq(ra_history_last(&history, RA_SERIES_RATE, values, 2), 2);
    ck_assert(values[0] == 1 && isnan(values[1]));
}
END_TEST

START_TEST(test_model_counts_rate_threads_and_growth)
{
    struct ra_model model = {0};
    struct ra_member *member = ra_model_admit(&model, 1);
    struct ra_report first = report_of(1, 0, 10, 100), second = report_of(1, 0, 12, 400);

    ra_model_watch(&model, 1);
    ck_assert(ra_model_take(&model, member, &first));
    ck_assert(isnan(member->rate));
    ck_assert_int_eq(member->threads, 1);
    ra_model_add_baseline(&model, &first);
    ck_assert(ra_model_take(&model, member, &second));
    ck_assert_double_eq(member->rate, 150);
    ck_assert_int_eq(model.baseline->totals.allocations, 100);
    ck_assert_int_eq(model.before->totals.allocations, 100);
    ck_assert_int_eq(model.report->totals.allocations, 400);
    ck_assert_uint_eq(model.report->classes_count, 2);
    ck_assert_uint_eq(member->report->classes_count, 0);
    ra_model_mark_ended(&model, member);
    ck_assert_str_eq(model.report->process.state, "exited");
    ck_assert(member->has_ended);
    ck_assert_ptr_eq(ra_model_admit(&model, 1), member);
    ra_model_clear(&model);
    ck_assert_uint_eq(model.count, 0);
}
END_TEST

/* One whose region went with it, chosen from the list afterwards: its last report says running. */
START_TEST(test_model_shows_as_ended_what_was_read_before_the_end)
{
    struct ra_model model = {0};
    struct ra_member *member = ra_model_admit(&model, 1);
    struct ra_report last = report_of(1, 0, 10, 100), other = report_of(1, 0, 1, 5);

    last.process.state = other.process.state = "running";
    last.process.started = "2026-11-23T09:29:50Z";
    other.process.started = "2026-11-23T09:31:00Z";
    ck_assert(ra_model_take(&model, member, &last));
    ra_model_mark_ended(&model, member);
    ra_model_watch(&model, 1);
    ck_assert(ra_model_show(&model, &last));
    ck_assert_str_eq(model.report->process.state, "exited");
    ck_assert(ra_model_show(&model, &other)); /* of a process that has its pid now */
    ck_assert_str_eq(model.report->process.state, "running");
    ra_model_clear(&model);
}
END_TEST

START_TEST(test_model_tells_of_a_pid_taken_over)
{
    struct ra_model model = {0};
    struct ra_member *member = ra_model_admit(&model, 1);
    struct ra_report first = report_of(1, 0, 10, 100), other = report_of(1, 0, 1, 5);

    first.process.started = "2026-11-23T09:29:50Z";
    other.process.started = "2026-11-23T09:31:00Z";
    ck_assert(ra_model_take(&model, member, &first));
    ck_assert(ra_model_take(&model, member, &first));
    ck_assert_int_eq(model.taken_over, 0);
    ck_assert(ra_model_take(&model, member, &other));
    ck_assert_int_eq(model.taken_over, 1);
    ck_assert(isnan(member->rate));
    ra_model_clear(&model);
}
END_TEST

/* Process pid with that parent. */
static void add(struct ra_model *model, int64_t pid, int64_t ppid)
{
    struct ra_report report = report_of(pid, ppid, 1, 1);

    ck_assert(ra_model_take(model, ra_model_admit(model, pid), &report));
}

/* A cluster of 1 with 2, 3 and 4, which is the child of 2, and beside it 9. */
static void make_cluster(struct ra_model *model)
{
    /* A child may have a lower pid, or be met first. */
    add(model, 2, 1);
    add(model, 1, 0);
    add(model, 3, 1);
    add(model, 4, 2);
    add(model, 9, 0);
}

/* The sum's row is behind those of the processes. */
enum { CLUSTER_SUM = 5, CLUSTER_ROWS };

START_TEST(test_rows_of_a_cluster_hang_below_its_sum)
{
    static const int64_t wanted[] = {1, 1, 2, 4, 3};
    static const unsigned depths[] = {0, 1, 1, 2, 1};
    size_t order[] = {0, 2, 1, 3, 4, 5}, count = CLUSTER_ROWS;
    struct ra_model model = {0};
    struct ra_rows rows;
    size_t *nested;

    make_cluster(&model);
    rows = ra_rows_make(&model, true);
    ck_assert_uint_eq(rows.count, CLUSTER_ROWS);
    nested = ra_rows_nest(&rows, order, &count);
    ck_assert_uint_eq(count, CLUSTER_ROWS);
    /* 9 was before the sum in order; the first process stands before its children. */
    ck_assert_int_eq(rows.rows[nested[0]].member->pid, 9);
    for (size_t i = 0; i < 5; i++) {
        ck_assert_int_eq(rows.rows[nested[i + 1]].member->pid, wanted[i]);
        ck_assert_uint_eq(rows.rows[nested[i + 1]].depth, depths[i]);
        ck_assert_int_eq(rows.rows[nested[i + 1]].is_sum, i == 0);
    }
    ck_assert(rows.rows[nested[5]].is_last && !rows.rows[nested[3]].is_last);
    free(nested);
    ra_rows_free(&rows);
    ra_model_clear(&model);
}
END_TEST

/* Of 10 live bytes a process has the 5 for which its PSS stands, beside an RSS of 200. */
START_TEST(test_rows_sum_is_of_shares_and_of_who_lives)
{
    struct ra_model model = {0};
    struct ra_rows rows;
    const struct ra_row *sum;

    make_cluster(&model);
    rows = ra_rows_make(&model, true);
    sum = &rows.rows[CLUSTER_SUM];
    ck_assert_uint_eq(sum->processes, 4);
    ck_assert_int_eq(sum->threads, 4);
    ck_assert_int_eq(sum->now.pss, 400);
    ck_assert_int_eq(sum->now.live, 20);
    ck_assert_double_eq(sum->ratio, 2);
    ck_assert_int_eq(rows.rows[0].now.live, 5);
    ck_assert(rows.rows[0].is_estimate && !rows.rows[4].is_estimate);
    ck_assert_int_eq(rows.rows[4].now.live, 10);
    ra_rows_free(&rows);

    ra_model_mark_ended(&model, ra_model_find(&model, 2));
    ra_model_mark_ended(&model, ra_model_find(&model, 3));
    rows = ra_rows_make(&model, true);
    sum = &rows.rows[CLUSTER_SUM];
    ck_assert_uint_eq(sum->processes, 2);
    ck_assert_uint_eq(sum->ended, 2);
    ck_assert_int_eq(sum->threads, 2);
    ck_assert_int_eq(sum->now.pss, 200);
    ck_assert_int_eq(sum->now.live, 10);
    ck_assert_int_eq(rows.rows[0].threads, 0);
    ra_rows_free(&rows);

    /* Those that had ended then took nothing that the cluster could have lost since. */
    for (size_t i = 0; i < model.count; i++) {
        struct ra_report then = report_of(model.members[i]->pid, 0, 1, 1);
        ck_assert(ra_model_add_baseline(&model, &then));
    }
    rows = ra_rows_make(&model, true);
    ck_assert(rows.rows[CLUSTER_SUM].has_baseline);
    ck_assert_int_eq(rows.rows[CLUSTER_SUM].baseline.pss, 200);
    ra_rows_free(&rows);

    model.members[1]->report->memory.pss = RA_UNKNOWN;
    rows = ra_rows_make(&model, true);
    ck_assert_int_eq(rows.rows[CLUSTER_SUM].now.pss, RA_UNKNOWN);
    ck_assert_int_eq(rows.rows[CLUSTER_SUM].now.live, RA_UNKNOWN);
    ra_rows_free(&rows);
    ra_model_clear(&model);
}
END_TEST

START_TEST(test_rows_nest_folded_and_filtered)
{
    size_t all[] = {0, 1, 2, 3, 4, CLUSTER_SUM}, count = CLUSTER_ROWS;
    size_t grandchild[] = {3, CLUSTER_SUM}, other[] = {4, CLUSTER_SUM};
    struct ra_model model = {0};
    struct ra_rows rows;
    size_t *nested;

    make_cluster(&model);
    model.members[1]->is_folded = true;
    rows = ra_rows_make(&model, true);
    nested = ra_rows_nest(&rows, all, &count);
    ck_assert_uint_eq(count, 2);
    ck_assert_int_eq(rows.rows[nested[0]].member->pid, 9);
    ck_assert(rows.rows[nested[1]].is_sum);
    free(nested);
    ra_rows_free(&rows);

    model.members[1]->is_folded = false;
    rows = ra_rows_make(&model, true);
    count = 2;
    nested = ra_rows_nest(&rows, grandchild, &count);
    ck_assert_uint_eq(count, 2);
    ck_assert(rows.rows[nested[0]].is_sum);
    ck_assert_int_eq(rows.rows[nested[1]].member->pid, 4);
    ck_assert_uint_eq(rows.rows[nested[1]].depth, 1);
    free(nested);
    count = 2;
    nested = ra_rows_nest(&rows, other, &count);
    ck_assert_uint_eq(count, 1);
    ck_assert_int_eq(rows.rows[nested[0]].member->pid, 9);
    free(nested);
    ra_rows_free(&rows);
    ra_model_clear(&model);
}
END_TEST

/* As only a recording can have them: each is shown once. */
START_TEST(test_rows_of_a_circle_of_parents_are_all_there)
{
    size_t order[] = {0, 1, 2, 3, 4, 5}, count;
    struct ra_model model = {0};
    struct ra_rows rows;
    size_t *nested;

    add(&model, 1, 2);
    add(&model, 2, 1);
    add(&model, 3, 3);
    rows = ra_rows_make(&model, true);
    count = rows.count;
    nested = ra_rows_nest(&rows, order, &count);
    ck_assert_uint_eq(count, rows.count);
    free(nested);
    ra_rows_free(&rows);
    ra_model_clear(&model);
}
END_TEST

/* Nobody in a circle is the first, so that there is no sum of it or of what hangs on it. */
START_TEST(test_rows_of_a_circle_of_parents_are_no_cluster)
{
    struct ra_model model = {0};
    struct ra_rows rows;

    add(&model, 6, 5);
    add(&model, 1, 2);
    add(&model, 2, 1);
    add(&model, 5, 1);
    add(&model, 7, 6);
    rows = ra_rows_make(&model, true);
    ck_assert_uint_eq(rows.count, 5);
    for (size_t i = 0; i < rows.count; i++) {
        ck_assert_uint_eq(rows.rows[i].root, i);
        ck_assert_int_eq(rows.rows[i].cluster, RA_ROW_NONE);
    }
    ra_rows_free(&rows);
    ra_model_clear(&model);
}
END_TEST

/* A circle as long as the list took the cube of its length: minutes. */
START_TEST(test_rows_of_a_great_circle_are_made_at_once)
{
    enum { LENGTH = 2000 };
    struct ra_model model = {0};
    struct ra_rows rows;

    for (int64_t i = 0; i < LENGTH; i++) {
        add(&model, 1 + i, 1 + (i + 1) % LENGTH);
    }
    rows = ra_rows_make(&model, true);
    ck_assert_uint_eq(rows.count, LENGTH);
    ra_rows_free(&rows);
    ra_model_clear(&model);
}
END_TEST

/* Sums of forged numbers, which have no place in an integer, are unknown. */
START_TEST(test_rows_of_forged_numbers)
{
    struct ra_model model = {0};
    struct ra_report report = report_of(1, 0, 1, INT64_MIN + 1);
    struct ra_rows rows;

    report.fragmentation.rounding = report.fragmentation.dirty = INT64_MAX;
    report.memory.live = INT64_MAX;
    report.memory.pss = report.memory.rss = 1;
    ck_assert(ra_model_take(&model, ra_model_admit(&model, 1), &report));
    report.process.ppid = 1;
    report.process.pid = 2;
    report.memory.pss = INT64_MIN + 1;
    ck_assert(ra_model_take(&model, ra_model_admit(&model, 2), &report));
    report.process.uptime = 2;
    report.totals.allocations = INT64_MAX;
    ck_assert(ra_model_take(&model, ra_model_admit(&model, 2), &report));
    ck_assert_double_gt(ra_model_find(&model, 2)->rate, 1.8e19);
    rows = ra_rows_make(&model, true);
    ck_assert_uint_eq(rows.count, 3);
    ck_assert_int_eq(rows.rows[0].now.lost, RA_UNKNOWN);
    ck_assert_int_eq(rows.rows[0].now.live, RA_UNKNOWN);
    ck_assert_int_eq(rows.rows[1].now.live, RA_UNKNOWN);
    ra_rows_free(&rows);
    ra_model_clear(&model);
}
END_TEST

static const double numbers[] = {2, NAN, 3, 1, NAN};

static void number_cell(const void *context, size_t row, size_t column, char *text, size_t size)
{
    (void)context, (void)column;
    snprintf(text, size, "%.0f", numbers[row]);
}

static double number_of(const void *context, size_t row, size_t column)
{
    (void)context, (void)column;
    return numbers[row];
}

START_TEST(test_grid_order_has_the_unknown_last_either_way)
{
    static const size_t down[] = {2, 0, 3, 1, 4}, up[] = {3, 0, 2, 1, 4};
    const struct ra_grid_column column = {.title = "n"};
    const struct ra_grid grid = {.columns = &column,
                                 .column_count = 1,
                                 .row_count = 5,
                                 .cell = number_cell,
                                 .number = number_of};

    for (int inverted = 0; inverted < 2; inverted++) {
        struct ra_grid_state state = {.is_inverted = inverted};
        size_t count;
        size_t *order = ra_grid_order(&grid, &state, &count);

        ck_assert_uint_eq(count, 5);
        ck_assert_mem_eq(order, inverted ? up : down, sizeof down);
        free(order);
    }
}
END_TEST

START_TEST(test_grid_sort_passes_hidden_columns_by)
{
    const struct ra_grid grid = {.column_count = 5};
    struct ra_grid_state state = {.sort = 1, .hidden = 1 << 2 | 1 << 3 | 1 << 0};

    ra_grid_move_sort(&grid, &state, 1);
    ck_assert_uint_eq(state.sort, 4);
    ra_grid_move_sort(&grid, &state, 1);
    ck_assert_uint_eq(state.sort, 1);
    ra_grid_move_sort(&grid, &state, -1);
    ck_assert_uint_eq(state.sort, 4);
}
END_TEST

START_TEST(test_bars_line)
{
    const double values[] = {0, 50, NAN, 100}, same[] = {1000, 1001};
    char text[64];

    ra_bars_line(text, sizeof text, values, 4, false);
    ck_assert_str_eq(text, "_= #");
    ra_bars_line(text, sizeof text, values, 4, true);
    ck_assert_str_eq(text, "▁▅ █");
    ra_bars_line(text, sizeof text, same, 2, false);
    ck_assert_str_eq(text, "~~");
    ra_bars_line(text, 6, values, 4, true);
    ck_assert_str_eq(text, "▁");
}
END_TEST

START_TEST(test_bars_meter)
{
    char text[64];

    ra_bars_meter(text, sizeof text, 0.5, 22);
    ck_assert_str_eq(text, "[||||||||||     50.0%]");
    ra_bars_meter(text, sizeof text, 7, 12);
    ck_assert_str_eq(text, "[||||700.0%]");
    ra_bars_meter(text, sizeof text, NAN, 8);
    ck_assert_str_eq(text, "[     -]");
    ra_bars_meter(text, sizeof text, 0.5, 4);
    ck_assert_str_eq(text, "50.0%");
}
END_TEST

START_TEST(test_bars_share_adds_up_and_shows_the_small)
{
    const double parts[] = {1000, 1, 0, 500, 1}, none[] = {0, -1, 0, 0, 0};
    int columns[5];

    for (int width = 4; width < 300; width++) {
        ra_bars_share(columns, parts, 5, width);
        ck_assert_int_eq(columns[0] + columns[1] + columns[3] + columns[4], width);
        ck_assert_int_eq(columns[2], 0);
        ck_assert(columns[0] >= 1 && columns[1] >= 1 && columns[3] >= 1 && columns[4] >= 1);
    }
    ra_bars_share(columns, none, 5, 80);
    ck_assert_int_eq(columns[0] + columns[1] + columns[2] + columns[3] + columns[4], 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("screen");
    TCase *tests = tcase_create("parts");

    tcase_add_test(tests, test_clone_is_whole_and_its_own);
    tcase_add_test(tests, test_history_keeps_the_last);
    tcase_add_test(tests, test_model_counts_rate_threads_and_growth);
    tcase_add_test(tests, test_model_shows_as_ended_what_was_read_before_the_end);
    tcase_add_test(tests, test_model_tells_of_a_pid_taken_over);
    tcase_add_test(tests, test_rows_of_a_cluster_hang_below_its_sum);
    tcase_add_test(tests, test_rows_sum_is_of_shares_and_of_who_lives);
    tcase_add_test(tests, test_rows_nest_folded_and_filtered);
    tcase_add_test(tests, test_rows_of_a_circle_of_parents_are_all_there);
    tcase_add_test(tests, test_rows_of_a_circle_of_parents_are_no_cluster);
    tcase_add_test(tests, test_rows_of_a_great_circle_are_made_at_once);
    tcase_add_test(tests, test_rows_of_forged_numbers);
    tcase_add_test(tests, test_grid_order_has_the_unknown_last_either_way);
    tcase_add_test(tests, test_grid_sort_passes_hidden_columns_by);
    tcase_add_test(tests, test_bars_line);
    tcase_add_test(tests, test_bars_meter);
    tcase_add_test(tests, test_bars_share_adds_up_and_shows_the_small);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
