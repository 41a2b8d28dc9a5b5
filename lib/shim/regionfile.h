/*
 * The region's file: found a place for, made, grown, given away and removed here; what
 * it holds is region.c's business. One file at a time.
 *
 * What a forked child does here it does without libc, see system.h.
 */
#ifndef RA_SHIM_REGIONFILE_H
#define RA_SHIM_REGIONFILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base.h"

#pragma GCC visibility push(hidden)

enum { RA_DIRECTORY_COUNT = 3 };

/* Directories to try, in this order; returns how many. Strings last as long as the process. */
unsigned ra_regionfile_directories(const char *list[RA_DIRECTORY_COUNT]);

/* The name of the file of a process: with its end, no more than RA_REGIONFILE_NAME_BYTES. */
enum { RA_REGIONFILE_NAME_BYTES = 96 };
void ra_regionfile_name(char *name, uint64_t pid, uint64_t start_ticks, uint64_t pid_namespace);

/*
 * Make the file of the process that header names in directory, a string that stays, empty.
 * Returns an open descriptor, which the caller closes, or -1 and *error (an errno) with
 * nothing left behind; ENOTSUP: the file system doesn't keep what is reserved in a file.
 * *alike: the file is on the file system that the last one was on.
 */
int ra_regionfile_create(const char *directory, const struct ra_header *header, bool *alike,
                         int *error);

/*
 * Reserve bytes of it from offset on: a full tmpfs answers a first touch with SIGBUS. Returns
 * 0 or an errno. extend opens the file for it (mapping.h: only where it must).
 */
int ra_regionfile_reserve(int file, size_t offset, size_t bytes);
int ra_regionfile_extend(size_t offset, size_t bytes);

/* Make the file user's. Only root can. */
void ra_regionfile_give(uid_t user);

/* An O_PATH descriptor of the file, which the caller closes; -1: it isn't in sight. */
int ra_regionfile_find(void);

/* The directory that the file is in; NULL if there is no file. */
const char *ra_regionfile_directory(void);

/* The directory of the last file that there was, which may be removed by now. */
const char *ra_regionfile_last_directory(void);

/* Whether this process has a file that it has not removed. Any thread, signal handlers too. */
bool ra_regionfile_exists(void);

/*
 * Remove the file. It stays mapped. False: there was none, or not any more. Any thread, signal
 * handlers too.
 */
bool ra_regionfile_remove(void);

/* In a forked child: the file is the parent's. False: the parent's had been removed. */
bool ra_regionfile_forget(void);

/*
 * Remove the file of a dead process of the same parent, from the directory of this one's. In
 * a forked child that is alone.
 */
void ra_regionfile_remove_sibling(uint32_t pid, uint64_t start_ticks);

/*
 * Remove the file that an earlier program left under this process's identity: one that
 * replaced itself by exec. At set-up, where no region is made.
 */
void ra_regionfile_remove_predecessor(void);

#pragma GCC visibility pop

#endif
