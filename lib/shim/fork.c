#include "fork.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "base.h"
#include "count.h"
#include "flush.h"
#include "identity.h"
#include "late.h"
#include "region.h"
#include "sampler.h"
#include "slots.h"

/* One fork at a time: what follows belongs to the thread that forks. */
static pthread_mutex_t forking RA_TOGETHER = PTHREAD_MUTEX_INITIALIZER;
static struct ra_thread before RA_TOGETHER;
static uint64_t before_ticks RA_TOGETHER;
static size_t inherited_bytes RA_TOGETHER;
static struct ra_slot parked;
static struct ra_shared inherited;

/* A slot's counters, from calls on, are all 64-bit words, and so are large buckets. */
enum {
    FIRST_WORD = offsetof(struct ra_slot, calls) / sizeof(uint64_t),
    SLOT_WORDS = sizeof(struct ra_slot) / sizeof(uint64_t),
    SHARED_WORDS = sizeof(struct ra_shared) / sizeof(uint64_t),
    BLOCK_WORDS = 64
};

/*
 * Backwards: what was freed lies behind what was allocated, and while other threads go on
 * an object may be seen as live that was freed meanwhile, but never freed without having
 * been made.
 */
static void add_words(uint64_t *sum, const void *from, unsigned first, unsigned count)
{
    const uint64_t *words = (const uint64_t *)from + first;

    for (unsigned i = count; i-- > 0;) {
        sum[i] += __atomic_load_n(&words[i], __ATOMIC_RELAXED);
    }
}

/* What there is beside the slots: what all threads count together, and the ancestors did. */
struct besides {
    bool shared, inherited;
};

/* Words [first, first + count) of all that was counted. */
static void sum_block(uint64_t *sum, unsigned first, unsigned count, struct besides besides)
{
    unsigned slots = RA_CURRENT->header.slots_ready;
    unsigned in_slot = first >= SLOT_WORDS ? 0 : SLOT_WORDS - first;

    if (besides.inherited) {
        add_words(sum, &RA_CURRENT->inherited, first, count);
    }
    if (besides.shared) {
        add_words(sum, &RA_CURRENT->shared, first, count);
    }
    for (unsigned i = 0; i < slots && in_slot > 0; i++) {
        if (RA_CURRENT->slots[i].state != RA_SLOT_FREE) {
            add_words(sum, &RA_CURRENT->slots[i], first, in_slot < count ? in_slot : count);
        }
    }
}

/*
 * Sums up block by block, the last first, and writes what has changed since the last
 * fork: a page that is not written need not be copied. Returns how many bytes of the sum
 * there are, as behind a slot's there is nothing but in what is besides.
 */
static size_t sum_all(void)
{
    bool is_forked = RA_CURRENT->header.flags & RA_FLAG_FORKED;
    bool is_shared = __atomic_load_n(&ra_count_shared, __ATOMIC_RELAXED);
    bool is_whole = (!is_forked && !is_shared) || ra_region_is_whole();
    struct besides besides = {is_shared && is_whole, is_forked};
    unsigned words = is_whole && (is_shared || is_forked) ? SHARED_WORDS : SLOT_WORDS;
    unsigned blocks = (words - FIRST_WORD + BLOCK_WORDS - 1) / BLOCK_WORDS;

    for (unsigned block = blocks; block-- > 0;) {
        unsigned first = FIRST_WORD + block * BLOCK_WORDS;
        unsigned rest = words - first;
        unsigned count = rest < BLOCK_WORDS ? rest : BLOCK_WORDS;
        uint64_t sum[BLOCK_WORDS] = {0};

        sum_block(sum, first, count, besides);
        for (unsigned i = 0; i < count; i++) {
            uint64_t *word = (uint64_t *)&inherited + first + i;

            if (*word != sum[i]) {
                *word = sum[i];
            }
        }
    }
    return words * sizeof(uint64_t);
}

/* Hardly ever: whoever has handlers of fork may allocate in them. */
static bool is_parked(void)
{
    const uint64_t *words = (const uint64_t *)&parked;
    uint64_t any = 0;

    for (unsigned i = FIRST_WORD; i < SLOT_WORDS; i++) {
        any |= words[i];
    }
    return any != 0;
}

static void clear_parked(void)
{
    if (is_parked()) {
        memset(&parked, 0, sizeof parked);
    }
}

static void count_parked(struct ra_slot *slot, bool shared)
{
    const uint64_t *words = (const uint64_t *)&parked;
    uint64_t *counters = (uint64_t *)slot;

    if (!is_parked()) {
        return;
    }
    for (unsigned i = FIRST_WORD; i < SLOT_WORDS; i++) {
        if (words[i] != 0 && shared) {
            __atomic_fetch_add(&counters[i], words[i], __ATOMIC_RELAXED);
        } else if (words[i] != 0) {
            counters[i] += words[i];
        }
    }
}

static void prepare(void)
{
    pthread_mutex_lock(&forking);
    ra_slots_lock();
    before = ra_thread;
    clear_parked();
    ra_thread.slot = &parked;
    ra_thread.state = RA_THREAD_LIVE;
    __atomic_store_n(&ra_thread.limit, ra_counters ? RA_SMALL_MAX : 0, __ATOMIC_RELAXED);
    inherited_bytes = sum_all();
    before_ticks = ra_identity_ticks();
}

static void parent(void)
{
    __atomic_store_n(&ra_thread.limit, 0, __ATOMIC_RELAXED);
    ra_thread.state = before.state;
    ra_thread.slot = before.slot;
    if (before.state == RA_THREAD_LIVE) {
        count_parked(before.slot, false);
    } else if (is_parked() && ra_region_is_whole()) {
        __atomic_store_n(&ra_count_shared, true, __ATOMIC_RELAXED);
        count_parked(&RA_CURRENT->shared.slot, true);
    }
    if (before.limit != 0) {
        ra_flush_raise_limit();
    }
    ra_slots_unlock();
    pthread_mutex_unlock(&forking);
}

/* By system calls alone (system.h): none is a cancellation point, none touches errno. */
static void child(void)
{
    const struct ra_heritage heritage = {&inherited, inherited_bytes, ra_sampler_last(),
                                         before_ticks};
    enum ra_region_place place = ra_region_publish_child(&heritage);

    ra_count_shared = false;
    ra_late_forget();
    if (place == RA_REGION_FILE) {
        ra_late_begin();
    }
    if (place == RA_REGION_NONE) {
        ra_thread.limit = 0;
        ra_mode = RA_FORWARD;
    } else {
        ra_slots_reset();
        count_parked(ra_thread.slot, false);
    }
    ra_slots_unlock_child();
    forking = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
}

int ra_fork_init(void)
{
    return pthread_atfork(prepare, parent, child);
}
