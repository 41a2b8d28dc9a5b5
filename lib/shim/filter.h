/*
 * Seccomp filters that a program puts in force while it runs. The one of a container was there
 * before, and lets pass what set-up did; a newer one may kill who makes a call that the program
 * itself has no use for, so that none but those of any program are made then: futex, clock,
 * memory, a thread.
 *
 * Any thread; no allocation; errno stays. Asks by prctl, as the name of a thread is set.
 */
#ifndef RA_SHIM_FILTER_H
#define RA_SHIM_FILTER_H

#include <stdbool.h>

#pragma GCC visibility push(hidden)

/* What is in force by now is from before. At set-up; forked children go by it too. */
void ra_filter_learn(void);

/*
 * Whether the calling thread has no newer one, and may open, look at and remove files. A newer
 * one isn't seen where there was one before, and the program could not gain privileges any
 * more either (no_new_privs).
 */
bool ra_filter_allows_files(void);

#pragma GCC visibility pop

#endif
