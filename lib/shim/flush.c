#include "flush.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

#include "jemalloc.h"
#include "late.h"
#include "slots.h"
#include "system.h"

enum { HELD = 1, SPINS = 100, WAIT_NS = 50 * 1000 };

/* The threads on the list, by the index of their slot; plus HELD while the sampler is at it. */
static uintptr_t entries[RA_SLOT_MAX];
static unsigned entry_count RA_TOGETHER; /* those beyond were never used */

static const void *usual_hooks;

void ra_flush_init(void)
{
    ra_jemalloc_read("arena.0.extent_hooks", &usual_hooks, sizeof usual_hooks);
}

/* A forked child has its parent's list: where that is as it should be, no page need be copied. */
void ra_flush_reset(unsigned index)
{
    for (unsigned i = 0; i < entry_count; i++) {
        if (entries[i] != 0 && (i != index || entries[i] != (uintptr_t)&ra_thread)) {
            entries[i] = 0;
        }
    }
    if (entry_count > index + 1) {
        entry_count = index + 1;
    }
}

/* Threads may come at the same time. */
static void count_entry(unsigned count)
{
    unsigned known = __atomic_load_n(&entry_count, __ATOMIC_RELAXED);

    while (known < count && !__atomic_compare_exchange_n(&entry_count, &known, count, false,
                                                         __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {
    }
}

void ra_flush_enter(unsigned index)
{
    uintptr_t self = (uintptr_t)&ra_thread;

    ra_thread.flushed = ra_thread.asked;
    if (__atomic_load_n(&entries[index], __ATOMIC_RELAXED) != self) {
        __atomic_store_n(&entries[index], self, __ATOMIC_RELEASE);
    }
    count_entry(index + 1);
}

static void count_flush(void)
{
    __atomic_fetch_add(&RA_CURRENT->header.action.value, 1, __ATOMIC_RELAXED);
}

/*
 * The wait can't be given up, as the thread's data is gone after it; it is for one store
 * of the sampler, which no signal interrupts. A thread that ends before it got round to
 * emptying its cache has done so all the same: the cache ends too.
 */
void ra_flush_leave(unsigned index)
{
    uintptr_t self = (uintptr_t)&ra_thread;

    for (unsigned tries = 0;; tries++) {
        uintptr_t entry = self;

        if (__atomic_compare_exchange_n(&entries[index], &entry, 0, false, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED)) {
            break;
        }
        if (entry != self + HELD) {
            return; /* it came before set-up, and was forgotten then */
        }
        if (tries >= SPINS) {
            ra_system_pause(WAIT_NS);
        }
    }
    if (ra_thread.flushed != ra_thread.asked) {
        count_flush();
    }
}

/*
 * The fence pairs with that of lower_limit: either this thread sees that it was asked, or
 * the sampler's 0 comes after what is stored here. A helper may be awaited since the first
 * look: in the child of a handler that forked in between.
 */
void ra_flush_raise_limit(void)
{
    size_t limit = ra_counters_known() && !ra_late_awaited() ? RA_SMALL_MAX : 0;

    __atomic_store_n(&ra_thread.limit, limit, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (ra_thread.flushed != __atomic_load_n(&ra_thread.asked, __ATOMIC_RELAXED) ||
        ra_late_awaited()) {
        __atomic_store_n(&ra_thread.limit, 0, __ATOMIC_RELAXED);
    }
}

/* flushed first: a signal handler that allocates meanwhile must not begin another flush. */
RA_COLD void ra_flush_if_asked(void)
{
    uint32_t asked = __atomic_load_n(&ra_thread.asked, __ATOMIC_RELAXED);
    int error = errno;

    if (!ra_slots_is_at_own()) {
        return;
    }
    if (ra_thread.flushed != asked) {
        ra_thread.flushed = asked;
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
        ra_road.mallctl("thread.tcache.flush", NULL, NULL, NULL, 0);
        count_flush();
        errno = error;
    }
    if (ra_counters_known()) {
        ra_flush_raise_limit();
    }
}

static bool has_usual_hooks(void)
{
    unsigned arenas = 0;

    if (!usual_hooks || !ra_jemalloc_read("arenas.narenas", &arenas, sizeof arenas)) {
        return false;
    }
    for (unsigned i = 0; i < arenas; i++) {
        const void *hooks;
        char name[48];

        snprintf(name, sizeof name, "arena.%u.extent_hooks", i);
        if (ra_jemalloc_read(name, &hooks, sizeof hooks) && hooks != usual_hooks) {
            return false;
        }
    }
    return true;
}

/* False if there is no thread, or it is leaving. */
static bool lower_limit(uintptr_t *entry, uint32_t number)
{
    uintptr_t self = __atomic_load_n(entry, __ATOMIC_ACQUIRE);

    if (self == 0 || !__atomic_compare_exchange_n(entry, &self, self + HELD, false,
                                                  __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
        return false;
    }
    struct ra_thread *thread = (struct ra_thread *)self;
    __atomic_store_n(&thread->asked, number, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    __atomic_store_n(&thread->limit, 0, __ATOMIC_RELAXED);
    __atomic_store_n(entry, self, __ATOMIC_RELEASE);
    return true;
}

int ra_flush_ask(uint64_t *threads)
{
    static uint32_t number;
    unsigned count = __atomic_load_n(&entry_count, __ATOMIC_ACQUIRE);
    bool caches = false;

    if (!ra_jemalloc_read("opt.tcache", &caches, sizeof caches) || !caches) {
        return ENOTSUP;
    }
    if (!has_usual_hooks()) {
        return EBUSY;
    }
    number++;
    *threads = 0;
    for (unsigned i = 0; i < count; i++) {
        *threads += lower_limit(&entries[i], number);
    }
    return 0;
}
