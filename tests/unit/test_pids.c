/* Pids: what was put there is found, whatever else comes and goes. */
#include <check.h>
#include <stdlib.h>

#include "top/model.h"
#include "top/pids.h"
#include "top/rows.h"

#include "suite.h"

enum { MANY = 3000 };

START_TEST(test_pids_empty)
{
    struct ra_pids pids = {0};

    ck_assert_ptr_null(ra_pids_find(&pids, 1));
    ra_pids_drop(&pids, 1);
    ra_pids_free(&pids);
}
END_TEST

/* Every other one goes again, in an order of its own; pids that a hash may throw together. */
START_TEST(test_pids_come_and_go)
{
    static const int64_t steps[] = {1, 64, 1 << 20, INT64_C(1) << 40, -7};
    static int things[MANY];
    struct ra_pids pids = {0};
    int64_t step = steps[_i];

    for (int i = 0; i < MANY; i++) {
        ck_assert(ra_pids_put(&pids, i * step, &things[i]));
    }
    for (int i = 0; i < MANY; i++) {
        ra_pids_drop(&pids, (i * 7 % MANY) / 2 * 2 * step);
    }
    ck_assert_uint_eq(pids.count, MANY / 2);
    for (int i = 0; i < MANY; i++) {
        ck_assert_ptr_eq(ra_pids_find(&pids, i * step), i % 2 == 0 ? NULL : &things[i]);
    }
    ra_pids_free(&pids);
}
END_TEST

static void take(struct ra_model *model, int64_t pid, int64_t ppid)
{
    struct ra_report report = {0};

    report.process.pid = pid;
    report.process.ppid = ppid;
    ck_assert(ra_model_take(model, ra_model_admit(model, pid), &report));
}

/* A recording of as many processes as one likes, each the child of the one before. */
START_TEST(test_rows_of_a_long_line)
{
    enum { LONG = 40000 };
    struct ra_model model = {0};
    struct ra_rows rows;
    size_t count = LONG + 1;
    size_t *order = calloc(count, sizeof *order);
    size_t *nested;

    for (int64_t pid = LONG; pid > 0; pid--) {
        take(&model, pid, pid - 1);
    }
    rows = ra_rows_make(&model, true);
    ck_assert_uint_eq(rows.count, LONG + 1);
    for (size_t i = 0; i < LONG; i++) {
        ck_assert_uint_eq(rows.rows[i].root, LONG - 1);
        ck_assert_int_eq(rows.rows[i].cluster, LONG);
    }
    ck_assert_uint_eq(rows.rows[LONG].processes, LONG);
    for (size_t i = 0; i < count; i++) {
        order[i] = i;
    }
    nested = ra_rows_nest(&rows, order, &count);
    ck_assert_uint_eq(count, LONG + 1);
    ck_assert_uint_eq(nested[0], LONG);
    free(nested);
    free(order);
    ra_rows_free(&rows);
    ra_model_clear(&model);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pids");
    TCase *tests = tcase_create("pids");

    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, test_pids_empty);
    tcase_add_loop_test(tests, test_pids_come_and_go, 0, 5);
    tcase_add_test(tests, test_rows_of_a_long_line);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
