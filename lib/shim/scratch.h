/*
 * Scratch memory: what our own thread allocates while glibc writes its report of itself.
 * From glibc's heap it would change what is reported, and bind the thread to an arena,
 * which is made for it if there is none to share.
 *
 * One piece of address space, given back as a whole; between begin and end the functions
 * of libcroad.c take memory from there for the calling thread.
 */
#ifndef RA_SHIM_SCRATCH_H
#define RA_SHIM_SCRATCH_H

#include <stdbool.h>
#include <stddef.h>

#pragma GCC visibility push(hidden)

/* Whether the calling thread is between begin and end. */
extern __thread bool ra_scratch_on;

/*
 * Called by the sampler alone. False, and nothing to end, if there is no address space.
 * A child that was forked in between begins anew.
 */
bool ra_scratch_begin(void);
void ra_scratch_end(void);

/* Zeroed memory of size bytes, aligned as malloc does it, until ra_scratch_end; or NULL. */
void *ra_scratch_make(size_t size);

/* Whether object is from there, and if so the size it was made with. */
bool ra_scratch_has(const void *object);
size_t ra_scratch_size(const void *object);

#pragma GCC visibility pop

#endif
