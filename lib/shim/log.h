/*
 * The log: one line for each thing that went wrong, appended to the file that
 * RUBY_ALLOC_LOG names; nothing where it names none. Any thread; errno kept; no
 * allocation; a log that can't be written, or not without being ended by a filter of system
 * calls, is silently given up.
 */
#ifndef RA_SHIM_LOG_H
#define RA_SHIM_LOG_H

#pragma GCC visibility push(hidden)

/* format: as for printf with %s, %d, %u, %zu only (others may allocate). */
void ra_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

#pragma GCC visibility pop

#endif
