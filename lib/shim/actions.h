/*
 * Actions: what a reader asks of the sampler beside a sample, see struct ra_action. It is
 * asked for by name, by someone who may write to the region; nothing is done otherwise.
 */
#ifndef RA_SHIM_ACTIONS_H
#define RA_SHIM_ACTIONS_H

#pragma GCC visibility push(hidden)

/*
 * Do what a reader has asked for since the last call, if anything, and answer. Called by
 * the sampler alone. What takes long happens in the allocator, under its own locks.
 */
void ra_actions_answer(void);

/* In a forked child: nothing was asked of it yet. */
void ra_actions_forget(void);

#pragma GCC visibility pop

#endif
