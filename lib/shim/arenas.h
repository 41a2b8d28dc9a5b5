/*
 * jemalloc's arenas, a row each: what an arena's threads hold, and which pages it keeps.
 * Read by number, from the figures of the last `epoch` (ra_statistics_read). Nothing here
 * allocates; errno may change.
 */
#ifndef RA_SHIM_ARENAS_H
#define RA_SHIM_ARENAS_H

#include "base.h"

#pragma GCC visibility push(hidden)

/*
 * Fill rows with the arenas that have a thread or a page, ascending; the last row sums up
 * those that have no row of their own. Returns how many rows there are: none where
 * jemalloc keeps no statistics. For one thread at a time.
 */
unsigned ra_arenas_read(struct ra_arena rows[RA_ARENA_MAX]);

#pragma GCC visibility pop

#endif
