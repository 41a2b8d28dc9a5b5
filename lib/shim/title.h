/*
 * The title: the command line as ps shows it, read from where the kernel reads it. So no file
 * is opened for it. Any thread; no allocation; errno stays.
 */
#ifndef RA_SHIM_TITLE_H
#define RA_SHIM_TITLE_H

#include <stddef.h>

#pragma GCC visibility push(hidden)

/*
 * Where arguments and environment lie: text is /proc/self/stat from the end of its second
 * field on. At set-up. Without, no title is known.
 */
void ra_title_learn(const char *text);

/* The title, arguments separated by spaces, cut to bytes - 1 bytes; empty if unknown. */
void ra_title_read(char *title, size_t bytes);

#pragma GCC visibility pop

#endif
