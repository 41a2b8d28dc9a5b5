#include "sampler.h"

#include <limits.h>
#include <linux/futex.h>
#include <locale.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "actions.h"
#include "arenas.h"
#include "clock.h"
#include "configuration.h"
#include "glibc.h"
#include "helper.h"
#include "identity.h"
#include "log.h"
#include "settings.h"
#include "statistics.h"
#include "system.h"
#include "title.h"
#include "unseen.h"

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
    ra_statistics_read_bins(sample->bins, ra_image.header.bin_count);
    ra_glibc_show(sample);
    ra_title_read(sample->command, sizeof sample->command);
    sample->monotonic_ns = ra_clock_ns(CLOCK_MONOTONIC);
    sample->realtime_ns = ra_clock_ns(CLOCK_REALTIME);
    return ra_configuration_read(&RA_CURRENT->header);
}

/* Pairs with the readers' copy: odd while it is written, so that they try again. */
static void show(const struct ra_setting *settings)
{
    enum { AFTER_SEQUENCE = offsetof(struct ra_sample, known) };
    struct ra_sample *sample = &RA_CURRENT->sample;
    uint32_t sequence = last.sample.sequence; /* even; the region's own may be another's word */

    __atomic_store_n(&sample->sequence, sequence - 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    memcpy((char *)sample + AFTER_SEQUENCE, (const char *)&last.sample + AFTER_SEQUENCE,
           sizeof *sample - AFTER_SEQUENCE);
    memcpy(RA_CURRENT->arenas, last.arenas, last.sample.arena_count * sizeof *last.arenas);
    memcpy(RA_CURRENT->settings, settings, sizeof RA_CURRENT->settings);
    __atomic_store_n(&sample->sequence, sequence, __ATOMIC_RELEASE);
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

/*
 * Sleeps until someone asks or *due (nanoseconds, monotonic) has come, which is then set
 * anew; however often someone asks, the interval's own work is done in time. Returns
 * false if the helper is to end instead.
 */
static bool wait_for_work(uint32_t answered, uint64_t *due, bool *is_due)
{
    uint32_t *request = &RA_CURRENT->header.request;
    uint64_t interval_ns = ra_image.header.interval_seconds * UINT64_C(1000000000);

    while (ra_helper_serve()) {
        uint64_t now = ra_clock_ns(CLOCK_MONOTONIC);
        uint64_t left = *due > now ? *due - now : 0;
        const struct timespec timeout = {(time_t)(left / 1000000000), (long)(left % 1000000000)};

        *is_due = interval_ns != 0 && now >= *due;
        if (*is_due) {
            *due = now + interval_ns;
        }
        if (*is_due || __atomic_load_n(request, __ATOMIC_ACQUIRE) != answered) {
            return true;
        }
        ra_system(SYS_futex, (long)request, FUTEX_WAIT, answered,
                  interval_ns != 0 ? (long)&timeout : 0, 0, 0);
    }
    return false;
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
static void run(void)
{
    struct ra_header *header = &RA_CURRENT->header;
    uint64_t due =
        ra_clock_ns(CLOCK_MONOTONIC) + ra_image.header.interval_seconds * UINT64_C(1000000000);
    uint32_t answered = header->answered;
    bool off = false, first = true, is_due;

    ra_unseen_begin();           /* for good: what libc may allocate here is ours */
    uselocale(LC_GLOBAL_LOCALE); /* which is when libc sets up what isdigit and others look at */
    ra_helper_begin();
    __atomic_store_n(&header->sampler_tid, (uint32_t)ra_system_thread(), __ATOMIC_RELEASE);
    while (wait_for_work(answered, &due, &is_due)) {
        ra_helper_work();
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
    ra_helper_end();
}

void ra_sampler_disown(void)
{
    last.sample.sequence = 0; /* nor is it for a child of this one */
    __atomic_store_n(&RA_CURRENT->sample.sequence, 0, __ATOMIC_RELEASE);
}

static void start_unless(int error)
{
    if (error == 0) {
        error = ra_helper_start(run);
    }
    if (error != 0) {
        ra_log("no sampler thread: error %d; counts go on, jemalloc's figures are missing", error);
    }
}

void ra_sampler_init(void)
{
    start_unless(ra_helper_init());
}

void ra_sampler_start(void)
{
    start_unless(0);
}
