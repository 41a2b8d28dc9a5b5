/*
 * Runs: `ruby_alloc_top -- COMMAND` gives its command a directory of its own for regions
 * (region.h, RA_RUN_PREFIX), and reads each region after its process has ended. So a
 * region there is not removed at a normal exit while that tool lives; without it, the
 * last process to end takes the directory away.
 */
#ifndef RA_SHIM_RUN_H
#define RA_SHIM_RUN_H

#pragma GCC visibility push(hidden)

/* The process ends normally: leave its region to whoever reads it, or remove it. */
void ra_run_leave(void);

#pragma GCC visibility pop

#endif
