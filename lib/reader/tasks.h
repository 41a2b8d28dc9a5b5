/*
 * Tasks: how near a process is to the limit of threads and processes that it may make.
 * This library makes one thread more in each process that it counts.
 */
#ifndef RUBY_ALLOC_READER_TASKS_H
#define RUBY_ALLOC_READER_TASKS_H

#include <stdbool.h>
#include <stdint.h>

#include "reader/proc.h"

struct ra_tasks {
    int64_t used, limit; /* RA_UNKNOWN: there is no limit, or none can be seen */
    const char *source;  /* what sets it */
};

/*
 * The limit with the least room left: RLIMIT_NPROC, which counts all tasks of the process's
 * real user and doesn't bind root, or its control groups' pids.max.
 */
struct ra_tasks ra_tasks_find(int proc_dir, const struct ra_proc_status *status);

/* Whether a fifth of the limit or less is left. */
bool ra_tasks_are_short(const struct ra_tasks *tasks);

/* The soft limit in a text of /proc/PID/limits; RA_UNKNOWN: none. For tests. */
int64_t ra_tasks_limit_in(const char *limits);

#endif
