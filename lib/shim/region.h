/*
 * The region's file: made, grown and removed here. Its place in memory is fixed
 * (base.h). Only set-up and fork call these, with no other thread running, but for
 * ra_region_grow, whose caller holds the slots' lock and has signals blocked: a signal
 * would interrupt fallocate on a tmpfs.
 */
#ifndef RA_SHIM_REGION_H
#define RA_SHIM_REGION_H

#include <stdbool.h>
#include <sys/types.h>

#include "base.h"

#pragma GCC visibility push(hidden)

/*
 * Make a file that holds what RA_CURRENT holds and map it in its place: header and
 * identity filled, ready for readers. Returns false, and logs why, if no directory
 * would take it: RA_CURRENT is then still memory of this process alone.
 */
bool ra_region_publish(void);

/*
 * The same in a forked child, for which RA_CURRENT is still its parent's file: keep
 * its description, forget its counters, and put inherited in their place. Where no
 * file can be made, private memory takes the place.
 */
bool ra_region_publish_child(const struct ra_shared *inherited);

/*
 * Make room for RA_SLOT_GROW more slots. Returns the number of slots there are
 * afterwards: the same as before when the directory is full or the limit reached.
 */
unsigned ra_region_grow(void);

/* Make the file user's. Only root can; keeps to the file that this process made. */
void ra_region_give(uid_t user);

/* The directory that the file is in, copied to directory; NULL if there is no file. */
const char *ra_region_directory(char *directory, size_t bytes);

/* Remove the file, if this process made one. It stays mapped. Any number of times. */
void ra_region_remove(void);

/*
 * Remove the file that an earlier program left under this process's identity: one
 * that replaced itself by exec.
 */
void ra_region_remove_predecessor(void);

#pragma GCC visibility pop

#endif
