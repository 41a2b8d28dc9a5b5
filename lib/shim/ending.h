/*
 * The ways in which a process ends without its destructors: _exit, a signal that it sends
 * itself, another program in its place. In each its region goes first, as at a normal exit; what
 * ends otherwise (SIGKILL, a crash, the OOM killer) leaves it, to be read.
 *
 * Each call is forwarded to the next definition behind ours, whatever becomes of the region.
 * Where the process goes on after all (an exec that failed), it gets its region back.
 *
 * All may be called in signal handlers, by any thread, and in a child by vfork, which shares
 * this memory and whose region it isn't. errno is what the real function left.
 */
#ifndef RA_SHIM_ENDING_H
#define RA_SHIM_ENDING_H

#pragma GCC visibility push(hidden)

/* Find the definitions behind ours, which is not to be done in a signal handler. At set-up. */
void ra_ending_init(void);

/* The process has a region: have it removed at quick_exit too. At set-up, after ra_ending_init. */
void ra_ending_begin(void);

#pragma GCC visibility pop

#endif
