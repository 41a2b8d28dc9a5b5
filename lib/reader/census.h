/*
 * Census: whether the process that a region is named after still lives.
 *
 * In doubt it does not say so: a process that is hidden from the caller, or that
 * lives in a pid namespace into which the caller can't see, may be alive.
 */
#ifndef RUBY_ALLOC_READER_CENSUS_H
#define RUBY_ALLOC_READER_CENSUS_H

#include "reader/locate.h"

enum ra_life { RA_LIFE_DEAD, RA_LIFE_LIVING, RA_LIFE_UNKNOWN };

struct ra_census_entry {
    pid_t pid;
    pid_t inner_pid;
    uint64_t pid_namespace; /* 0: may not be read */
    uint64_t start_ticks;
    uid_t uids[4];
};

/* Zero it before the first use. */
struct ra_census {
    uint64_t own_namespace;
    bool is_begun;
    bool is_own_proc; /* /proc shows the pid namespace that the caller is in */
    bool sees_all;    /* and hides no process of other users */
    bool is_taken;    /* the entries were read: only for regions of other namespaces */
    bool has_failed;  /* not all of them could be read */
    struct ra_census_entry *entries;
    size_t count;
    size_t capacity;
};

/*
 * Judge the process that name speaks of and whose region is place. Ask after the
 * directory was read: a process is older than its region, so that what is not there
 * by now has ended.
 *
 * Returns its life; for RA_LIFE_UNKNOWN *reason says why, a constant.
 */
enum ra_life ra_census_judge(struct ra_census *census, const struct ra_region_name *name,
                             const struct ra_place *place, const char **reason);

void ra_census_release(struct ra_census *census);

#endif
