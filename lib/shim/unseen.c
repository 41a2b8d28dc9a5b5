#include "unseen.h"

struct ra_slot ra_unseen_slot;

struct ra_unseen ra_unseen_begin(void)
{
    struct ra_unseen before = {ra_thread.slot, ra_thread.state};

    ra_thread.slot = &ra_unseen_slot;
    ra_thread.state = RA_THREAD_LIVE;
    return before;
}

void ra_unseen_end(struct ra_unseen before)
{
    ra_thread.state = before.state;
    ra_thread.slot = before.slot;
}
