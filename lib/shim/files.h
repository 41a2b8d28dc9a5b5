/*
 * Small file helpers that neither allocate nor raise signals. Any thread; errno stays.
 */
#ifndef RA_SHIM_FILES_H
#define RA_SHIM_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#pragma GCC visibility push(hidden)

/*
 * How many bytes a file may have (RLIMIT_FSIZE), UINT64_MAX: any number. Going past it would
 * not only fail but send SIGXFSZ, which ends the host.
 */
uint64_t ra_files_limit(void);

/*
 * Read up to bytes - 1 bytes of the file at path into text and terminate it. Returns
 * the length, or -1 and an empty text.
 */
ssize_t ra_files_read(const char *path, char *text, size_t bytes);

#pragma GCC visibility pop

#endif
