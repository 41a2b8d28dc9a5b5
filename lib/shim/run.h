/*
 * Runs: `ruby_alloc_top -- COMMAND` gives its command a directory of its own for regions
 * (region.h, RA_RUN_PREFIX), and reads each region after its process has ended. So a
 * region there is not removed at a normal exit while that tool lives; without it, the
 * last process to end takes the directory away.
 */
#ifndef RA_SHIM_RUN_H
#define RA_SHIM_RUN_H

#include <stdbool.h>

#pragma GCC visibility push(hidden)

/* Whether directory is one of a run. */
bool ra_run_is_in(const char *directory);

/*
 * The process ends normally, or becomes another program: leave its region to whoever reads it,
 * or remove it. True: it was removed. Where a filter doesn't let us it is marked as ended, and
 * the next process of its user removes it. Any thread, signal handlers too; errno stays.
 */
bool ra_run_leave(void);

#pragma GCC visibility pop

#endif
