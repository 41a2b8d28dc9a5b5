#include "fork.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "base.h"
#include "count.h"
#include "region.h"
#include "sampler.h"
#include "slots.h"

/* One fork at a time: what follows belongs to the thread that forks. */
static pthread_mutex_t forking = PTHREAD_MUTEX_INITIALIZER;
static struct ra_slot parked;
static struct ra_shared inherited;
static struct ra_thread before;

static void sum_words(uint64_t *sum, const uint64_t *words, size_t bytes)
{
    for (size_t i = 0; i < bytes / sizeof *sum; i++) {
        sum[i] += __atomic_load_n(&words[i], __ATOMIC_RELAXED);
    }
}

static void sum_slot(struct ra_slot *sum, const struct ra_slot *slot)
{
    sum_words(sum->calls, slot->calls, sizeof sum->calls);
    sum_words(sum->alloc, slot->alloc, sizeof sum->alloc);
    sum_words(sum->freed, slot->freed, sizeof sum->freed);
    sum_words(&sum->large[0].allocs, &slot->large[0].allocs, sizeof sum->large);
}

static void sum_shared(struct ra_shared *sum, const struct ra_shared *shared)
{
    sum_slot(&sum->slot, &shared->slot);
    sum_words(&sum->large[0].allocs, &shared->large[0].allocs, sizeof sum->large);
}

/* Each slot is read before the next: an object freed meanwhile elsewhere may be seen as live. */
static void sum_all(void)
{
    memset(&inherited, 0, sizeof inherited);
    sum_shared(&inherited, &RA_CURRENT->inherited);
    sum_shared(&inherited, &RA_CURRENT->shared);
    for (unsigned i = 0; i < RA_CURRENT->header.slots_ready; i++) {
        if (RA_CURRENT->slots[i].state != RA_SLOT_FREE) {
            sum_slot(&inherited.slot, &RA_CURRENT->slots[i]);
        }
    }
}

static void prepare(void)
{
    int error = errno;

    pthread_mutex_lock(&forking);
    ra_slots_lock();
    before = ra_thread;
    memset(&parked, 0, sizeof parked);
    ra_thread.slot = &parked;
    ra_thread.state = RA_THREAD_LIVE;
    ra_thread.limit = ra_counters ? RA_SMALL_MAX : 0;
    sum_all();
    errno = error;
}

/* A thread without a slot of its own counts what was parked as shared. */
static void count_parked(void)
{
    if (before.state == RA_THREAD_LIVE) {
        sum_slot(before.slot, &parked);
        return;
    }
    for (size_t i = 0; i < sizeof parked / sizeof(uint64_t); i++) {
        __atomic_fetch_add((uint64_t *)&RA_CURRENT->shared.slot + i, ((uint64_t *)&parked)[i],
                           __ATOMIC_RELAXED);
    }
}

static void parent(void)
{
    int error = errno;

    ra_thread.limit = 0;
    ra_thread.state = before.state;
    ra_thread.slot = before.slot;
    count_parked();
    ra_thread.limit = before.limit;
    ra_slots_unlock();
    pthread_mutex_unlock(&forking);
    errno = error;
}

static void child(void)
{
    int error = errno;

    ra_region_publish_child(&inherited);
    ra_slots_reset();
    sum_slot(ra_thread.slot, &parked);
    ra_slots_unlock();
    pthread_mutex_unlock(&forking);
    ra_sampler_start();
    errno = error;
}

int ra_fork_init(void)
{
    return pthread_atfork(prepare, parent, child);
}
