/*
 * Pruning: a killed process leaves its region behind, so that it can be read. When
 * nobody has for a day, the next process of the same user removes it.
 */
#ifndef RA_SHIM_PRUNE_H
#define RA_SHIM_PRUNE_H

#pragma GCC visibility push(hidden)

/*
 * Remove the regions in directory of this user's dead processes that were last heard
 * of more than a day ago. Called by the sampler; no allocation. What can't be judged
 * (another pid namespace, no /proc) is left alone.
 */
void ra_prune(const char *directory);

#pragma GCC visibility pop

#endif
