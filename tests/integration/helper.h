/*
 * What the integration tests share: starting a victim under a preloaded library,
 * taking it from step to step, and comparing what the reader reports before and
 * after a step with what the step must have done, to the last object and byte.
 *
 * Example:
 *     struct victim victim;
 *     victim_start(&victim, "malloc:10:40 / free:10 /", NULL, NULL);
 *     struct ra_report *before = report_of(victim.pid);
 *     victim_step(&victim);
 *     struct ra_report *after = report_of(victim.pid);
 *
 * Errors: whatever goes wrong fails the running Check test; nothing is returned.
 * Waiting is polling with a deadline. Regions lie in $TEST_DIR, unless a test
 * says otherwise.
 */
#ifndef RUBY_ALLOC_TESTS_HELPER_H
#define RUBY_ALLOC_TESTS_HELPER_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ruby_alloc/report.h"

enum { WAIT_SECONDS = 20, TEST_SECONDS = 120, PATH_BYTES = 4096, CHANGES_MAX = 1280 };

#define PRELOAD_OURS "OURS" /* $RUBY_ALLOC_BUILD/libruby_alloc.so */
#define PRELOAD_JEMALLOC "libjemalloc.so.2"

/* One end of a conversation: a byte goes in for each "ready\n" that comes out. */
struct channel {
    pid_t pid; /* of the process at the other end, or its parent */
    int in;
    int out;
    size_t length;
    char text[64 * 1024]; /* what came before the last "ready" */
};

struct victim {
    pid_t pid;
    struct channel main;
    struct channel child; /* of the process that the script forks */
};

/* $RUBY_ALLOC_BUILD and name, $TEST_DIR and name. Static storage, four results at a time. */
const char *build_path(const char *name);
const char *temporary_path(const char *name);

/*
 * Start a program under a preload (PRELOAD_..., or NULL for none) with the given
 * environment, NAME=value strings up to NULL, added to a bare one.
 */
void spawn(struct victim *victim, const char *preload, const char *const *environment,
           const char *const *arguments);

/*
 * Start the victim program with our library counting, MALLOC_CONF as given (NULL:
 * unset), and wait until it is ready for the first time.
 */
void victim_start(struct victim *victim, const char *script, const char *child_script,
                  const char *malloc_conf);

/* Wait for "ready"; let the process do its next step and wait for that one's. */
void channel_ready(struct channel *channel);
void channel_step(struct channel *channel);
void victim_step(struct victim *victim);

/* Let the process run on to its end. Returns its wait status. */
int victim_end(struct victim *victim);

/* victim_end, and the process must have exited with status 0. */
void victim_finish(struct victim *victim);

/* A fresh report; ruby_alloc_report_free frees it. */
struct ra_report *report_of(pid_t pid);

/* Whether the report's advice has a piece of this id. */
bool advises(const struct ra_report *report, const char *id);

/* Does pid have a region that the reader finds? */
bool has_region(pid_t pid);

/* The path of the region file of pid in directory, false if there is none. */
bool region_path(const char *directory, pid_t pid, char path[PATH_BYTES]);

/*
 * The bytes that pid has asked for since it started, exactly, as its own counters have them: but
 * for small requests that were given large objects, which no counter holds.
 */
uint64_t requested_so_far(pid_t pid);

/* For messages about a process that doesn't do what it should: where its threads are. Static. */
const char *what_it_does(pid_t pid);

/* Objects that a step made or freed. */
struct change {
    size_t class_size; /* their usable size */
    size_t requested;  /* when made: the size that was asked for */
    int64_t made;
    int64_t freed;
};

struct expectation {
    const char *what; /* for messages */
    struct ra_report_calls calls;
    const struct change *changes;
    size_t change_count;
};

/* The whole difference must be what is expected: calls, totals, every class, every size. */
void require_difference(const struct ra_report *before, const struct ra_report *after,
                        const struct expectation *expected);

/* The same for one class and the bucket of one size alone, in a process with other traffic. */
void require_class_difference(const struct ra_report *before, const struct ra_report *after,
                              size_t class_size, int64_t made, int64_t freed);
void require_size_difference(const struct ra_report *before, const struct ra_report *after,
                             size_t requested, int64_t made);

/* Numbers that the victim printed, one a line. Returns how many there were. */
size_t numbers_in(const struct channel *channel, size_t *numbers, size_t max);

/* Run the suite; returns the exit status of the program. */
int run_suite(Suite *suite);

/* A case of loop tests over a table of count rows, with our time limit. */
void add_case(Suite *suite, const char *name, const TTest *test, int count);

#endif
