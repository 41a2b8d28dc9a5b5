/*
 * Outlets: where an output that the user named is to go. Every file that is written is opened
 * here.
 *
 * In /tmp and in other users' directories someone may have been there first. So a path is
 * walked part by part, each held open while the next is looked at, and nothing is followed or
 * written to that a stranger put there: no symbolic link in a directory in which others may
 * make one, unless it is the caller's own or root's; no file of another user there, none with
 * a second name (a hard link), none that is set-user-ID or set-group-ID anywhere.
 *
 * Errors: a status (RA_DENIED, RA_SYSTEM) and the reason, for people, in why->message: without
 * the path, and errno's text where the system said no. errno is kept too: EPERM for our own no.
 */
#ifndef RA_TOP_OUTLET_H
#define RA_TOP_OUTLET_H

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>

#include <ruby_alloc/reader.h>

enum { RA_OUTLET_MODE = 0600 }; /* an output may hold command lines */

struct ra_outlet {
    int dir;                 /* in which it lies; -1: none */
    char name[NAME_MAX + 1]; /* its name there: no link, unless of /proc */
    bool is_shared;          /* others may make files in dir */
    bool is_magic;           /* of /proc, as /dev/stdout is: the kernel knows what it is */
    bool is_there;
    struct stat file; /* if it is there, and not of /proc */
};

/* Find it, there or not. To be closed in any case. */
enum ra_status ra_outlet_find(struct ra_outlet *outlet, const char *path, struct ra_failure *why);

/*
 * Open it to be written, or make it, for its user alone. flags: O_WRONLY or O_RDWR, and
 * O_APPEND, O_TRUNC, O_EXCL. A FIFO without a reader is waited for, unless flags are O_RDWR.
 *
 * Returns a descriptor that is closed on exec, or -1 and why.
 */
int ra_outlet_open(struct ra_outlet *outlet, int flags, struct ra_failure *why);

void ra_outlet_close(struct ra_outlet *outlet);

/* Both in one. */
int ra_outlet_open_path(const char *path, int flags, struct ra_failure *why);

#endif
