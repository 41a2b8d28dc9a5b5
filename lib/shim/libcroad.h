/*
 * The road to libc: its functions, and over them those of jemalloc's own that it lacks, so
 * that no object of one ever reaches the other.
 */
#ifndef RA_SHIM_LIBCROAD_H
#define RA_SHIM_LIBCROAD_H

#include "road.h"

#pragma GCC visibility push(hidden)

/*
 * road: as found in libc. Adds jemalloc's calls and the C++ library's operator new, and
 * stands before the calls that the sampler makes (scratch.h). For start-up; no allocation.
 */
void ra_libcroad_complete(struct ra_road *road);

#pragma GCC visibility pop

#endif
