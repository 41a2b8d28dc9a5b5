/*
 * Slots: which thread counts where. A thread asks for a slot at its first
 * allocation, and a destructor of thread-specific data hands it on when the thread
 * ends. Threads beyond the last slot, and threads that have ended but still free,
 * count in the shared slot.
 *
 * No signal handler runs in the middle of a change: one that forks, and returns in the child,
 * would go on there with a slot that is its parent's.
 *
 * fork: the caller (fork.c) holds the lock around it by ra_slots_lock and resets
 * the child with ra_slots_reset or ra_slots_forget.
 */
#ifndef RA_SHIM_SLOTS_H
#define RA_SHIM_SLOTS_H

#include <stdbool.h>

#include "base.h"

#pragma GCC visibility push(hidden)

/* Give the calling FRESH thread a slot, or send it to the shared one. Keeps errno. */
void ra_slots_attach(void);

/*
 * Make the calling thread's slot the one of this index, and all others that there are room for
 * free; or all, and the calling thread stays without. Called while no other thread runs: at
 * set-up and in a forked child.
 */
void ra_slots_reset(unsigned index);
void ra_slots_forget(void);

/* The next slot from index on that was ever counted in, of this process; RA_SLOT_MAX: none. */
unsigned ra_slots_next_used(unsigned index);

/* The index of the slot of the region that this is; RA_SLOT_MAX if it is none. */
unsigned ra_slots_index(const struct ra_slot *slot);

/*
 * Whether the calling thread counts in a slot of the region: false before and after its time
 * with one, while its allocations are unseen, and in the middle of its fork.
 */
bool ra_slots_is_at_own(void);

/* Whether the destructor that hands slots on could be registered. Called once, at set-up. */
int ra_slots_init(void);

/* Keep the region from growing, around fork; signals are blocked while it is waited for. */
void ra_slots_lock(void);
void ra_slots_unlock(void);

/* Objects made and freed according to slot. Exact if its thread is the caller or gone. */
uint64_t ra_slot_allocs(const struct ra_slot *slot);
uint64_t ra_slot_frees(const struct ra_slot *slot);

#pragma GCC visibility pop

#endif
