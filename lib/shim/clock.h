/*
 * Time, by system call: libc's function would fault in a page of libc and the vDSO in
 * each forked child. Any thread, also in signal handlers; errno stays.
 */
#ifndef RA_SHIM_CLOCK_H
#define RA_SHIM_CLOCK_H

#include <stdint.h>
#include <time.h>

#include "system.h"

/* Nanoseconds on clock; 0 if there is no such clock. */
static inline uint64_t ra_clock_ns(clockid_t clock)
{
    struct timespec now = {0};

    ra_system(SYS_clock_gettime, clock, (long)&now, 0, 0, 0, 0);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

#endif
