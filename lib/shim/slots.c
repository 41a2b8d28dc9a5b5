#include "slots.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>

#include "flush.h"
#include "jemalloc.h"
#include "region.h"
#include "system.h"

enum { WORD_BITS = 64, WORDS = RA_SLOT_MAX / WORD_BITS };

/* Longer than a crowd of threads takes to get their slots, short enough not to be felt. */
enum { WAIT_NS = 50 * 1000, WAITS = 1000 };

/*
 * Slots that wait for a thread, one bit each: 16 words tell what 1024 slots would.
 * The first slot is there before anything is set up. And slots that a thread has had: what the
 * region says of their state is for its readers, and may be written by others.
 */
static uint64_t waiting[WORDS] RA_TOGETHER = {1};
static uint64_t used[WORDS] RA_TOGETHER;
static pthread_key_t key;
static bool key_made;
static uint32_t growing RA_TOGETHER; /* a lock: 1 while it is held */

uint64_t ra_slot_allocs(const struct ra_slot *slot)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < RA_SMALL_COUNT; i++) {
        sum += slot->alloc[i];
    }
    for (unsigned i = 0; i < RA_LARGE_OWN_COUNT; i++) {
        sum += slot->large[i].allocs;
    }
    return sum;
}

uint64_t ra_slot_frees(const struct ra_slot *slot)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < RA_FREED_COUNT; i++) {
        sum += slot->freed[i];
    }
    for (unsigned i = 0; i < RA_LARGE_OWN_COUNT; i++) {
        sum += slot->large[i].frees;
    }
    return sum;
}

static struct ra_slot *take_waiting(void)
{
    for (unsigned word = 0; word < WORDS; word++) {
        uint64_t bits = __atomic_load_n(&waiting[word], __ATOMIC_ACQUIRE);

        while (bits != 0) {
            unsigned bit = (unsigned)__builtin_ctzll(bits);
            uint64_t rest = bits & (bits - 1);

            if (__atomic_compare_exchange_n(&waiting[word], &bits, rest, false, __ATOMIC_ACQ_REL,
                                            __ATOMIC_ACQUIRE)) {
                return &RA_CURRENT->slots[word * WORD_BITS + bit];
            }
        }
    }
    return NULL;
}

unsigned ra_slots_index(const struct ra_slot *slot)
{
    uintptr_t distance = (uintptr_t)slot - (uintptr_t)RA_CURRENT->slots;

    return distance < RA_SLOT_MAX * RA_SLOT_BYTES ? (unsigned)(distance / RA_SLOT_BYTES)
                                                  : RA_SLOT_MAX;
}

bool ra_slots_is_at_own(void)
{
    return ra_thread.state == RA_THREAD_LIVE && ra_slots_index(ra_thread.slot) < RA_SLOT_MAX;
}

/* Pairs with take_waiting's acquire: the next owner sees all that this one counted. */
static void put_waiting(unsigned index)
{
    __atomic_fetch_or(&waiting[index / WORD_BITS], 1ull << index % WORD_BITS, __ATOMIC_RELEASE);
}

unsigned ra_slots_next_used(unsigned index)
{
    for (; index < RA_SLOT_MAX; index = (index / WORD_BITS + 1) * WORD_BITS) {
        uint64_t bits = __atomic_load_n(&used[index / WORD_BITS], __ATOMIC_ACQUIRE);

        bits &= ~UINT64_C(0) << index % WORD_BITS;
        if (bits != 0) {
            return index / WORD_BITS * WORD_BITS + (unsigned)__builtin_ctzll(bits);
        }
    }
    return RA_SLOT_MAX;
}

/* Here: a forked child's first thread came with one that lies among those there is no room for. */
static bool is_used(unsigned index)
{
    return ra_slots_next_used(index) == index;
}

/* Two slots more, and one of them. The caller holds the lock. */
static struct ra_slot *grow(void)
{
    struct ra_slot *slot = take_waiting();

    if (!slot) {
        unsigned first = ra_region_room;
        unsigned count = ra_region_grow();

        for (unsigned i = first; i < count; i++) {
            if (!is_used(i)) {
                put_waiting(i);
            }
        }
        slot = take_waiting();
    }
    return slot;
}

static bool try_lock(void)
{
    return __atomic_exchange_n(&growing, 1, __ATOMIC_ACQUIRE) == 0;
}

