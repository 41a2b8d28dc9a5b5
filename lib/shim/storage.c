/*
 * The region's place in memory: the last of all that is written, as the Makefile links this
 * file last. So whatever else the library writes is one mapping, not one before it and one
 * behind, and in the same 2 MiB as the first pages of the region: a fork copies a mapping
 * and a page of page tables less. Where pages are larger than its own, the last one has room
 * behind it: nothing else of ours is there, as it is the last.
 */
#include "base.h"

union ra_storage ra_storage __attribute__((aligned(RA_PAGE_MAX)));
