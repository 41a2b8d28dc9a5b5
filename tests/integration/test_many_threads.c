/* More threads than one would think of: the counts stay exact, the region small. */
#include <string.h>

#include "helper_program.h"
#include "ruby_alloc/region.h"

START_TEST(test_short_threads_stay_within_the_budget)
{
    enum { TOTAL = 100000, AT_ONCE = 64, STEPS = 20, EACH = 3 };
    const char *words[] = {decimal(TOTAL), decimal(AT_ONCE),     decimal(STEPS),
                           decimal(EACH),  decimal(VICTIM_SIZE), NULL};
    size_t class_size = class_for(VICTIM_SIZE);
    struct ra_report *before, *after;
    struct victim victim;

    program_start(&victim, "victim_many_threads", temporary_path("."), words);
    before = report_of(victim.pid);
    for (int i = 0; i < STEPS; i++) {
        victim_step(&victim);
        require_budget(temporary_path("."), victim.pid, AT_ONCE + 1);
    }
    after = report_of(victim.pid);
    require_class_difference(before, after, class_size, (int64_t)TOTAL * EACH,
                             (int64_t)TOTAL * EACH);
    require_size_difference(before, after, VICTIM_SIZE, (int64_t)TOTAL * EACH);
    for (size_t i = 0; i < after->threads_count; i++) {
        const struct ra_report_thread *thread = &after->threads[i];

        ck_assert(strcmp(thread->state, "live") != 0 || thread->tid == victim.pid);
    }
    ruby_alloc_report_free(before);
    ruby_alloc_report_free(after);
    victim_finish(&victim);
    ck_assert_uint_eq(regions_count(temporary_path(".")), 0);
}
END_TEST

/* Threads beside the main one with a row of their own, and that many objects made at least. */
static int64_t rows_with(const struct ra_report *report, int64_t made, int64_t *shared)
{
    int64_t rows = 0;

    *shared = 0;
    for (size_t i = 0; i < report->threads_count; i++) {
        const struct ra_report_thread *thread = &report->threads[i];

        rows += strcmp(thread->state, "live") == 0 && thread->tid != report->process.pid &&
                thread->allocations >= made;
        *shared += strcmp(thread->state, "overflow") == 0 ? thread->allocations : 0;
    }
    return rows;
}

START_TEST(test_more_threads_than_slots)
{
    enum { THREADS = 2000, EACH = 200 };
    const char *words[] = {"cross", decimal(THREADS), decimal(EACH), decimal(VICTIM_SIZE), NULL};
    struct expectation expected = {.what = "all allocate"};
    struct change change = {.requested = VICTIM_SIZE};
    int64_t all = (int64_t)THREADS * EACH, shared_before, shared;
    struct ra_report *reports[4];
    struct victim victim;

    change.class_size = class_for(VICTIM_SIZE);
    program_start(&victim, "victim_threads", temporary_path("."), words);
    for (int i = 0; i < 4; i++) {
        reports[i] = report_of(victim.pid);
        if (i < 3) {
            victim_step(&victim);
        }
    }
    expected.changes = &change;
    expected.change_count = 1;
    expected.calls.malloc = change.made = all;
    require_difference(reports[0], reports[1], &expected);
    ck_assert_int_eq(rows_with(reports[0], EACH, &shared_before), 0);
    ck_assert_int_eq(rows_with(reports[1], 1, &shared), RA_SLOT_MAX - 1);
    /* Those without a slot, and what others made while they waited for theirs. */
    ck_assert_int_ge(shared - shared_before, (int64_t)(THREADS - RA_SLOT_MAX + 1) * EACH);
    expected.what = "all free";
    expected.calls = (struct ra_report_calls){.free = all};
    change = (struct change){change.class_size, VICTIM_SIZE, 0, all};
    require_difference(reports[1], reports[2], &expected);
    require_class_difference(reports[2], reports[3], change.class_size, 0, 0);
    require_budget(temporary_path("."), victim.pid, RA_SLOT_MAX);
    for (int i = 0; i < 4; i++) {
        ruby_alloc_report_free(reports[i]);
    }
    victim_finish(&victim);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("many threads");

    add_case(suite, "short", test_short_threads_stay_within_the_budget, 1);
    add_case(suite, "alive at once", test_more_threads_than_slots, 1);
    return run_suite(suite);
}