/*
 * A slot, or NULL. Waits for another thread that makes room, but not for ever: it may be
 * one that forks, and wait itself for a lock that our caller's caller holds. Then NULL
 * and *again.
 */
static struct ra_slot *take(bool *again)
{
    struct ra_slot *slot = take_waiting();

    *again = false;
    for (int wait = 0; wait < WAITS && !slot; wait++) {
        *again = !try_lock();
        if (!*again) {
            slot = grow();
            ra_slots_unlock();
            break;
        }
        ra_system_pause(WAIT_NS);
        slot = take_waiting();
    }
    return slot;
}

/*
 * Take ra_thread into service. The limit is raised last and by this thread alone, so
 * that a signal handler that allocates in between finds either road usable. Where no
 * destructor would take the thread from the list of those to be flushed, it isn't on it.
 */
static void count_in(struct ra_slot *slot)
{
    unsigned index = ra_slots_index(slot);

    __atomic_fetch_or(&used[index / WORD_BITS], 1ull << index % WORD_BITS, __ATOMIC_RELEASE);
    slot->tid = (uint32_t)ra_system_thread();
    __atomic_store_n(&slot->state, RA_SLOT_LIVE, __ATOMIC_RELEASE);
    ra_thread.slot = slot;
    ra_thread.state = RA_THREAD_LIVE;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    if (key_made) {
        ra_flush_enter(index);
    }
    ra_flush_raise_limit();
}

static void attach(void)
{
    bool again;

    /* Until this thread has its slot, whatever it allocates counts as shared. */
    ra_thread.state = RA_THREAD_BUSY;
    ra_jemalloc_learn_counters();
    struct ra_slot *slot = take(&again);
    if (slot && key_made && pthread_setspecific(key, slot) != 0) {
        put_waiting(ra_slots_index(slot));
        slot = NULL;
    }
    if (slot) {
        slot->base_allocs = ra_slot_allocs(slot);
        slot->base_frees = ra_slot_frees(slot);
        count_in(slot);
    } else {
        ra_thread.state = again ? RA_THREAD_FRESH : RA_THREAD_SHARED;
    }
}

/* A handler may have allocated, or forked, since the caller's look at the state. */
void ra_slots_attach(void)
{
    int error = errno;
    uint64_t signals = ra_system_block_signals();

    if (ra_thread.state == RA_THREAD_FRESH) {
        attach();
    }
    ra_system_unblock_signals(signals);
    errno = error;
}

/*
 * The thread ends; what it frees from now on, its own end included, counts as shared. In a
 * child without a region there is nothing to hand on.
 */
static void hand_on(void *unused)
{
    uint64_t signals = ra_system_block_signals();
    struct ra_slot *slot = ra_thread.slot;

    (void)unused;
    if (ra_slots_is_at_own()) {
        ra_thread.state = RA_THREAD_ENDED;
        __atomic_store_n(&ra_thread.limit, 0, __ATOMIC_RELAXED);
        ra_flush_leave(ra_slots_index(slot));
        __atomic_store_n(&slot->state, RA_SLOT_ENDED, __ATOMIC_RELEASE);
        put_waiting(ra_slots_index(slot));
    }
    ra_system_unblock_signals(signals);
}

int ra_slots_init(void)
{
    int error = pthread_key_create(&key, hand_on);

    key_made = error == 0;
    return error;
}

/* All but the one of this index. */
static void clear(unsigned index)
{
    for (unsigned word = 0; word < WORDS; word++) {
        waiting[word] = 0;
        used[word] = 0;
    }
    for (unsigned i = 0; i < ra_region_room; i++) {
        if (i != index) {
            put_waiting(i);
        }
    }
    ra_flush_reset(index);
}

/* Where the calling thread has a slot already, its destructor knows. */
void ra_slots_reset(unsigned index)
{
    struct ra_slot *slot = &RA_CURRENT->slots[index];

    clear(index);
    if (key_made && pthread_getspecific(key) != slot) {
        pthread_setspecific(key, slot);
    }
    count_in(slot);
}

void ra_slots_forget(void)
{
    clear(RA_SLOT_MAX);
}

void ra_slots_lock(void)
{
    while (!try_lock()) {
        ra_system_pause(WAIT_NS);
    }
}

void ra_slots_unlock(void)
{
    __atomic_store_n(&growing, 0, __ATOMIC_RELEASE);
}
