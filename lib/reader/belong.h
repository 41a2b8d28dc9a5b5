/*
 * Belonging: whether a file is the region of a process. Where it lies and what it is called
 * says nothing: who has a mount namespace can give any name to any file, root's too.
 *
 * A process that counts has its region mapped, which the kernel shows. One that doesn't any
 * more (an exec) has left a file of its own user, in which its pid and start are written.
 */
#ifndef RUBY_ALLOC_READER_BELONG_H
#define RUBY_ALLOC_READER_BELONG_H

#include "reader/locate.h"
#include "reader/smaps.h"

/* Whether the process has this file mapped: 1, 0, or -1 if that can't be known. */
int ra_belong_is_mapped(const struct ra_target *target, const struct ra_place *place);

/* Whether the file is of a user that the process is or could be. */
bool ra_belong_is_owner(const struct ra_target *target, const struct ra_place *place);

/* Whether the region is the living process's, by the one or the other. */
bool ra_belong_is_region(const struct ra_target *target, const struct ra_place *place);

/*
 * Whether the region's contents speak of the process that name does. True also where they
 * say nothing yet, or may not be read: who then opens it will see.
 */
bool ra_belong_is_named(const struct ra_place *place, const struct ra_region_name *name);

/* Open the file of a mapping by the mapping itself, as O_PATH: for root. Returns it or -1. */
int ra_belong_open(const struct ra_target *target, const struct ra_smap *map);

#endif
