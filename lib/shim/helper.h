/*
 * The helper: the library's one thread in the process (unlisted.h), which takes samples
 * (sampler.c) and does what the program's threads leave to it, as they open no descriptor:
 * it has a table of its own. It never has rights that the process gave up.
 *
 * Unless said otherwise: any thread of the process, also in signal handlers and in the middle
 * of an allocation; no allocation, no cancellation point, errno stays. They wait for the helper
 * until it has a processor, five seconds at most, or a tenth of one while it is busy with the
 * allocator. A child by vfork or _Fork, which has none, gets false. A forked child's comes
 * late (late.h).
 */
#ifndef RA_SHIM_HELPER_H
#define RA_SHIM_HELPER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base.h"
#include "rights.h"

#pragma GCC visibility push(hidden)

/*
 * Once, at set-up, with one thread, which allocates for it, unseen: learn how to make one.
 * Returns 0, or an errno if there will be none, here and in forked children.
 */
int ra_helper_init(void);

/*
 * Make it run body, in which it calls ra_helper_begin first, ra_helper_serve whenever it
 * wakes, and ra_helper_end last. It sleeps on RA_CURRENT->header.request. Returns 0 or an
 * errno, which is also told in the header's sampler_tid.
 */
int ra_helper_start(void (*body)(void));

/*
 * For what a process of several threads may not do (unshare, setns): whether there was one,
 * and is none now, and its return. False, too, where it could not be made to end in time.
 */
bool ra_helper_stop(void);
void ra_helper_restart(void);

/*
 * The calling thread's rights may have changed: have the helper have the same. Where it can't
 * take them, the calling thread makes it anew.
 */
void ra_helper_follow(void);

/* Let a helper that was made just now begin, for 100 ms at most. */
void ra_helper_await_begin(void);

/*
 * Make the region's file user's, as it was when the helper began: also where it is out of
 * sight by now (chroot). Whether that was done.
 */
bool ra_helper_give(uid_t user);

/* By the helper alone. */
void ra_helper_begin(void);
bool ra_helper_serve(void); /* do what is asked; false: it is to end */
void ra_helper_work(void);  /* until it serves again it may wait for the allocator's locks */
_Noreturn void ra_helper_end(void);

#pragma GCC visibility pop

#endif
