/*
 * Filters of system calls (seccomp(2)): a program may shut itself in, and then a call that
 * it never makes itself ends it. So after the start whatever opens, looks at or removes a
 * file asks here first. Any thread, signal handlers too; no allocation; errno stays.
 *
 * The rule: no filter, or only those that were there when the process started, which allowed
 * us then what we do (sacrifice.h).
 */
#ifndef RA_SHIM_FILTER_H
#define RA_SHIM_FILTER_H

#include <stdbool.h>

#pragma GCC visibility push(hidden)

/* What is in force at the start. At set-up, before anything asks; opens /proc/self/status. */
void ra_filter_learn(void);

/* Whether a filter was in force at the start. */
bool ra_filter_was_there(void);

/* Those that were there at the start don't let us: nothing of ours touches a file any more. */
void ra_filter_forbid_files(void);

/* Whether the calling thread may open, look at and remove files, and make a thread of ours. */
bool ra_filter_allows_files(void);

#pragma GCC visibility pop

#endif
