/*
 * Writing files whole. Replacing one: it is as it was, or wholly new.
 */
#ifndef RA_TOP_REPLACE_H
#define RA_TOP_REPLACE_H

#include <stddef.h>

/*
 * Make text (size bytes) what the file at path holds: written beside it, then renamed, with
 * the mode of the file it replaces. A symbolic link stays, what it leads to is replaced, or
 * made; a pipe or a device is written to.
 *
 * Returns 0; or -1 and errno, and then the file is as it was.
 */
int ra_replace(const char *path, const char *text, size_t size);

/*
 * Write text (size bytes) to fd: in one call, unless it is cut short; then the next says why.
 *
 * Returns 0; or -1 and errno, and then a part may have been written.
 */
int ra_write_whole(int fd, const char *text, size_t size);

#endif
