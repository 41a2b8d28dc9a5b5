#include "slots.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <time.h>

#include "flush.h"
#include "jemalloc.h"
#include "region.h"
#include "system.h"

enum { WORD_BITS = 64, WORDS = RA_SLOT_MAX / WORD_BITS };

/* Longer than a crowd of threads takes to get their slots, short enough not to be felt. */
enum { WAIT_NS = 50 * 1000, WAITS = 1000 };

/*
 * Slots that wait for a thread, one bit each: 16 words tell what 1024 slots would.
 * The first slot is there before anything is set up.
 */
static uint64_t waiting[WORDS] RA_TOGETHER = {1};
static pthread_key_t key;
static bool key_made;
static pthread_mutex_t growing RA_TOGETHER = PTHREAD_MUTEX_INITIALIZER;

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

static unsigned index_of(const struct ra_slot *slot)
{
    return (unsigned)(slot - RA_CURRENT->slots);
}

bool ra_slots_is_at_own(void)
{
    uintptr_t slot = (uintptr_t)ra_thread.slot, first = (uintptr_t)RA_CURRENT->slots;

    return ra_thread.state == RA_THREAD_LIVE && slot - first < RA_SLOT_MAX * RA_SLOT_BYTES;
}

/* Pairs with take_waiting's acquire: the next owner sees all that this one counted. */
static void put_waiting(const struct ra_slot *slot)
{
    unsigned index = index_of(slot);

    __atomic_fetch_or(&waiting[index / WORD_BITS], 1ull << index % WORD_BITS, __ATOMIC_RELEASE);
}

/* Two slots more, and one of them. The caller holds the lock. */
static struct ra_slot *grow(void)
{
    struct ra_slot *slot = take_waiting();

    if (!slot) {
        unsigned first = RA_CURRENT->header.slots_ready;
        unsigned count = ra_region_grow();

        for (unsigned i = first; i < count; i++) {
            put_waiting(&RA_CURRENT->slots[i]);
        }
        slot = take_waiting();
    }
    return slot;
}

/*
 * A slot, or NULL. Waits for another thread that makes room, but not for ever: it may be
 * one that forks, and wait itself for a lock that our caller's caller holds. Then NULL
 * and *again.
 */
static struct ra_slot *take(bool *again)
{
    const struct timespec pause = {.tv_nsec = WAIT_NS};
    struct ra_slot *slot = take_waiting();
    sigset_t all, before;

    *again = false;
    if (slot) {
        return slot;
    }
    /* Nobody may interrupt: a handler that forked would wait for this lock for ever. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (int wait = 0; wait < WAITS && !slot; wait++) {
        *again = pthread_mutex_trylock(&growing) != 0;
        if (!*again) {
            slot = grow();
            pthread_mutex_unlock(&growing);
            break;
        }
        nanosleep(&pause, NULL);
        slot = take_waiting();
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return slot;
}

/*
 * Take ra_thread into service. The limit is raised last and by this thread alone, so
 * that a signal handler that allocates in between finds either road usable. Where no
 * destructor would take the thread from the list of those to be flushed, it isn't on it.
 */
static void count_in(struct ra_slot *slot)
{
    slot->tid = (uint32_t)ra_system_thread();
    __atomic_store_n(&slot->state, RA_SLOT_LIVE, __ATOMIC_RELEASE);
    ra_thread.slot = slot;
    ra_thread.state = RA_THREAD_LIVE;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    if (key_made) {
        ra_flush_enter(index_of(slot));
    }
    ra_flush_raise_limit();
}

/* To wait for room is a cancellation point, which malloc is not. */
void ra_slots_attach(void)
{
    int error = errno;
    int cancel;
    bool again;

    /* Until this thread has its slot, whatever it allocates counts as shared. */
    ra_thread.state = RA_THREAD_BUSY;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    ra_jemalloc_learn_counters();
    struct ra_slot *slot = take(&again);
    if (slot && key_made && pthread_setspecific(key, slot) != 0) {
        put_waiting(slot);
        slot = NULL;
    }
    if (slot) {
        slot->base_allocs = ra_slot_allocs(slot);
        slot->base_frees = ra_slot_frees(slot);
        count_in(slot);
    } else {
        ra_thread.state = again ? RA_THREAD_FRESH : RA_THREAD_SHARED;
    }
    pthread_setcancelstate(cancel, NULL);
    errno = error;
}

/*
 * The thread ends; what it frees from now on, its own end included, counts as shared. The
 * state first: a signal handler that finds it LIVE with a limit of 0 would raise that.
 */
static void hand_on(void *unused)
{
    struct ra_slot *slot = ra_thread.slot;

    (void)unused;
    if (!ra_slots_is_at_own()) {
        return; /* a handler of the thread that glibc has this one's description from came late */
    }
    ra_thread.state = RA_THREAD_SHARED;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    __atomic_store_n(&ra_thread.limit, 0, __ATOMIC_RELAXED);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    ra_flush_leave(index_of(slot));
    __atomic_store_n(&slot->state, RA_SLOT_ENDED, __ATOMIC_RELEASE);
    put_waiting(slot);
}

int ra_slots_init(void)
{
    int error = pthread_key_create(&key, hand_on);

    key_made = error == 0;
    return error;
}

void ra_slots_reset(void)
{
    struct ra_slot *slot = &RA_CURRENT->slots[0];

    for (unsigned word = 0; word < WORDS; word++) {
        waiting[word] = 0;
    }
    for (unsigned i = 1; i < RA_CURRENT->header.slots_ready; i++) {
        put_waiting(&RA_CURRENT->slots[i]);
    }
    if (key_made) {
        pthread_setspecific(key, slot);
    }
    ra_flush_reset();
    count_in(slot);
}

void ra_slots_lock(void)
{
    pthread_mutex_lock(&growing);
}

void ra_slots_unlock(void)
{
    pthread_mutex_unlock(&growing);
}

void ra_slots_unlock_child(void)
{
    growing = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
}
