/*
 * Allocations that are not the application's: our own thread is made, glibc's report is
 * written. They count in a slot at which nobody looks.
 */
#ifndef RA_SHIM_UNSEEN_H
#define RA_SHIM_UNSEEN_H

#include <stdbool.h>

#include "base.h"

#pragma GCC visibility push(hidden)

extern struct ra_slot ra_unseen_slot;

/* Where the calling thread counted before. */
struct ra_unseen {
    struct ra_slot *slot;
    uint32_t state;
};

/*
 * Between these, which don't nest, the calling thread's allocations are not seen. It blocks
 * all signals, once there may be handlers. No object above 8 MiB: those count as everyone's.
 */
struct ra_unseen ra_unseen_begin(void);
void ra_unseen_end(struct ra_unseen before);

/* Whether the calling thread is between them. */
static inline bool ra_unseen_now(void)
{
    return ra_thread.slot == &ra_unseen_slot;
}

#pragma GCC visibility pop

#endif
