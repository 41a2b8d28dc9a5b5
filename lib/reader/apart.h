/*
 * Apart: work that may never come to an end, done in a process of its own.
 *
 * Who reads the files of a process, or its memory, in which files are mapped, waits for the
 * file systems that these are of. One in user space (FUSE), or on a network, need never
 * answer, and no signal ends that wait. So the worker is not waited for beyond a deadline: it
 * is nobody's child, holds nothing of the caller's open, and ends itself once it can.
 *
 * It sees the caller's memory as it was, and gives results back in memory that is shared.
 * Threads: only the caller's goes on in it. No signal of the caller's is touched, but for a
 * SIGCHLD that comes at once.
 */
#ifndef RUBY_ALLOC_READER_APART_H
#define RUBY_ALLOC_READER_APART_H

#include <stddef.h>
#include <stdint.h>

struct ra_apart {
    int fd; /* on which the result comes; -1: none */
};

/*
 * Begin to do work, whose result (below 0: none) is what ra_apart_wait returns; it is given
 * seconds at most. Returns 0; or a negative errno, and nothing was begun.
 */
int ra_apart_begin(struct ra_apart *apart, int (*work)(void *context), void *context,
                   unsigned seconds);

/*
 * Wait for the result. Returns it; -ETIMEDOUT: it is not there after wait_ms; -EIO: there
 * will be none, the worker came to grief.
 */
int ra_apart_wait(struct ra_apart *apart, int wait_ms);

/* Let go of the worker, whether it is done or not. */
void ra_apart_end(struct ra_apart *apart);

/* So many zeros, shared with workers that are begun later; NULL without memory. */
void *ra_apart_memory(size_t bytes);
void ra_apart_free(void *memory, size_t bytes);

/* Have the first used of bytes to oneself from now on, at the same place. 0 or a negative errno. */
int ra_apart_keep(void *memory, size_t bytes, size_t used);

#endif
