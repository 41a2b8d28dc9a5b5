/*
 * The directory in which the processes of one run make their regions (region.h,
 * RA_RUN_PREFIX): made below $RUBY_ALLOC_DIR where that is set, else in /dev/shm,
 * $XDG_RUNTIME_DIR or /tmp, so that other readers find it as they find regions.
 */
#ifndef RA_TOP_RUNDIR_H
#define RA_TOP_RUNDIR_H

#include <limits.h>
#include <stdbool.h>

struct ra_rundir {
    char path[PATH_MAX];
    int fd;    /* of the directory */
    int watch; /* holds the lock that tells processes to leave their regions to us; -1: no more */
};

/* Make it. Returns 0; or -1 and errno, with the last path that was tried in dir->path. */
int ra_rundir_make(struct ra_rundir *dir);

/* Whether a process has it in its environment: one that may be about to make a region there. */
bool ra_rundir_is_in_use(const struct ra_rundir *dir);

/* From now on processes that end remove their regions themselves, and the last the directory. */
void ra_rundir_unwatch(struct ra_rundir *dir);

/*
 * Remove it, unless there are regions in it, and close it. What strangers have put there goes
 * too, but for directories that aren't empty: then it is said that it stays, and why.
 */
void ra_rundir_close(struct ra_rundir *dir);

#endif
