/* Waits that are bounded and get more patient. */
#include "reader/wait.h"

#include <time.h>

#include "reader/copy.h"
#include "reader/session.h"

#define NS_PER_MS UINT64_C(1000000)

struct ra_wait ra_wait_begin(int wait_ms, long first_pause_us)
{
    uint64_t wait_ns = wait_ms > 0 ? (uint64_t)wait_ms * NS_PER_MS : 0;

    return (struct ra_wait){ra_session_clock(CLOCK_MONOTONIC) + wait_ns, first_pause_us};
}

bool ra_wait_on(struct ra_wait *wait)
{
    long longer_us = wait->pause_us * 2;

    if (ra_session_clock(CLOCK_MONOTONIC) >= wait->deadline_ns) {
        return false;
    }
    ra_copy_pause(wait->pause_us);
    wait->pause_us = longer_us < RA_WAIT_LAST_PAUSE_US ? longer_us : RA_WAIT_LAST_PAUSE_US;
    return true;
}
