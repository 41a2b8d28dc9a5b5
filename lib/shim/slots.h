/*
 * Slots: which thread counts where. A thread asks for a slot at its first
 * allocation, and a destructor of thread-specific data hands it on when the thread
 * ends. Threads beyond the last slot, and threads that have ended but still free,
 * count in the shared slot.
 *
 * fork: the caller (fork.c) holds the lock around it by ra_slots_lock and resets
 * the child with ra_slots_reset.
 */
#ifndef RA_SHIM_SLOTS_H
#define RA_SHIM_SLOTS_H

#include <stdbool.h>

#include "base.h"

#pragma GCC visibility push(hidden)

/* Give the calling FRESH thread a slot, or send it to the shared one. Keeps errno. */
void ra_slots_attach(void);

/*
 * Make the calling thread's slot the first one of RA_CURRENT and mark all others
 * free. Called while no other thread runs: at set-up and in a forked child.
 */
void ra_slots_reset(void);

/*
 * Whether the calling thread counts in a slot of the region: false before and after its time
 * with one, while its allocations are unseen, and in the middle of its fork.
 */
bool ra_slots_is_at_own(void);

/* Whether the destructor that hands slots on could be registered. Called once, at set-up. */
int ra_slots_init(void);

/*
 * Keep the region from growing; around fork. In the child the lock is made anew, which
 * takes less than letting go of it: nobody waits there.
 */
void ra_slots_lock(void);
void ra_slots_unlock(void);
void ra_slots_unlock_child(void);

/* Objects made and freed according to slot. Exact if its thread is the caller or gone. */
uint64_t ra_slot_allocs(const struct ra_slot *slot);
uint64_t ra_slot_frees(const struct ra_slot *slot);

#pragma GCC visibility pop

#endif
