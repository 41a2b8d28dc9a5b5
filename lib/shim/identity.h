/*
 * Identity: what tells this process from any other, before and after it, on this
 * machine: pid, start time and pid namespace.
 */
#ifndef RA_SHIM_IDENTITY_H
#define RA_SHIM_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base.h"

#pragma GCC visibility push(hidden)

/*
 * Fill the process's part of header: pids, user, start time, namespace, name and
 * command line. What /proc doesn't tell is 0 or empty. At set-up; no allocation.
 */
void ra_identity_fill(struct ra_header *header);

/*
 * The same in a forked child, where header holds its parent's: name and command line
 * stay. before_ticks: ra_identity_ticks() shortly before the fork. /proc is only read
 * where the start time can't be told without, and if it may be: who makes no region needs none.
 */
void ra_identity_refill(struct ra_header *header, uint64_t before_ticks, bool may_read);

/* Now, in the clock ticks after boot in which /proc counts start times. */
uint64_t ra_identity_ticks(void);

/* The part of it that the region's name is made from. */
void ra_identity_key(struct ra_header *header);

/* A number in /proc/PID/stat, of which text begins where the second field ends; NULL: 0. */
uint64_t ra_identity_field(const char *text, int wanted);

/* Whether the process is gone: its pid is free, or belongs to one that started at another time. */
bool ra_identity_is_dead(pid_t pid, uint64_t start_ticks);

#pragma GCC visibility pop

#endif
