/*
 * The exec family, by which another program takes the process's place: see ending.h.
 */
#ifndef RA_SHIM_EXEC_H
#define RA_SHIM_EXEC_H

#pragma GCC visibility push(hidden)

/* Find the definitions behind ours, which is not to be done in a signal handler. At set-up. */
void ra_exec_init(void);

#pragma GCC visibility pop

#endif
