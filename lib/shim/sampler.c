#include "sampler.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "actions.h"
#include "arenas.h"
#include "clock.h"
#include "configuration.h"
#include "glibc.h"
#include "identity.h"
#include "log.h"
#include "prune.h"
#include "regionfile.h"
#include "settings.h"
#include "slots.h"
#include "statistics.h"
#include "unseen.h"

/* Little is used, but thread-local data of all libraries is taken from it too. */
enum { STACK_BYTES = 128 * 1024, LOOK_NS = 50 * 1000 * 1000 };

/*
 * The last sample, in memory of our own: a forked child finds it there without a page
 * fault. sequence is odd while it is gathered.
 */
static struct ra_sampled last;

/* What may take long, as jemalloc's own locks are taken for it. */
static const struct ra_setting *gather(void)
{
    struct ra_sample *sample = &last.sample;
    struct ra_statistics statistics;

    ra_statistics_read(&statistics);
    sample->arena_count = ra_arenas_read(last.arenas);
    sample->known = statistics.known;
    for (unsigned i = 0; i < RA_STATISTIC_COUNT; i++) {
        sample->statistics[i] = statistics.values[i];
    }
    ra_statistics_read_bins(sample->bins, RA_CURRENT->header.bin_count);
    ra_glibc_show(sample);
    ra_identity_command(sample->command, sizeof sample->command);
    sample->monotonic_ns = ra_clock_ns(CLOCK_MONOTONIC);
    sample->realtime_ns = ra_clock_ns(CLOCK_REALTIME);
    return ra_configuration_read(&RA_CURRENT->header);
}

