/*
 * What a reader has a process do: purge, decay times, thread caches. It does that, does it
 * in that process alone, and counts as exactly as if nobody had asked.
 */
#include "helper_program.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "ruby_alloc/reader.h"
#include "ruby_alloc/region.h"

enum {
    DROPPED_BYTES = 50000 * 4096, /* victim_actions, drop */
    NEARLY_ALL = 190 * 1000 * 1000,
    LONG_MS = 1000 * 1000 * 1000,
    ACTIONS = 1000,
    FLUSHERS = 8
};

static struct victim victim;
static struct ra_reader *reader;
static struct ra_acted acted;
static struct ra_failure why;

static void open_victim(pid_t pid)
{
    ruby_alloc_reader_close(reader);
    ck_assert_msg(ruby_alloc_reader_open(&reader, pid, &why) == RA_OK, "%s", why.message);
}

static void start(const char *const *words)
{
    program_start(&victim, "victim_actions", temporary_path("."), words);
    open_victim(victim.pid);
}

static void finish(void)
{
    victim_finish(&victim);
    ruby_alloc_reader_close(reader);
    reader = NULL;
}

static void act(enum ra_action_id action, int64_t argument)
{
    enum ra_status status =
        ruby_alloc_reader_act(reader, action, argument, WAIT_SECONDS * 1000, &acted, &why);

    ck_assert_msg(status == RA_OK, "%s: %s; %s", ruby_alloc_action_name(action), why.message,
                  what_it_does(victim.pid));
}

static void act_badly(enum ra_action_id action, int64_t argument, int wait_ms,
                      enum ra_status expected, const char *part)
{
    enum ra_status status = ruby_alloc_reader_act(reader, action, argument, wait_ms, &acted, &why);

    ck_assert_msg(status == expected, "status %d: %s", status, why.message);
    ck_assert_msg(strstr(why.message, part) != NULL, "%s", why.message);
}

static struct ra_report_memory memory_of(pid_t pid)
{
    struct ra_report *report = report_of(pid);
    struct ra_report_memory memory = report->memory;

    ruby_alloc_report_free(report);
    return memory;
}

static int64_t decay_of(pid_t pid)
{
    struct ra_report *report = report_of(pid);
    int64_t milliseconds = report->conf.dirty_decay_ms;

    ruby_alloc_report_free(report);
    return milliseconds;
}

static const enum ra_action_id purging[] = {RA_ACTION_purge, RA_ACTION_malloc_trim};

START_TEST(test_purge)
{
    static const char *const words[] = {"4", "drop", NULL};
    struct ra_report_memory before, after;

    start(words);
    act(RA_ACTION_decay, -1);
    victim_step(&victim);
    before = memory_of(victim.pid);
    ck_assert_int_ge(before.dirty, NEARLY_ALL);
    act(purging[_i], 0);
    after = memory_of(victim.pid);
    ck_assert_int_eq(after.dirty, 0);
    ck_assert_int_ge(before.rss - after.rss, NEARLY_ALL);
    ck_assert_int_eq(after.live, before.live);
    finish();
}
END_TEST

START_TEST(test_decay)
{
    static const char *const words[] = {"4", "drop", "drop", NULL};

    start(words);
    act(RA_ACTION_decay, LONG_MS);
    ck_assert_int_eq(decay_of(victim.pid), LONG_MS);
    victim_step(&victim);
    ck_assert_int_ge(memory_of(victim.pid).dirty, NEARLY_ALL);
    act(RA_ACTION_decay, 0);
    ck_assert_int_eq(decay_of(victim.pid), 0);
    ck_assert_int_eq(memory_of(victim.pid).dirty, 0);
    victim_step(&victim);
    ck_assert_int_eq(memory_of(victim.pid).dirty, 0);
    finish();
}
END_TEST

