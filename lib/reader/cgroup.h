/*
 * Control groups: how much memory a process may have, and how many tasks.
 */
#ifndef RUBY_ALLOC_READER_CGROUP_H
#define RUBY_ALLOC_READER_CGROUP_H

#include <stdint.h>

/*
 * The smallest limit, in bytes, of the groups that a process (a descriptor of /proc/PID)
 * is in, from its own up to the top one that is seen from here: memory.max of version 2,
 * memory.limit_in_bytes of version 1.
 *
 * RA_UNKNOWN: there is none, or none can be seen.
 */
int64_t ra_cgroup_limit(int proc_dir);

/* The same from the texts of /proc/PID/cgroup and of the reader's mountinfo; for tests. */
int64_t ra_cgroup_limit_in(const char *groups, const char *mounts);

/* Tasks, threads included, in a group and those below it, and how many there may be. */
struct ra_cgroup_tasks {
    int64_t used, limit;
};

/*
 * Of the groups that a process is in, as above, the one with the least room left for tasks:
 * pids.current and pids.max. Both RA_UNKNOWN: there is no limit, or none can be seen.
 */
struct ra_cgroup_tasks ra_cgroup_tasks(int proc_dir);

/* The same from texts; for tests. */
struct ra_cgroup_tasks ra_cgroup_tasks_in(const char *groups, const char *mounts);

#endif
