/*
 * Identity: what tells this process from any other, before and after it, on this
 * machine: pid, start time and pid namespace.
 */
#ifndef RA_SHIM_IDENTITY_H
#define RA_SHIM_IDENTITY_H

#include <stddef.h>
#include <sys/types.h>

#include "base.h"

#pragma GCC visibility push(hidden)

/*
 * Fill the process's part of header: pids, user, start time, namespace, name and
 * command line. What /proc doesn't tell is 0 or empty. Any thread; no allocation.
 */
void ra_identity_fill(struct ra_header *header);

/* The same in a forked child, where header holds its parent's: name and command line stay. */
void ra_identity_refill(struct ra_header *header);

/* The part of it that the region's name is made from. */
void ra_identity_key(struct ra_header *header);

/* The command line as ps shows it now, cut to bytes - 1 bytes; empty if unknown. */
void ra_identity_command(char *command, size_t bytes);

/* Clock ticks after boot at which process pid started; 0: no such process, or no /proc. */
uint64_t ra_identity_start_ticks(pid_t pid);

#pragma GCC visibility pop

#endif