/* Pairs with the readers' copy: odd while it is written, so that they try again. */
static void show(const struct ra_setting *settings)
{
    enum { AFTER_SEQUENCE = offsetof(struct ra_sample, known) };
    struct ra_sample *sample = &RA_CURRENT->sample;
    uint32_t sequence = sample->sequence;

    __atomic_store_n(&sample->sequence, sequence | 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    memcpy((char *)sample + AFTER_SEQUENCE, (const char *)&last.sample + AFTER_SEQUENCE,
           sizeof *sample - AFTER_SEQUENCE);
    memcpy(RA_CURRENT->arenas, last.arenas, sample->arena_count * sizeof *last.arenas);
    memcpy(RA_CURRENT->settings, settings, sizeof RA_CURRENT->settings);
    __atomic_store_n(&sample->sequence, (sequence | 1) + 1, __ATOMIC_RELEASE);
}

static void take_sample(void)
{
    uint32_t *sequence = &last.sample.sequence;

    __atomic_store_n(sequence, *sequence | 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    const struct ra_setting *settings = gather();
    __atomic_store_n(sequence, *sequence + 1, __ATOMIC_RELEASE);
    show(settings);
}

const struct ra_sampled *ra_sampler_last(void)
{
    uint32_t sequence = __atomic_load_n(&last.sample.sequence, __ATOMIC_ACQUIRE);

    return sequence != 0 && sequence % 2 == 0 ? &last : NULL;
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
 * The main thread may leave by pthread_exit; the process then ends with its last thread,
 * which must not be this one. From then on it looks, and leaves when it is alone: field
 * 20 of /proc/self/stat counts the threads, the main one that has left included.
 */
static uint32_t main_left;

static bool is_alone(void)
{
    return ra_identity_threads() == 2;
}

/* When the process ends with this thread, its atexit handlers run here. */
static void leave(void)
{
    sigset_t none;

    RA_CURRENT->header.sampler_tid = 0;
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, NULL);
}

void ra_sampler_main_left(void)
{
    uint32_t *request = &RA_CURRENT->header.request;

    __atomic_store_n(&main_left, 1, __ATOMIC_RELEASE);
    __atomic_fetch_add(request, 1, __ATOMIC_RELEASE);
    syscall(SYS_futex, request, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/*
 * Sleeps until someone asks or *due (nanoseconds, monotonic) has come, which is then set
 * anew; however often someone asks, the interval's own work is done in time. Returns
 * false if the process ends instead.
 */
static bool wait_for_work(uint32_t answered, uint64_t *due, bool *is_due)
{
    uint32_t *request = &RA_CURRENT->header.request;
    uint64_t interval_ns = RA_CURRENT->header.interval_seconds * UINT64_C(1000000000);

    for (;;) {
        bool looks = __atomic_load_n(&main_left, __ATOMIC_ACQUIRE);
        uint64_t now = ra_clock_ns(CLOCK_MONOTONIC);
        uint64_t left = looks ? LOOK_NS : *due > now ? *due - now : 0;
        struct timespec timeout = {(time_t)(left / 1000000000), (long)(left % 1000000000)};

        if (looks && is_alone()) {
            return false;
        }
        *is_due = interval_ns != 0 && now >= *due;
        if (*is_due) {
            *due = now + interval_ns;
        }
        if (*is_due || __atomic_load_n(request, __ATOMIC_ACQUIRE) != answered) {
            return true;
        }
        syscall(SYS_futex, request, FUTEX_WAIT, answered,
                looks || interval_ns != 0 ? &timeout : NULL, NULL, 0);
    }
}

/*
 * jemalloc purges as it allocates, so what an idle process has freed would stay for ever.
 * This purges what its own decay curve allows by now, and no more.
 */
static void decay(void)
{
    if (!ra_settings.no_decay && ra_road.mallctl) {
        ra_road.mallctl("arena.4096.decay", NULL, NULL, NULL, 0);
    }
}

/*
 * Until there is work nothing is touched, jemalloc least of all: its first statistics
 * cost as much as a hundredth of Ruby's start.
 */
static void *run(void *unused)
{
    struct ra_header *header = &RA_CURRENT->header;
    uint64_t due = ra_clock_ns(CLOCK_MONOTONIC) + header->interval_seconds * UINT64_C(1000000000);
    uint32_t answered = 0;
    bool off = false, first = true, is_due;

    (void)unused;
    prctl(PR_SET_NAME, "ruby_alloc");
    __atomic_store_n(&header->sampler_tid, (uint32_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
    prune();
    while (wait_for_work(answered, &due, &is_due)) {
        answered = __atomic_load_n(&header->request, __ATOMIC_ACQUIRE);
        if (first && ra_road.mallctl) {
            ra_road.mallctl("thread.tcache.enabled", NULL, NULL, &off, sizeof off);
        }
        first = false;
        if (is_due) {
            decay();
        }
        ra_actions_answer();
        take_sample();
        __atomic_store_n(&header->answered, answered, __ATOMIC_RELEASE);
    }
    leave();
    return NULL;
}

static int make_thread(bool own_stack)
{
    /* Of our own, as libc's stacks are two mappings each, which every fork copies. */
    static char stack[STACK_BYTES] __attribute__((aligned(4096)));
    pthread_attr_t attributes;
    pthread_t thread;
    int error = pthread_attr_init(&attributes);

    if (error != 0) {
        return error;
    }
    if (own_stack) {
        pthread_attr_setstack(&attributes, stack, sizeof stack);
    }
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    error = pthread_create(&thread, &attributes, run, NULL);
    pthread_attr_destroy(&attributes);
    return error;
}

/* Written only if need be: a page that a child doesn't write isn't copied. */
void ra_sampler_forget(void)
{
    if (main_left != 0) {
        main_left = 0;
    }
}

void ra_sampler_disown(void)
{
    last.sample.sequence = 0; /* nor is it for a child of this one */
    __atomic_store_n(&RA_CURRENT->sample.sequence, 0, __ATOMIC_RELEASE);
}

void ra_sampler_start(void)
{
    uint32_t *tid = &RA_CURRENT->header.sampler_tid;
    sigset_t all, before;
    int saved = errno;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    struct ra_unseen seen = ra_unseen_begin(); /* pthread_create allocates in our name */
    __atomic_store_n(tid, RA_SAMPLER_COMING, __ATOMIC_RELEASE);
    int error = make_thread(true);
    if (error == EINVAL) { /* libraries with much thread-local data need more */
        error = make_thread(false);
    }
    if (error != 0) {
        __atomic_store_n(tid, 0, __ATOMIC_RELEASE);
    }
    ra_unseen_end(seen);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0) {
        ra_log("no sampler thread: error %d; counts go on, jemalloc's figures are missing", error);
    }
    errno = saved;
}
