/*
 * Victim programs other than the scripted one, and the directory their regions
 * lie in. Errors and waiting as in helper.h.
 */
#ifndef RUBY_ALLOC_TESTS_HELPER_PROGRAM_H
#define RUBY_ALLOC_TESTS_HELPER_PROGRAM_H

#include "helper.h"

enum { VICTIM_SIZE = 2990 }; /* a bucket and class that nothing else in a victim uses */

/*
 * Start the victim of that name under tests/integration with these words (up to
 * NULL), counting, its region in directory, and wait for its first "ready".
 */
void program_start(struct victim *victim, const char *name, const char *directory,
                   const char *const *words);

/* The number as text. Static storage, eight results at a time. */
const char *decimal(size_t number);

/* The size class that jemalloc gives a request. */
size_t class_for(size_t requested);

/* The region file's bytes must be within the budget for that many threads. */
void require_budget(const char *directory, pid_t pid, size_t threads);

/* Region files in directory: how many; remove them all and return how many there were. */
size_t regions_count(const char *directory);
size_t regions_remove(const char *directory);

/* Objects of a size class that exist, and all of its allocations, according to report. */
struct ra_report_class report_class(const struct ra_report *report, size_t class_size);

#endif
