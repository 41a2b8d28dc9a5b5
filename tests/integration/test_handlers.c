/*
 * Handlers of fork that allocate while the forking thread is between our own: what they make is
 * counted once, in the process that made it.
 */
#include "helper_program.h"

#include <unistd.h>

#include "victim_handlers.h"

static size_t class_size;

static void require_objects(const char *what, int fork, int64_t got, int64_t expected)
{
    ck_assert_msg(got == expected, "fork %d: %s: %ld objects, expected %ld", fork, what, (long)got,
                  (long)expected);
}

/* What was made before the fork is live in the child, too, and what the handlers made there. */
static void require_child(const struct ra_report *parent, const struct ra_report *child, int fork)
{
    int64_t before = report_class(parent, class_size).live_objects;
    int64_t earlier = (int64_t)fork * (BEFORE + IN_PARENT);

    require_objects("live in the child", fork, report_class(child, class_size).live_objects,
                    before + earlier + BEFORE + IN_CHILD);
    require_objects("made by the child, and before the fork by the handlers", fork,
                    report_class(child, class_size).allocations, BEFORE + IN_CHILD);
    ck_assert_int_eq(child->process.forked, 1);
}

static void require_parent(const struct ra_report *before, const struct ra_report *after, int fork)
{
    int64_t forks = fork + 1;

    require_objects("made by the parent", fork,
                    report_class(after, class_size).allocations -
                        report_class(before, class_size).allocations,
                    forks * (BEFORE + IN_PARENT));
    require_objects("live in the parent", fork,
                    report_class(after, class_size).live_objects -
                        report_class(before, class_size).live_objects,
                    forks * (BEFORE + IN_PARENT));
}

/* _i: whether another thread than the main one forks. */
START_TEST(test_handlers_count_where_they_run)
{
    const char *const words[] = {decimal(VICTIM_SIZE), decimal((size_t)_i), NULL};
    struct ra_report *before, *report;
    struct victim victim;
    size_t pid;

    class_size = class_for(VICTIM_SIZE);
    program_start(&victim, "victim_handlers", temporary_path("."), words);
    before = report_of(victim.pid);
    for (int fork = 0; fork < FORKS; fork++) {
        ck_assert_int_eq(write(victim.main.in, "\n", 1), 1);
        channel_ready(&victim.child);
        ck_assert_uint_eq(numbers_in(&victim.child, &pid, 1), 1);
        report = report_of((pid_t)pid);
        require_child(before, report, fork);
        ruby_alloc_report_free(report);
        ck_assert_int_eq(write(victim.child.in, "\n", 1), 1);
        channel_ready(&victim.main);
        report = report_of(victim.pid);
        require_parent(before, report, fork);
        ruby_alloc_report_free(report);
    }
    ruby_alloc_report_free(before);
    victim_finish(&victim);
    regions_remove(temporary_path("."));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("handlers");

    add_case(suite, "handlers of fork", test_handlers_count_where_they_run, 2);
    return run_suite(suite);
}
