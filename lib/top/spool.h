/*
 * A spool: what can be read only once, as from a pipe, copied into a nameless file in memory
 * that can be read as often as one likes.
 *
 * Example:
 *     int fd = ra_spool_make(STDIN_FILENO);
 *     if (fd >= 0)
 *         pread(fd, ...);
 */
#ifndef RA_TOP_SPOOL_H
#define RA_TOP_SPOOL_H

#include <stdint.h>

/* The most that is taken: memory is what it lies in. */
#define RA_SPOOL_BYTES_MAX (INT64_C(1) << 30)

/*
 * Read from to its end; a FIFO that nobody has open for writing is at its end. Returns a
 * descriptor to be closed by the caller, or -1 and errno (EFBIG: more than the most). from
 * stays open.
 */
int ra_spool_make(int from);

#endif
