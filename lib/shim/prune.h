/*
 * Pruning: a process that is killed or crashes leaves its region behind, so that it can be
 * read. What the dead of a user hold is bounded (RUBY_ALLOC_KEEP): the next process that
 * starts removes those that ended normally, those that were last heard of more than a day ago,
 * and then the oldest, until the others fit.
 */
#ifndef RA_SHIM_PRUNE_H
#define RA_SHIM_PRUNE_H

#include <stdbool.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

/*
 * Look through directory if all files on its file system together hold more than the dead
 * may, and else at one start in sixteen. By set-up, while no other thread runs; no allocation.
 * What can't be judged (another pid namespace, no /proc) is left alone.
 */
void ra_prune(const char *directory);

#pragma GCC visibility pop

#endif
