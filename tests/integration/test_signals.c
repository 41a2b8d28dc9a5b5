/* Signals: handlers may allocate, storms harm nothing, and the sampler takes none. */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper_program.h"

static void start(struct victim *victim, const char *mode, size_t count)
{
    const char *words[] = {mode, decimal(count), decimal(VICTIM_SIZE), NULL};

    program_start(victim, "victim_signals", temporary_path("."), words);
}

START_TEST(test_handler_that_allocates)
{
    enum { SIGNALS = 3000 };
    size_t class_size = class_for(VICTIM_SIZE);
    struct ra_report *reports[3];
    struct victim victim;

    start(&victim, "compute", SIGNALS);
    for (int i = 0; i < 3; i++) {
        reports[i] = report_of(victim.pid);
        if (i > 0) {
            require_class_difference(reports[i - 1], reports[i], class_size, 2 * SIGNALS, SIGNALS);
            require_size_difference(reports[i - 1], reports[i], VICTIM_SIZE, 2 * SIGNALS);
        }
        if (i < 2) {
            victim_step(&victim);
        }
    }
    for (int i = 0; i < 3; i++) {
        ruby_alloc_report_free(reports[i]);
    }
    victim_finish(&victim);
}
END_TEST

START_TEST(test_storm_during_allocation)
{
    enum { ROUNDS = 300000, NUMBERS = 3 };
    size_t sizes[] = {class_for(VICTIM_SIZE), class_for(2 * VICTIM_SIZE)}, numbers[NUMBERS];
    struct ra_report *before, *after;
    struct victim victim;

    start(&victim, "storm", ROUNDS);
    before = report_of(victim.pid);
    victim_step(&victim);
    after = report_of(victim.pid);
    ck_assert_uint_eq(numbers_in(&victim.main, numbers, NUMBERS), NUMBERS);
    ck_assert_uint_eq(numbers[0], ROUNDS);
    ck_assert_uint_eq(numbers[1], ROUNDS);
    ck_assert_uint_gt(numbers[2], 100);
    for (int i = 0; i < 2; i++) {
        require_class_difference(before, after, sizes[i], 2 * ROUNDS, 2 * ROUNDS);
        require_size_difference(before, after, (size_t)(i + 1) * VICTIM_SIZE, 2 * ROUNDS);
    }
    ck_assert_int_eq(after->calls.realloc - before->calls.realloc, 2 * ROUNDS);
    ck_assert_int_eq(after->calls.failed, before->calls.failed);
    ruby_alloc_report_free(before);
    ruby_alloc_report_free(after);
    victim_finish(&victim);
}
END_TEST

/* The queue has a limit: what is refused is sent when some have been taken. */
static void queue(pid_t pid, int signal, int value)
{
    enum { TRIES = 20000 };
    union sigval text = {.sival_int = value};
    int tries = 0;

    while (sigqueue(pid, signal, text) != 0) {
        ck_assert_int_eq(errno, EAGAIN);
        ck_assert_int_lt(tries++, TRIES);
        poll(NULL, 0, 1);
    }
}

static const char *const queue_modes[] = {"handler", "wait"};

/* Asked for samples meanwhile, the sampler is awake, and still takes no signal. */
START_TEST(test_queued_signals_all_arrive)
{
    enum { SIGNALS = 10000, NUMBERS = 3, EACH_REPORT = 1000 };
    size_t numbers[NUMBERS], sum = 0;
    struct victim victim;

    start(&victim, queue_modes[_i], SIGNALS);
    for (int i = 0; i < SIGNALS; i++) {
        if (i % EACH_REPORT == 0) {
            ruby_alloc_report_free(report_of(victim.pid));
        }
        queue(victim.pid, SIGRTMIN + 1 + _i, i);
        sum += (size_t)i;
    }
    channel_ready(&victim.main);
    ck_assert_uint_eq(numbers_in(&victim.main, numbers, NUMBERS), NUMBERS);
    ck_assert_uint_eq(numbers[0], SIGNALS);
    ck_assert_uint_eq(numbers[1], sum);
    ck_assert_uint_eq(numbers[2], 0); /* in any thread but the main one */
    victim_finish(&victim);
}
END_TEST

/* A field of /proc/PID/task/TID/status, after its tabs. */
static void status_field(pid_t pid, const char *tid, const char *name, char *value, size_t bytes)
{
    char path[128], line[256];
    size_t length = strlen(name);
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/task/%s/status", pid, tid);
    file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    value[0] = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, name, length) == 0 && line[length] == ':') {
            snprintf(value, bytes, "%s", line + length + 1 + strspn(line + length + 1, "\t "));
            value[strcspn(value, "\n")] = 0;
        }
    }
    fclose(file);
}

/* All that there are but SIGKILL and SIGSTOP: those that glibc keeps for its own threads too. */
static unsigned long long every_signal(void)
{
    return ~(1ull << (SIGKILL - 1) | 1ull << (SIGSTOP - 1));
}

/* Look at all threads once; false if the sampler hasn't named itself yet. */
static bool look_at_threads(pid_t pid, int *threads)
{
    char path[64], name[64], blocked[64];
    unsigned long long expected[2] = {0, every_signal()};
    bool found = false, right = true;
    struct dirent *entry;
    DIR *tasks;

    snprintf(path, sizeof path, "/proc/%d/task", pid);
    tasks = opendir(path);
    ck_assert_ptr_nonnull(tasks);
    for (*threads = 0; (entry = readdir(tasks)) != NULL;) {
        if (entry->d_name[0] != '.') {
            status_field(pid, entry->d_name, "Name", name, sizeof name);
            status_field(pid, entry->d_name, "SigBlk", blocked, sizeof blocked);
            bool sampler = strcmp(name, "ruby_alloc") == 0;

            ++*threads;
            found = found || sampler;
            right = right && strtoull(blocked, NULL, 16) == expected[sampler];
        }
    }
    closedir(tasks);
    ck_assert_msg(!found || right, "a wrong mask in a thread of %d", pid);
    return found;
}

static void require_threads(pid_t pid)
{
    enum { TRIES = 4000, WAIT_MS = 5 };
    int threads, tries = 0;

    while (!look_at_threads(pid, &threads)) {
        ck_assert_msg(tries++ < TRIES, "no thread of %d is called ruby_alloc", pid);
        poll(NULL, 0, WAIT_MS);
    }
    ck_assert_int_eq(threads, 2);
}

START_TEST(test_sampler_blocks_every_signal)
{
    struct victim victim;
    size_t child;

    victim_start(&victim, "/ fork / /", "malloc:8:40 / /", NULL); /* late.h: not before */
    ruby_alloc_report_free(report_of(victim.pid));
    require_threads(victim.pid);
    victim_step(&victim);
    ck_assert_uint_eq(numbers_in(&victim.main, &child, 1), 1);
    channel_ready(&victim.child);
    ruby_alloc_report_free(report_of((pid_t)child));
    require_threads((pid_t)child);
    require_threads(victim.pid);
    victim_finish(&victim);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("signals");

    add_case(suite, "allocating handler", test_handler_that_allocates, 1);
    add_case(suite, "storm", test_storm_during_allocation, 1);
    add_case(suite, "queued", test_queued_signals_all_arrive,
             sizeof queue_modes / sizeof queue_modes[0]);
    add_case(suite, "sampler", test_sampler_blocks_every_signal, 1);
    return run_suite(suite);
}
