/* A real Ruby, looked at from outside while it holds what its script says. */
#include "helper.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Prints "ready" and waits for the test, as the victim does. */
#define READY "def ready = ($stdout.write(\"ready\\n\"); $stdout.flush; $stdin.read(1) || exit)\n"

static void start(struct victim *victim, const char *script)
{
    char directory[PATH_BYTES + 32];
    const char *environment[] = {directory, NULL};
    const char *arguments[] = {"ruby", "-e", script, NULL};

    snprintf(directory, sizeof directory, "RUBY_ALLOC_DIR=%s", temporary_path("."));
    setenv("RUBY_ALLOC_DIR", temporary_path("."), 1);
    spawn(victim, PRELOAD_OURS, environment, arguments);
    channel_ready(&victim->main);
}

static int64_t made_between(const struct ra_report *report, int64_t from, int64_t to)
{
    int64_t made = 0;

    for (size_t i = 0; i < report->sizes_count; i++) {
        if (report->sizes[i].min >= from && report->sizes[i].min <= to) {
            made += report->sizes[i].allocations;
        }
    }
    return made;
}

START_TEST(test_ruby_is_counted_without_being_asked)
{
    struct victim victim;
    struct ra_report *report;
    char version[32];

    start(&victim, READY "puts RUBY_VERSION; ready");
    ck_assert_int_eq(sscanf(victim.main.text, "%31s", version), 1);
    report = report_of(victim.pid);
    ck_assert_str_eq(report->process.ruby_version, version);
    ck_assert_int_gt(report->calls.malloc, 1000);
    ck_assert_int_gt(report->calls.calloc, 0);
    ck_assert_int_gt(report->calls.realloc, 0);
    ck_assert_int_gt(report->calls.free, 0);
    ck_assert_int_eq(report->totals.live_objects,
                     report->totals.allocations - report->totals.frees);
    ck_assert_int_le(report->memory.requested, report->memory.live);
    ck_assert_int_le(report->memory.live, report->memory.allocated);
    ruby_alloc_report_free(report);
    victim_finish(&victim);
}
END_TEST

START_TEST(test_strings_show_in_their_size)
{
    enum { STRINGS = 100000, BYTES = 1000 };
    struct victim victim;
    struct ra_report *reports[3];

    start(&victim, READY "GC.start; ready\n"
                         "strings = Array.new(100_000) { 'x' * 1000 }; ready\n"
                         "strings = nil; GC.start; GC.start; ready");
    for (int i = 0; i < 3; i++) {
        reports[i] = report_of(victim.pid);
        if (i < 2) {
            victim_step(&victim);
        }
    }
    ck_assert_int_ge(made_between(reports[1], BYTES - 7, BYTES + 24) -
                         made_between(reports[0], BYTES - 7, BYTES + 24),
                     STRINGS);
    ck_assert_int_ge(reports[1]->memory.live - reports[0]->memory.live, (int64_t)STRINGS * BYTES);
    ck_assert_int_ge(reports[1]->totals.live_objects - reports[0]->totals.live_objects, STRINGS);
    /* Conservative: a string may still lie on the stack. */
    ck_assert_int_ge(reports[1]->memory.live - reports[2]->memory.live,
                     (int64_t)(STRINGS - 1000) * BYTES);
    for (int i = 0; i < 3; i++) {
        ruby_alloc_report_free(reports[i]);
    }
    victim_finish(&victim);
}
END_TEST

START_TEST(test_threads_have_rows)
{
    struct victim victim;
    struct ra_report *report;
    int64_t named = 0, made = 0;

    start(&victim, READY "queue = Queue.new\n"
                         "threads = 6.times.map { |i| Thread.new { Thread.current.name = 'worker'\n"
                         "a = Array.new(2000) { 'y' * 777 }; queue << 1; sleep } }\n"
                         "6.times { queue.pop }; ready");
    report = report_of(victim.pid);
    for (size_t i = 0; i < report->threads_count; i++) {
        const struct ra_report_thread *thread = &report->threads[i];

        if (thread->name != NULL && strcmp(thread->name, "worker") == 0) {
            named++;
            ck_assert_int_ge(thread->allocations, 2000);
        }
        made += thread->allocations;
    }
    ck_assert_int_eq(named, 6);
    ck_assert_int_eq(made, report->totals.allocations);
    ruby_alloc_report_free(report);
    victim_finish(&victim);
}
END_TEST

START_TEST(test_fork_of_ruby_has_its_own_region)
{
    struct victim victim;
    struct ra_report *parent, *child;
    size_t pid;

    start(&victim, READY "kept = Array.new(10_000) { 'x' * 500 }\n"
                         "reader, writer = IO.pipe\n"
                         "going, over = IO.pipe\n"
                         "pid = fork { over.close; a = Array.new(5000) { 'y' * 300 }\n"
                         "writer.write('1'); writer.flush; going.read }\n"
                         "going.close; reader.read(1); puts pid; ready; over.close; Process.wait");
    ck_assert_uint_eq(numbers_in(&victim.main, &pid, 1), 1);
    parent = report_of(victim.pid);
    child = report_of((pid_t)pid);
    ck_assert_int_eq(child->process.forked, 1);
    ck_assert_int_eq(child->process.ppid, victim.pid);
    ck_assert_str_eq(child->process.ruby_version, parent->process.ruby_version);
    ck_assert_int_ge(child->totals.inherited_objects, 10000);
    ck_assert_int_ge(made_between(child, 297, 320), 5000);
    ck_assert_int_lt(child->totals.allocations, parent->totals.allocations);
    ruby_alloc_report_free(parent);
    ruby_alloc_report_free(child);
    victim_finish(&victim);
    ck_assert(!has_region((pid_t)pid));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ruby");

    add_case(suite, "start", test_ruby_is_counted_without_being_asked, 1);
    add_case(suite, "strings", test_strings_show_in_their_size, 1);
    add_case(suite, "threads", test_threads_have_rows, 1);
    add_case(suite, "fork", test_fork_of_ruby_has_its_own_region, 1);
    return run_suite(suite);
}
