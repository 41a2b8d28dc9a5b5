/*
 * Changes of what a process may do, and where it is: see privileges.c.
 */
#ifndef RA_SHIM_PRIVILEGES_H
#define RA_SHIM_PRIVILEGES_H

#pragma GCC visibility push(hidden)

/* Look the functions behind ours up. At set-up, while the process has one thread. */
void ra_privileges_init(void);

#pragma GCC visibility pop

#endif
