/* Waits that are bounded and get more patient: for what another process does to a file. */
#ifndef RUBY_ALLOC_READER_WAIT_H
#define RUBY_ALLOC_READER_WAIT_H

#include <stdbool.h>
#include <stdint.h>

enum { RA_WAIT_LAST_PAUSE_US = 20000 };

struct ra_wait {
    uint64_t deadline_ns; /* CLOCK_MONOTONIC */
    long pause_us;        /* the next one; each is twice the one before, up to the last */
};

/* Begin a wait of so many milliseconds; none where that is negative. */
struct ra_wait ra_wait_begin(int wait_ms, long first_pause_us);

/* Pause. Returns false, at once, when the wait is over. */
bool ra_wait_on(struct ra_wait *wait);

#endif
