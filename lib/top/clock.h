/* The clock by which time is measured here. */
#ifndef RA_TOP_CLOCK_H
#define RA_TOP_CLOCK_H

#include <time.h>

/* Seconds on a clock that only goes forward. */
static inline double ra_clock_seconds(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

#endif
