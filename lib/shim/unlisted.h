/*
 * The helper thread: made by the kernel alone, so that libc doesn't know of it. What libc
 * does with all threads would harm a host that counts on its own: set*id ends a process
 * whose threads' results differ, and the end of main by pthread_exit waits for every thread.
 * Nor does making it take a lock of libc's: a signal handler that interrupted
 * pthread_create may do it.
 *
 * Its stack has a guard page; neither stack nor thread-local data (tls.h) is copied by a
 * fork. One thread at a time, which blocks all signals from its first instruction on.
 *
 * All functions: errno stays, no cancellation point, no allocation. One caller at a time
 * (helper.c), with signals blocked.
 */
#ifndef RA_SHIM_UNLISTED_H
#define RA_SHIM_UNLISTED_H

#include <stdbool.h>

#include "base.h"

#pragma GCC visibility push(hidden)

/*
 * Make it run body, which calls ra_unlisted_leave and never returns. Returns 0 or an errno:
 * EBUSY while there is one, ENOSYS where ra_tls_learn failed. A thread that has left before
 * is gone on with: on its stack, with its thread-local data, jemalloc's among it.
 */
int ra_unlisted_make(void (*body)(void));

/* Whether there is one in this process; the parent's isn't. Any thread. */
bool ra_unlisted_is_there(void);

/* Wait until there is none, for wait_ms at most; whether it has gone. */
bool ra_unlisted_await_end(unsigned wait_ms);

/*
 * After that, until the kernel doesn't count or show it any more. Asks about it, which no
 * thread does without need.
 */
bool ra_unlisted_await_burial(unsigned wait_ms);

/* By the thread itself, at the end of body and with no lock. */
_Noreturn void ra_unlisted_leave(void);

#pragma GCC visibility pop

#endif
