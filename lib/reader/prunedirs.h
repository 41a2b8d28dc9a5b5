/*
 * Where to prune: the directories in which the caller's own processes make regions, and
 * in them those of runs (region.h, RA_RUN_PREFIX) whose ruby_alloc_top is no more.
 */
#ifndef RUBY_ALLOC_READER_PRUNEDIRS_H
#define RUBY_ALLOC_READER_PRUNEDIRS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct ra_prune_dir {
    int fd;
    int parent; /* of a run's: the directory it lies in, by index; else -1 */
    int watch;  /* of a run's: locked, so that nobody else prunes it; -1: there is none */
    char path[PATH_MAX / 2]; /* for messages; one with a region's name behind it fits PATH_MAX */
};

struct ra_prune_dirs {
    struct ra_prune_dir *items;
    size_t count;
    size_t capacity;
};

/* Open those that are there. Zero dirs before. Returns false without memory; close in any case. */
bool ra_prune_dirs_open(struct ra_prune_dirs *dirs);

/* Close them; a run's directory in which no region is left is removed. */
void ra_prune_dirs_close(struct ra_prune_dirs *dirs);

/*
 * Remove from a run's directory what strangers have put there: as root makes it, anybody can.
 * Regions stay. Returns whether a directory stays in which there is something, and whose.
 */
bool ra_prune_sweep_run(int dir, uid_t *owner);

#endif
