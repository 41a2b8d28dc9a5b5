/*
 * What lies behind the storage: memory of this process alone, or a file that others may
 * read. A file system may have no page left when a page of the file is first touched, which
 * is SIGBUS; so every page of it is reserved before.
 *
 * That a file is mapped and that it has a name are two things (regionfile.h): one that was
 * removed is mapped all the same.
 *
 * Only set-up, fork and an exec that failed change it. Any thread may reserve. No allocation;
 * errno stays.
 */
#ifndef RA_SHIM_MAPPING_H
#define RA_SHIM_MAPPING_H

#include <stdbool.h>
#include <stddef.h>

#pragma GCC visibility push(hidden)

/*
 * Map the open file of so many bytes over the storage. It may refuse to be mapped, and then
 * the storage is what it was. Returns 0 or an errno.
 */
int ra_mapping_take(int file, size_t bytes);

/*
 * The same for a file of the kind that lies there already, in a forked child: over it at
 * once, which takes one call less.
 */
int ra_mapping_take_alike(int file, size_t bytes);

/* Private zeroed memory in place of all of the storage, or of a part of it. 0 or an errno. */
int ra_mapping_make_private(void);
int ra_mapping_hide(size_t offset, size_t bytes);

/* A second mapping of the file that lies there, which the caller unmaps; 0: it can't be had. */
long ra_mapping_twin(void);

/* The bytes of the file that lies there; 0: memory of this process alone. */
size_t ra_mapping_file_bytes(void);

/*
 * See to it that touching these bytes, pages of the file that lies there, is no SIGBUS.
 * Through the mapping: the file may be out of reach by now, and a seccomp filter may end
 * who opens one. Only before Linux 5.14 it has to be opened. Returns 0 or an errno.
 */
int ra_mapping_reserve(size_t offset, size_t bytes);

#pragma GCC visibility pop

#endif