/* A child begins with its parent's settings; what its parent is asked for later is not its. */
START_TEST(test_child_is_left_alone)
{
    static const char *const words[] = {"4", "drop", "fork", NULL};
    size_t child;

    start(words);
    act(RA_ACTION_decay, LONG_MS);
    victim_step(&victim);
    victim_step(&victim);
    ck_assert_uint_eq(numbers_in(&victim.main, &child, 1), 1);
    channel_ready(&victim.child);
    ck_assert_int_eq(decay_of((pid_t)child), LONG_MS);
    act(RA_ACTION_tcache_flush, 0);
    act(RA_ACTION_decay, LONG_MS - 1);
    act(RA_ACTION_purge, 0);
    ck_assert_int_eq(memory_of(victim.pid).dirty, 0);
    ck_assert_int_eq(decay_of(victim.pid), LONG_MS - 1);
    ck_assert_int_eq(decay_of((pid_t)child), LONG_MS);
    ck_assert_int_ge(memory_of((pid_t)child).dirty, NEARLY_ALL);
    open_victim((pid_t)child);
    act(RA_ACTION_tcache_flush, 0);
    ck_assert_uint_eq(acted.threads_asked, 1);
    finish();
}
END_TEST

/* Threads that sleep keep their caches, until they call. */
START_TEST(test_flush)
{
    static const char *const words[] = {"8", "fill", "touch", NULL};
    struct ra_report *reports[3];
    int64_t cached;

    start(words);
    victim_step(&victim);
    reports[0] = report_of(victim.pid);
    cached = reports[0]->memory.tcache;
    ck_assert_int_ge(cached, FLUSHERS * 10 * VICTIM_SIZE);
    act(RA_ACTION_tcache_flush, 0);
    ck_assert_uint_eq(acted.threads_asked, FLUSHERS + 1);
    ck_assert_uint_eq(acted.threads_flushed, 0);
    reports[1] = report_of(victim.pid);
    ck_assert_int_eq(reports[1]->memory.tcache, cached);
    victim_step(&victim);
    reports[2] = report_of(victim.pid);
    ck_assert_int_eq(reports[2]->memory.tcache, 0);
    for (int i = 0; i < 2; i++) {
        const struct expectation nothing = {.what = "a flush"};

        require_difference(reports[i], reports[i + 1], &nothing);
    }
    for (int i = 0; i < 3; i++) {
        ruby_alloc_report_free(reports[i]);
    }
    finish();
}
END_TEST

static const struct {
    enum ra_action_id action;
    int64_t argument;
    const char *message;
} refused[] = {
    {RA_ACTION_decay, -2, "takes no such value"},
    {RA_ACTION_decay, INT64_MAX, "takes no such value"},
    {RA_ACTION_NONE, 0, "its library is older"},
    {RA_ACTION_COUNT, 0, "its library is older"},
    {(enum ra_action_id)0x7fffffff, 0, "its library is older"},
};

START_TEST(test_refused)
{
    static const char *const words[] = {"1", NULL};
    int64_t decay;

    start(words);
    decay = decay_of(victim.pid);
    act_badly(refused[_i].action, refused[_i].argument, WAIT_SECONDS * 1000, RA_SYSTEM,
              refused[_i].message);
    ck_assert_int_eq(decay_of(victim.pid), decay);
    finish();
}
END_TEST

/* One of them may be running, inside jemalloc, and call malloc. */
START_TEST(test_flush_beside_own_hooks)
{
    static const char *const words[] = {"1", "hooks", NULL};

    start(words);
    act(RA_ACTION_tcache_flush, 0);
    victim_step(&victim);
    act_badly(RA_ACTION_tcache_flush, 0, WAIT_SECONDS * 1000, RA_SYSTEM, "extent hooks");
    act(RA_ACTION_purge, 0);
    finish();
}
END_TEST

/* What it did not do in time it does not do later either. */
START_TEST(test_stopped)
{
    static const char *const words[] = {"1", "drop", NULL};

    start(words);
    act(RA_ACTION_decay, -1);
    victim_step(&victim);
    ck_assert_int_eq(kill(victim.pid, SIGSTOP), 0);
    ck_assert_int_eq(waitpid(victim.pid, NULL, WUNTRACED), victim.pid); /* all its threads have */
    act_badly(RA_ACTION_purge, 0, 200, RA_TIMEOUT, "it is stopped: kill -CONT");
    ck_assert_int_eq(kill(victim.pid, SIGCONT), 0);
    ck_assert_int_ge(memory_of(victim.pid).dirty, NEARLY_ALL);
    act(RA_ACTION_purge, 0);
    ck_assert_int_eq(memory_of(victim.pid).dirty, 0);
    finish();
}
END_TEST

