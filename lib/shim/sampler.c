#include "sampler.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "identity.h"
#include "log.h"
#include "prune.h"
#include "regionfile.h"
#include "slots.h"
#include "statistics.h"

/* Little is used, but thread-local data of all libraries is taken from it too. */
enum { STACK_BYTES = 128 * 1024 };

static uint64_t nanoseconds(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Pairs with the readers' copy: odd while it is written, so that they try again. */
static void take_sample(void)
{
    struct ra_sample *sample = &RA_CURRENT->sample;
    struct ra_statistics statistics;
    uint32_t sequence = sample->sequence;

    ra_statistics_read(&statistics);
    __atomic_store_n(&sample->sequence, sequence + 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    sample->known = statistics.known;
    for (unsigned i = 0; i < RA_STATISTIC_COUNT; i++) {
        sample->statistics[i] = statistics.values[i];
    }
    ra_statistics_read_bins(sample->bins, RA_CURRENT->header.bin_count);
    ra_identity_command(sample->command, sizeof sample->command);
    sample->monotonic_ns = nanoseconds(CLOCK_MONOTONIC);
    sample->realtime_ns = nanoseconds(CLOCK_REALTIME);
    __atomic_store_n(&sample->sequence, sequence + 2, __ATOMIC_RELEASE);
}

/* A forked child's parent has done it. */
static void prune(void)
{
    char directory[PATH_MAX];

    if (!(RA_CURRENT->header.flags & RA_FLAG_FORKED) &&
        ra_regionfile_directory(directory, sizeof directory)) {
        ra_prune(directory);
    }
}

/*
 * Until someone asks or the interval is over nothing is touched, jemalloc least of all:
 * its first statistics cost as much as a hundredth of Ruby's start.
 */
static void *run(void *unused)
{
    struct ra_header *header = &RA_CURRENT->header;
    uint32_t seconds = header->interval_seconds, answered = 0;
    const struct timespec interval = {.tv_sec = seconds};
    bool off = false, first = true;

    (void)unused;
    prctl(PR_SET_NAME, "ruby_alloc");
    __atomic_store_n(&header->sampler_tid, (uint32_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
    prune();
    for (;;) {
        syscall(SYS_futex, &header->request, FUTEX_WAIT, answered, seconds ? &interval : NULL, NULL,
                0);
        answered = __atomic_load_n(&header->request, __ATOMIC_ACQUIRE);
        if (first && ra_road.mallctl) {
            ra_road.mallctl("thread.tcache.enabled", NULL, NULL, &off, sizeof off);
        }
        first = false;
        take_sample();
        __atomic_store_n(&header->answered, answered, __ATOMIC_RELEASE);
    }
    return NULL;
}

static int make_thread(void)
{
    pthread_attr_t attributes;
    pthread_t thread;
    int error = pthread_attr_init(&attributes);

    if (error == 0) {
        pthread_attr_setstacksize(&attributes, STACK_BYTES);
        pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
        error = pthread_create(&thread, &attributes, run, NULL);
        pthread_attr_destroy(&attributes);
    }
    return error;
}

void ra_sampler_start(void)
{
    /* pthread_create allocates in our name: it counts here, where nobody looks. */
    static struct ra_slot unseen;
    struct ra_slot *slot = ra_thread.slot;
    sigset_t all, before;
    int saved = errno;

    ra_thread.slot = &unseen;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = make_thread();
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    ra_thread.slot = slot;
    if (error != 0) {
        ra_log("no sampler thread: error %d; counts go on, jemalloc's figures are missing", error);
    }
    errno = saved;
}
