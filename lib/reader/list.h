/*
 * The list of regions: every file that may be one, whose it says it is, and where the dead
 * left theirs, so that none of these is searched for again.
 *
 * Files with a region's name that are no regions are counted alone: anybody can make
 * thousands where regions lie. One that is empty or unfinished is listed only while its
 * process may be making it.
 */
#ifndef RUBY_ALLOC_READER_LIST_H
#define RUBY_ALLOC_READER_LIST_H

#include "reader/locate.h"

struct ra_listed {
    pid_t pid; /* as the caller sees it */
    uint64_t start_ticks;
    size_t directory;
    bool is_left;    /* where the caller's own processes leave theirs, and of this pid namespace */
    bool is_unready; /* it seems to be made just now */
};

struct ra_listed_directory {
    char *path;
    bool is_run;
};

/* Many processes run few programs. */
struct ra_listed_program {
    struct stat file;
    int own_allocator;
};
enum { RA_LIST_PROGRAMS = 16 };

struct ra_list {
    struct ra_listed *regions; /* ascending by pid, several of one pid side by side */
    size_t count;
    struct ra_listed_directory *directories;
    size_t directory_count;
    uint64_t pid_namespace;                              /* the caller's */
    size_t denied;                                       /* files that the caller may not read */
    size_t strangers;                                    /* files that are no regions */
    struct ra_listed_program programs[RA_LIST_PROGRAMS]; /* looked at so far */
    size_t program_count;
};

/* Make the list, to be released. Returns RA_OK or RA_SYSTEM. */
enum ra_status ra_list_make(struct ra_list *list, struct ra_failure *why);
void ra_list_release(struct ra_list *list);

/* The index of the first region of the next pid after that of region index; count: none. */
size_t ra_list_next(const struct ra_list *list, size_t index);

/* As ra_locate_left, but by the list: it opens one file where that reads all directories. */
enum ra_status ra_list_left(const struct ra_list *list, const struct ra_target *target,
                            struct ra_place *place, struct ra_failure *why);

/*
 * As ruby_alloc_reader_open for the process of region index, in no more steps for many. What
 * is wrong with the region's contents, a snapshot says; one that isn't ready yet is given
 * ready_ms milliseconds then.
 */
enum ra_status ra_list_open(struct ra_reader **reader, struct ra_list *list, size_t index,
                            int ready_ms, struct ra_failure *why);

/*
 * Whether the file begins as a region does, of which name in dir was looked up (a regular one):
 * 1; 0: no, or not yet; -1: it may not be read.
 */
int ra_list_looks_like_region(int dir, const char *name, const struct stat *status);

/* As ra_program_has_allocator of the process, but each program is looked at once. */
int ra_list_own_allocator(struct ra_list *list, const struct ra_target *target);

#endif
