/*
 * Thread-local data for a thread that libc doesn't know of (unlisted.h): what ld.so and
 * libc's code expect around a thread pointer.
 *
 * ld.so is asked once, at set-up, and what it laid out is kept as an image. Each such thread
 * of this process and of its forked children begins with a copy: nothing of it may be taken
 * over from a thread that a fork stopped in the middle of something, and ld.so, which may
 * itself be in the middle of something when a child allocates, is not asked again.
 *
 * No allocation but in ra_tls_learn; errno stays.
 */
#ifndef RA_SHIM_TLS_H
#define RA_SHIM_TLS_H

#include <stdbool.h>
#include <stddef.h>

#include "base.h"

#pragma GCC visibility push(hidden)

/* Bytes to be reserved on either side of a thread pointer, which is a multiple of alignment. */
struct ra_tls_room {
    size_t below, above, alignment;
};

/*
 * Learn it all. At set-up, with one thread, all signals blocked. Returns 0, or an errno if
 * there can be no such thread: the one with which libc refuses it, ENOSYS, ENOTSUP or E2BIG
 * where ld.so or libc is not as those that are known.
 *
 * It makes a thread by libc's own means, which ends at once: libc does without locks and
 * atomic instructions (pthread_mutex_lock among others) until it has made a thread, and goes
 * by it for good, in forked children too.
 */
int ra_tls_learn(void);

/* Whether it was learnt, in this process or the one that it was forked from. */
bool ra_tls_is_known(void);

/* As it was learnt. */
struct ra_tls_room ra_tls_room(void);

/* Fill the memory around pointer, which is zero, for a new thread. */
void ra_tls_fill(char *pointer);

/* Where libc looks for the thread's number. */
uint32_t *ra_tls_tid(char *pointer);

#pragma GCC visibility pop

#endif
