/*
 * glibc where it is the allocator behind us: its introspection, the sizes it hands out,
 * and its figures in place of jemalloc's statistics.
 *
 * From mallinfo2 (mallinfo(3)), which sums up all arenas: heap = arena, in_use = uordblks,
 * free = fordblks, fast = fsmblks, mapped = hblkhd; from malloc_info (heaps.h): how many
 * arenas there are, and what lies at their tops. In the chain that is
 *
 *   allocated  in_use + mapped: chunks, each with 8 bytes before it and some with padding,
 *              those in thread caches and glibc's own included;
 *   active     allocated + the free chunks between them: all but the tops;
 *   dirty      the tops: what an arena gives back when it trims itself;
 *   resident   heap + mapped, at most: glibc doesn't know which of its pages were never
 *              touched, nor which malloc_trim gave back;
 *   mapped     the same.
 *
 * metadata, muzzy and retained pages, thread caches: glibc can't tell, so they stay unknown.
 */
#ifndef RA_SHIM_GLIBC_H
#define RA_SHIM_GLIBC_H

#include <link.h>
#include <malloc.h>
#include <stdio.h>

#include "region.h"
#include "statistics.h"

#pragma GCC visibility push(hidden)

/* X(name, result, parameters): all NULL where jemalloc answers, some where libc is older. */
#define RA_GLIBC_CALLS(X)                                                                          \
    X(malloc_trim, int, (size_t))                                                                  \
    X(mallinfo, struct mallinfo, (void))                                                           \
    X(mallinfo2, struct mallinfo2, (void))                                                         \
    X(malloc_stats, void, (void))                                                                  \
    X(malloc_info, int, (int, FILE *))                                                             \
    X(mallopt, int, (int, int))

struct ra_glibc {
#define RA_GLIBC_FIELD(name, result, parameters) result(*name) parameters;
    RA_GLIBC_CALLS(RA_GLIBC_FIELD)
#undef RA_GLIBC_FIELD
};
extern struct ra_glibc ra_glibc;

/* Fill ra_glibc. For start-up; no allocation. */
void ra_glibc_find(const struct link_map *libc);

/*
 * Fill classes, flags and ra_natural, as ra_jemalloc_describe does. A class up to
 * RA_SMALL_MAX is a usable size; one above takes in all that share its large bucket.
 * Returns false if this glibc doesn't round as is expected.
 */
bool ra_glibc_describe(struct ra_image *image);

/*
 * Read glibc's figures: those of the chain into statistics, all of them for ra_glibc_show.
 * By the sampler alone. Takes the lock of one arena after the other, for as long as it
 * takes to walk through its free chunks. glibc allocates for it, which isn't counted, nor
 * does it change the figures.
 */
void ra_glibc_read(struct ra_statistics *statistics);

/*
 * What ra_glibc_read found last: the rows of the arenas, and how many they are; and the
 * figures, into a sample whose lock the caller has. None, where glibc isn't behind us.
 */
unsigned ra_glibc_arenas(struct ra_arena rows[RA_ARENA_MAX]);
void ra_glibc_show(struct ra_sample *sample);

#pragma GCC visibility pop

#endif
