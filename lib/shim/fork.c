#include "fork.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "actions.h"
#include "base.h"
#include "count.h"
#include "flush.h"
#include "identity.h"
#include "late.h"
#include "region.h"
#include "sampler.h"
#include "slots.h"
#include "system.h"
#include "unseen.h"

enum { WAIT_NS = 50 * 1000 };

/*
 * One fork at a time: what follows belongs to the thread that forks, whose ra_thread the lock
 * names. inner: how many forks of signal handlers are under way within its first.
 */
static const struct ra_thread *forking RA_TOGETHER;
static struct ra_thread before RA_TOGETHER;
static unsigned inner RA_TOGETHER;
static uint64_t before_ticks RA_TOGETHER;
static size_t inherited_bytes RA_TOGETHER;
static struct ra_slot parked;
static struct ra_shared inherited;

/* A slot's counters, from calls on, are all 64-bit words, and so are large buckets. */
enum {
    FIRST_WORD = offsetof(struct ra_slot, calls) / sizeof(uint64_t),
    SLOT_WORDS = sizeof(struct ra_slot) / sizeof(uint64_t),
    SHARED_WORDS = sizeof(struct ra_shared) / sizeof(uint64_t),
    BLOCK_WORDS = 32 /* on the stack, which may be small */
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
    unsigned in_slot = first >= SLOT_WORDS ? 0 : SLOT_WORDS - first;

    if (besides.inherited) {
        add_words(sum, &RA_CURRENT->inherited, first, count);
    }
    if (besides.shared) {
        add_words(sum, &RA_CURRENT->shared, first, count);
    }
    for (unsigned i = in_slot > 0 ? ra_slots_next_used(0) : RA_SLOT_MAX; i < RA_SLOT_MAX;
         i = ra_slots_next_used(i + 1)) {
        add_words(sum, &RA_CURRENT->slots[i], first, in_slot < count ? in_slot : count);
    }
}

/*
 * Sums up block by block, the last first, and writes what has changed since the last
 * fork: a page that is not written need not be copied. Returns how many bytes of the sum
 * there are, as behind a slot's there is nothing but in what is besides.
 */
static size_t sum_all(void)
{
    bool is_forked = ra_image.header.flags & RA_FLAG_FORKED;
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

/* Moves it to slot. */
static void count_parked(struct ra_slot *slot, bool shared)
{
    const uint64_t *words = (const uint64_t *)&parked;
    uint64_t *counters = (uint64_t *)slot;

    for (unsigned i = FIRST_WORD; i < SLOT_WORDS; i++) {
        if (words[i] != 0 && shared) {
            __atomic_fetch_add(&counters[i], words[i], __ATOMIC_RELAXED);
        } else if (words[i] != 0) {
            counters[i] += words[i];
        }
    }
    memset(&parked, 0, sizeof parked);
}

static void park(void)
{
    before = ra_thread;
    ra_thread.slot = &parked;
    ra_thread.state = RA_THREAD_LIVE;
    __atomic_store_n(&ra_thread.limit, ra_counters_known() ? RA_SMALL_MAX : 0, __ATOMIC_RELAXED);
}

/* What was parked counts where the thread counts now. */
static void settle(void)
{
    if (!is_parked()) {
        return;
    }
    if (ra_thread.state == RA_THREAD_LIVE) {
        count_parked(ra_thread.slot, false);
    } else if (ra_region_is_whole()) {
        __atomic_store_n(&ra_count_shared, true, __ATOMIC_RELAXED);
        count_parked(&RA_CURRENT->shared.slot, true);
    } else {
        count_parked(&ra_unseen_slot, false);
    }
}

static void take_back(void)
{
    __atomic_store_n(&ra_thread.limit, 0, __ATOMIC_RELAXED);
    ra_thread.state = before.state;
    ra_thread.slot = before.slot;
    settle();
    if (before.limit != 0) {
        ra_flush_raise_limit();
    }
}

/*
 * Returns with signals blocked, and which were before. Not while it waits: who holds the lock
 * may wait for a signal handler of this thread.
 */
static uint64_t lock(void)
{
    for (;;) {
        uint64_t signals = ra_system_block_signals();
        const struct ra_thread *other = NULL;

        if (__atomic_compare_exchange_n(&forking, &other, &ra_thread, false, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED)) {
            inner = 0;
            ra_slots_lock();
            return signals;
        }
        if (other == &ra_thread) {
            inner++;
            take_back();
            return signals;
        }
        ra_system_unblock_signals(signals);
        ra_system_pause(WAIT_NS);
    }
}

static void unlock(void)
{
    ra_slots_unlock();
    __atomic_store_n(&forking, NULL, __ATOMIC_RELEASE);
}

static void prepare(void)
{
    if (ra_mode != RA_COUNT) {
        return;
    }
    uint64_t signals = lock();
    park();
    inherited_bytes = sum_all();
    before_ticks = ra_identity_ticks();
    ra_system_unblock_signals(signals);
}

static void parent(void)
{
    if (ra_mode != RA_COUNT) {
        return;
    }
    uint64_t signals = ra_system_block_signals();
    if (inner > 0) {
        inner--;
    } else {
        take_back();
        unlock();
    }
    ra_system_unblock_signals(signals);
}

/*
 * Who has a slot keeps it, and who has handed his on stays without; all others take the first.
 * The hole is filled now where the parent was about to count in there.
 */
static void go_on(enum ra_region_place place, unsigned slot)
{
    ra_count_shared = ra_thread.counting > 0;
    ra_actions_forget();
    ra_late_forget();
    if (place == RA_REGION_FILE) {
        ra_late_begin();
    }
    if (ra_count_shared) {
        (void)ra_region_is_whole();
    }
    if (before.state != RA_THREAD_BUSY && before.state != RA_THREAD_ENDED) {
        ra_slots_reset(slot);
        settle();
        return;
    }
    ra_slots_forget();
    take_back();
}

/* No more than forwarding; a call that is on its way may still count, where nobody looks. */
static void give_up(void)
{
    ra_late_forget();
    ra_mode = RA_FORWARD;
    ra_thread.limit = 0;
    ra_thread.slot = &ra_unseen_slot;
    ra_thread.state = RA_THREAD_LIVE;
    inner = 0;
}

/* By system calls alone (system.h): none is a cancellation point, none touches errno. */
static void child(void)
{
    if (ra_mode != RA_COUNT) {
        return;
    }
    uint64_t signals = ra_system_block_signals();
    unsigned index = ra_slots_index(before.slot);
    bool keeps = before.state == RA_THREAD_LIVE && index < RA_SLOT_MAX;
    const struct ra_heritage heritage = {&inherited, inherited_bytes, ra_sampler_last(),
                                         before_ticks, keeps ? index : 0};
    enum ra_region_place place = ra_region_publish_child(&heritage);

    if (place == RA_REGION_NONE) {
        give_up();
    } else {
        go_on(place, heritage.slot);
    }
    if (inner > 0) {
        inner--;
        park();
    } else {
        unlock();
    }
    ra_system_unblock_signals(signals);
}

int ra_fork_init(void)
{
    return pthread_atfork(prepare, parent, child);
}
