/*
 * Writing files whole. Replacing one: it is as it was, or wholly new.
 */
#ifndef RA_TOP_REPLACE_H
#define RA_TOP_REPLACE_H

#include <stddef.h>

#include <ruby_alloc/reader.h>

/*
 * Make text (size bytes) what the file at path holds: written beside it, then renamed. The
 * new file is its user's alone, or as open as the one that it replaces if that was the
 * caller's too (never more than 0777). A symbolic link stays, what it leads to is replaced,
 * or made; a pipe or a device is written to. What may stand there: outlet.h.
 *
 * Returns RA_OK; or RA_DENIED, RA_SYSTEM with the reason in why->message and in errno, and
 * then the file is as it was.
 */
enum ra_status ra_replace(const char *path, const char *text, size_t size, struct ra_failure *why);

/*
 * Write text (size bytes) to fd: in one call, unless it is cut short; then the next says why.
 *
 * Returns 0; or -1 and errno, and then a part may have been written.
 */
int ra_write_whole(int fd, const char *text, size_t size);

#endif
