#include "count.h"

#include "late.h"
#include "region.h"
#include "slots.h"
#include "unseen.h"

/*
 * A thread's own slot has one writer. One instruction, where there is one, so that a
 * signal handler that allocates is not overwritten; elsewhere a plain store, whole for
 * the readers of other processes.
 */
static void add(uint64_t *counter, uint64_t value, bool shared)
{
    if (shared) {
        __atomic_fetch_add(counter, value, __ATOMIC_RELAXED);
        return;
    }
#if defined(__x86_64__)
    __asm__("addq %1, %0" : "+m"(*counter) : "er"(value) : "cc");
#else
    __atomic_store_n(counter, *counter + value, __ATOMIC_RELAXED);
#endif
}

bool ra_count_shared RA_TOGETHER;

/*
 * A handler that forks, and returns in the child, may interrupt between the look for a place
 * and the add: fork.c has that place ready in the child too. Whoever interrupts leaves the
 * number as it was, so that plain adds do.
 */
static void begin(void)
{
    ra_thread.counting++;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static void end(void)
{
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    ra_thread.counting--;
}

/*
 * What is counted where the region can't be made whole is not seen; nor what is on its way
 * here when a child begins that has none.
 */
static bool can_share(void)
{
    if (ra_mode == RA_FORWARD) {
        return false;
    }
    if (!__atomic_load_n(&ra_count_shared, __ATOMIC_RELAXED)) {
        __atomic_store_n(&ra_count_shared, true, __ATOMIC_RELAXED);
    }
    return ra_region_is_whole();
}

static struct ra_slot *target(bool *shared)
{
    *shared = ra_thread.state != RA_THREAD_LIVE;
    if (!*shared) {
        return ra_thread.slot;
    }
    return can_share() ? &RA_CURRENT->shared.slot : &ra_unseen_slot;
}

/* Large buckets beyond a slot's own are shared by all threads. */
static struct ra_large *large_target(unsigned index, bool *shared)
{
    struct ra_slot *slot = target(shared);

    if (index < RA_LARGE_OWN_COUNT) {
        return &slot->large[index];
    }
    *shared = true;
    return can_share() ? &RA_CURRENT->shared.large[index - RA_LARGE_OWN_COUNT]
                       : ra_unseen_slot.large;
}

static bool is_natural(size_t requested, size_t usable)
{
    if (requested <= RA_SMALL_MAX) {
        return ra_natural[ra_bucket_of(requested)] == usable;
    }
    return ra_large_of(requested) == ra_large_of(usable);
}

/*
 * The size by which an object is sorted: its usable one, but for the small ones of glibc
 * that have pages of their own, which realloc makes of large ones. Their sizes are not
 * those of glibc's classes (and multiples of 16, which no other's is), so they count with
 * the smallest large ones, where bytes are summed up.
 */
static size_t sorted_by(size_t usable)
{
    bool own_pages = usable <= RA_SMALL_MAX && ra_backend == RA_BACKEND_LIBC && usable % 16 == 0;

    return RA_UNLIKELY(own_pages) ? RA_SMALL_MAX + 1 : usable;
}

void ra_count_alloc(size_t requested, size_t usable)
{
    bool natural = is_natural(requested, usable);
    size_t sorted = sorted_by(usable);
    unsigned by_request = ra_bucket_of(requested), by_usable = ra_bucket_of(sorted);
    bool shared;

    if (RA_UNLIKELY(ra_thread.state == RA_THREAD_FRESH)) {
        ra_slots_attach();
    }
    begin();
    if (sorted > RA_SMALL_MAX) {
        struct ra_large *large = large_target(ra_large_of(sorted), &shared);
        add(&large->usable_bytes, usable, shared);
        add(&large->allocs, 1, shared);
    } else {
        struct ra_slot *slot = target(&shared);
        add(&slot->alloc[natural ? by_request : by_usable], 1, shared);
        add(&slot->requested_less_1, requested - 1, shared);
    }
    if (requested > RA_SMALL_MAX) {
        struct ra_large *large = large_target(ra_large_of(requested), &shared);
        add(&large->requested_bytes, requested, shared);
    }
    if (!natural && by_request != by_usable && !ra_unseen_now() && ra_region_is_whole()) {
        add(&RA_CURRENT->moved[by_usable].from, 1, true);
        add(&RA_CURRENT->moved[by_request].to, 1, true);
    }
    end();
    if (ra_late_awaited()) {
        ra_late_step();
    }
}

void ra_count_free(size_t usable)
{
    size_t sorted = sorted_by(usable);
    bool shared;

    if (usable == 0) {
        return;
    }
    begin();
    if (sorted > RA_SMALL_MAX) {
        struct ra_large *large = large_target(ra_large_of(sorted), &shared);
        add(&large->freed_bytes, usable, shared);
        add(&large->frees, 1, shared);
    } else {
        struct ra_slot *slot = target(&shared);
        add(&slot->freed[ra_freed_of(usable)], 1, shared);
    }
    end();
}

void ra_count_call(enum ra_call call)
{
    bool shared;

    begin();
    struct ra_slot *slot = target(&shared);
    add(&slot->calls[call], 1, shared);
    end();
}
