/*
 * Location: which file is the region of a process.
 *
 * Files are looked at through O_PATH descriptors first, which opens nothing: a
 * FIFO or a device at a region's name is told from a file without waking it.
 */
#ifndef RUBY_ALLOC_READER_LOCATE_H
#define RUBY_ALLOC_READER_LOCATE_H

#include <limits.h>
#include <sys/stat.h>

#include "reader/proc.h"
#include "ruby_alloc/reader.h"

/* A process as the search needs it. Zero it, and ra_target_close it in any case. */
struct ra_target {
    pid_t pid;
    int dir;        /* /proc/PID, or -1: there is no such process, unless there is an error */
    int error;      /* the caller lacks descriptors or memory to look (ra_proc_is_want); or 0 */
    int memory_dir; /* the same, or that of a living thread; -1 likewise */
    uint64_t start_ticks;
    uint64_t pid_namespace;
    struct ra_proc_status status;
};

struct ra_place {
    int fd; /* O_PATH; -1: none */
    struct stat file;
    char path[PATH_MAX]; /* for messages */
};

/* What a region's name says. */
struct ra_region_name {
    pid_t pid;
    uint64_t start_ticks;
    uint64_t pid_namespace;
};

/* Parse a region's file name. Returns false unless it is exactly as one is written. */
bool ra_region_name_parse(const char *name, struct ra_region_name *parsed);

/* Look up process pid. target->dir is -1 when there is none, it has ended, or on an error. */
void ra_target_open(struct ra_target *target, pid_t pid);
void ra_target_close(struct ra_target *target);

/* Find memory_dir anew: the main thread may have left since, or the thread used instead. */
void ra_target_follow(struct ra_target *target);

/*
 * Find the region of a living process. Returns RA_OK and *place, whose fd the
 * caller closes; RA_NO_REGION (why is not filled) or RA_DAMAGED: there is
 * something at the region's name that can't be it.
 */
enum ra_status ra_locate_living(const struct ra_target *target, struct ra_place *place,
                                struct ra_failure *why);

/* Find the region that an ended process left as name in the directory path; likewise. */
enum ra_status ra_locate_left_at(const struct ra_target *target, const char *path, bool is_run,
                                 const char *name, struct ra_place *place, struct ra_failure *why);

/* Find the newest region that an ended process pid left behind; likewise. */
enum ra_status ra_locate_left(const struct ra_target *target, struct ra_place *place,
                              struct ra_failure *why);

/*
 * The directories in which the caller's own processes make regions, best first.
 * Fills dirs with up to RA_OWN_DIRS paths, returns their number.
 */
enum { RA_OWN_DIRS = 3 };
size_t ra_locate_own_dirs(const char *dirs[RA_OWN_DIRS]);

/*
 * Open a directory below root (a descriptor; symbolic links can't lead out of
 * it), as O_PATH. Returns a descriptor or -1.
 */
int ra_locate_open_dir(int root, const char *path);

/*
 * Open the next run's directory (region.h, RA_RUN_PREFIX) among the entries that an open
 * directory still has. Returns it, to be closed with closedir, and its name, which lasts
 * until the next call; or NULL at the end, with an errno if it is none of the directory's.
 */
void *ra_locate_next_run(void *dirstream, const char **name);

/* Whether the process sees another file system tree than the caller does. */
bool ra_locate_is_elsewhere(int proc_dir);

#endif