START_TEST(test_killed)
{
    static const char *const words[] = {"1", NULL};

    start(words);
    ck_assert_int_eq(kill(victim.pid, SIGKILL), 0);
    victim_end(&victim);
    act_badly(RA_ACTION_purge, 0, WAIT_SECONDS * 1000, RA_ABSENT, "has ended");
    ck_assert_uint_eq(regions_remove(temporary_path(".")), 1);
    ruby_alloc_reader_close(reader);
    reader = NULL;
}
END_TEST

static void *ask_often(void *action)
{
    struct ra_reader *own;
    struct ra_acted own_acted;
    struct ra_failure own_why;
    enum ra_status status = ruby_alloc_reader_open(&own, victim.pid, &own_why);

    for (int i = 0; status == RA_OK && i < ACTIONS / 10; i++) {
        status = ruby_alloc_reader_act(own, *(const uint32_t *)action, 0, WAIT_SECONDS * 1000,
                                       &own_acted, &own_why);
    }
    ck_assert_msg(status == RA_OK, "%s", own_why.message);
    ruby_alloc_reader_close(own);
    return NULL;
}

START_TEST(test_two_readers)
{
    static const char *const words[] = {"1", NULL};
    static const uint32_t actions[] = {RA_ACTION_purge, RA_ACTION_malloc_trim};
    pthread_t threads[2];

    start(words);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, ask_often, (void *)&actions[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    }
    finish();
}
END_TEST

/* Half of them flushes. Returns how many of these all threads followed at once. */
static int act_at_random(unsigned seed)
{
    int followed = 0;

    for (int i = 0; i < ACTIONS; i++) {
        int choice = rand_r(&seed) % 2 == 0 ? RA_ACTION_tcache_flush
                                            : 1 + rand_r(&seed) % (RA_ACTION_COUNT - 1);

        act((enum ra_action_id)choice, choice == RA_ACTION_decay ? rand_r(&seed) % 100 - 1 : 0);
        if (choice == RA_ACTION_tcache_flush) {
            ck_assert_uint_ge(acted.threads_asked, FLUSHERS + 1);
            followed += acted.threads_flushed == acted.threads_asked;
        }
    }
    return followed;
}

START_TEST(test_storm)
{
    static const char *const words[] = {"8", "storm", NULL};
    static const size_t sizes[] = {2990, 1750, 20000, 3500, 2400};
    struct ra_report *before, *after;
    size_t told[2];
    int64_t rounds;

    start(words);
    before = report_of(victim.pid);
    victim_step(&victim);
    ck_assert_int_gt(act_at_random((unsigned)time(NULL)), ACTIONS / 3);
    victim_step(&victim);
    ck_assert_uint_eq(numbers_in(&victim.main, told, 2), 2);
    ck_assert_uint_ge(told[1], 1);
    rounds = (int64_t)told[0];
    after = report_of(victim.pid);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        require_class_difference(before, after, class_for(sizes[i]), rounds, rounds);
    }
    ck_assert_int_eq(after->calls.realloc - before->calls.realloc, rounds);
    ck_assert_int_eq(after->calls.aligned - before->calls.aligned, rounds);
    ruby_alloc_report_free(before);
    ruby_alloc_report_free(after);
    finish();
    ck_assert_uint_eq(regions_count(temporary_path(".")), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("actions");

    add_case(suite, "purge", test_purge, sizeof purging / sizeof *purging);
    add_case(suite, "decay", test_decay, 1);
    add_case(suite, "child", test_child_is_left_alone, 1);
    add_case(suite, "flush", test_flush, 1);
    add_case(suite, "refused", test_refused, sizeof refused / sizeof *refused);
    add_case(suite, "hooks", test_flush_beside_own_hooks, 1);
    add_case(suite, "stopped", test_stopped, 1);
    add_case(suite, "killed", test_killed, 1);
    add_case(suite, "two readers", test_two_readers, 1);
    add_case(suite, "storm", test_storm, 1);
    return run_suite(suite);
}
