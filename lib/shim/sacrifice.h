/*
 * A filter of system calls that was there when the process started (seccomp(2)) may let us do
 * what set-up does, as a container's does, or end who tries. So under one a child does it first,
 * which shares our memory, as one by vfork does. If it is ended, the process goes on without.
 */
#ifndef RA_SHIM_SACRIFICE_H
#define RA_SHIM_SACRIFICE_H

#include <stdbool.h>

#pragma GCC visibility push(hidden)

/*
 * Run step in such a child while the calling thread waits. False: it did not get to its end,
 * or there was no child. At set-up; no allocation; errno stays. step uses system calls alone
 * (system.h): libc takes the child for the process.
 */
bool ra_sacrifice(void (*step)(void));

#pragma GCC visibility pop

#endif
