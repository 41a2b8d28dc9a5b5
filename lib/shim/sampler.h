/*
 * The sampler: what the helper (helper.h) does all day. It copies jemalloc's statistics into
 * the region when a reader asks, and every RUBY_ALLOC_INTERVAL seconds. It has no slot and
 * allocates nothing through the public calls. Nobody looks: it sleeps.
 */
#ifndef RA_SHIM_SAMPLER_H
#define RA_SHIM_SAMPLER_H

#include "region.h"

#pragma GCC visibility push(hidden)

/*
 * Start it for this process, in its helper: at set-up, with one thread, and late in a forked
 * child (late.h). Where that can't be made, the log says so and counting goes on without
 * samples.
 */
void ra_sampler_init(void);
void ra_sampler_start(void);

/*
 * In a forked child that begins to allocate: its parent's sample no longer tells of it, and
 * isn't shown any more. In a region that is whole, before ra_sampler_start.
 */
void ra_sampler_disown(void);

/*
 * The last sample, for a forked child; NULL if there is none, or it was being taken at the
 * time of the fork.
 */
const struct ra_sampled *ra_sampler_last(void);

#pragma GCC visibility pop

#endif
