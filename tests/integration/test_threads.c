/* Threads: each one's calls are counted exactly, whoever frees, also after it ended. */
#include "helper_program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ruby_alloc/region.h"

static const char *const settings[] = {"MALLOC_CONF=", "MALLOC_CONF=tcache:false,narenas:2"};

static const int thread_counts[] = {1, 2, 3, 7, 8, 9, 16, 33, 64};

enum {
    THREAD_CASES = sizeof thread_counts / sizeof thread_counts[0],
    OBJECTS = 500,
    SIZE = 2990, /* a bucket and class that nothing else in the process uses */
};

static void start(struct victim *victim, const char *setting, const char *const *words)
{
    char directory[PATH_BYTES + 32];
    const char *environment[] = {setting, "RUBY_ALLOC_ALL=1", directory, NULL};
    const char *arguments[8] = {build_path("tests/integration/victim_threads")};

    snprintf(directory, sizeof directory, "RUBY_ALLOC_DIR=%s", temporary_path("."));
    setenv("RUBY_ALLOC_DIR", temporary_path("."), 1);
    for (int i = 0; words[i] != NULL; i++) {
        arguments[i + 1] = words[i];
    }
    spawn(victim, PRELOAD_OURS, environment, arguments);
    channel_ready(&victim->main);
}

static int live_threads(const struct ra_report *report, int64_t with_allocations)
{
    int count = 0;

    for (size_t i = 0; i < report->threads_count; i++) {
        const struct ra_report_thread *thread = &report->threads[i];

        count += strcmp(thread->state, "live") == 0 && thread->allocations >= with_allocations;
    }
    return count;
}

START_TEST(test_free_on_another_thread)
{
    int threads = thread_counts[_i % THREAD_CASES];
    const char *words[] = {"cross", decimal(threads), decimal(OBJECTS), decimal(SIZE), NULL};
    size_t class_size = class_for(SIZE);
    int64_t all = (int64_t)threads * OBJECTS;
    struct expectation expected = {.what = "all threads allocate"};
    struct change change = {.class_size = class_size, .requested = SIZE};
    struct ra_report *reports[4];
    struct victim victim;

    start(&victim, settings[_i / THREAD_CASES], words);
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
    ck_assert_int_eq(live_threads(reports[1], OBJECTS), threads);
    expected = (struct expectation){.what = "all threads free", .changes = &change};
    expected.change_count = 1;
    expected.calls.free = change.freed = all;
    change.made = 0;
    require_difference(reports[1], reports[2], &expected);
    require_class_difference(reports[2], reports[3], class_size, 0, 0);
    ck_assert_int_eq(live_threads(reports[3], OBJECTS), 0);
    require_budget(temporary_path("."), victim.pid, threads + 2);
    for (int i = 0; i < 4; i++) {
        ruby_alloc_report_free(reports[i]);
    }
    victim_finish(&victim);
}
END_TEST

/* Run a victim of one step. Returns the report after it; the victim goes on. */
static struct ra_report *run_step(struct victim *victim, const char *setting,
                                  const char *const *words, size_t size, int64_t made,
                                  int64_t freed)
{
    size_t class_size = class_for(size);
    struct ra_report *before, *after;

    start(victim, setting, words);
    before = report_of(victim->pid);
    victim_step(victim);
    after = report_of(victim->pid);
    require_class_difference(before, after, class_size, made, freed);
    require_size_difference(before, after, size, made);
    ruby_alloc_report_free(before);
    return after;
}

/* Slots and their counters go from thread to thread; a thread's row shows its own part. */
START_TEST(test_short_threads_reuse_slots)
{
    enum { TOTAL = 2000, AT_ONCE = 5, EACH = 20 };
    const char *words[] = {"churn",       decimal(TOTAL), decimal(AT_ONCE),
                           decimal(EACH), decimal(SIZE),  NULL};
    struct victim victim;
    struct ra_report *report =
        run_step(&victim, settings[_i], words, SIZE, (TOTAL + 1) * EACH, TOTAL * EACH);
    int staying = 0;

    for (size_t i = 0; i < report->threads_count; i++) {
        const struct ra_report_thread *thread = &report->threads[i];

        if (strcmp(thread->state, "live") == 0 && thread->tid != victim.pid) {
            ck_assert_int_eq(thread->allocations, EACH);
            ck_assert_int_eq(thread->frees, 0);
            staying++;
        }
    }
    ck_assert_int_eq(staying, 1);
    require_budget(temporary_path("."), victim.pid, AT_ONCE + 2);
    ruby_alloc_report_free(report);
    victim_finish(&victim);
}
END_TEST

/* Above 8 MiB the threads share their counters. */
START_TEST(test_large_sizes_from_many_threads)
{
    enum { TOTAL = 640, AT_ONCE = 16, EACH = 40, LARGE = 9000000 };
    const char *words[] = {"churn",       decimal(TOTAL), decimal(AT_ONCE),
                           decimal(EACH), decimal(LARGE), NULL};
    struct victim victim;
    struct ra_report *report =
        run_step(&victim, settings[_i], words, LARGE, (TOTAL + 1) * EACH, TOTAL * EACH);

    ruby_alloc_report_free(report);
    victim_finish(&victim);
}
END_TEST

START_TEST(test_free_in_destructors)
{
    enum { THREADS = 40, EACH = 100 };
    const char *words[] = {"destructor", decimal(THREADS), decimal(EACH), decimal(SIZE), NULL};
    struct victim victim;
    struct ra_report *report =
        run_step(&victim, settings[_i], words, SIZE, THREADS * EACH, THREADS * EACH);

    require_budget(temporary_path("."), victim.pid, THREADS + 2);
    ruby_alloc_report_free(report);
    victim_finish(&victim);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("threads");

    add_case(suite, "cross", test_free_on_another_thread, THREAD_CASES * 2);
    add_case(suite, "churn", test_short_threads_reuse_slots, 2);
    add_case(suite, "large", test_large_sizes_from_many_threads, 2);
    add_case(suite, "destructors", test_free_in_destructors, 2);
    return run_suite(suite);
}
