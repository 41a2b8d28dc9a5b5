/*
 * Time, by system call: libc's function would fault in a page of libc and the vDSO in
 * each forked child. Any thread, also in signal handlers.
 */
#ifndef RA_SHIM_CLOCK_H
#define RA_SHIM_CLOCK_H

#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Nanoseconds on clock; 0 if there is no such clock. */
static inline uint64_t ra_clock_ns(clockid_t clock)
{
    struct timespec now = {0};

    syscall(SYS_clock_gettime, clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

#endif
