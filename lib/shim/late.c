#include "late.h"

#include <signal.h>

#include "region.h"
#include "sampler.h"
#include "slots.h"
#include "system.h"
#include "tls.h"

enum { ALLOCATIONS = 8 }; /* a Ruby's child that does nothing but exit! or sleep makes five */

uint32_t ra_late_allocations RA_TOGETHER;
static const struct ra_thread *forked RA_TOGETHER; /* the thread that did */

void ra_late_begin(void)
{
    if (ra_tls_is_known()) {
        forked = &ra_thread;
        __atomic_store_n(&ra_late_allocations, ALLOCATIONS, __ATOMIC_RELAXED);
        __atomic_store_n(&RA_CURRENT->header.sampler_tid, RA_SAMPLER_LATE, __ATOMIC_RELEASE);
    }
}

void ra_late_forget(void)
{
    __atomic_store_n(&ra_late_allocations, 0, __ATOMIC_RELAXED);
}

static void bring_helper(void)
{
    if (ra_region_is_whole()) {
        ra_sampler_disown();
        ra_sampler_start();
    } else {
        __atomic_store_n(&RA_CURRENT->header.sampler_tid, 0, __ATOMIC_RELEASE);
    }
}

/*
 * No signal in between: the child of a handler that forks would go on here when the handler
 * returns, with a helper of its own awaited beside this one.
 */
static void start(void)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (__atomic_exchange_n(&ra_late_allocations, 0, __ATOMIC_RELAXED) != 0) {
        bring_helper();
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/*
 * Only a thread that counts in a slot of the region: not one that forks just now, whose
 * child would have half a thread. Nor a child by vfork, which shares this memory: the
 * thread would be its own, and end with it.
 */
RA_COLD void ra_late_step(void)
{
    if (!ra_slots_is_at_own()) {
        return;
    }
    if (forked == &ra_thread) {
        uint32_t left = __atomic_load_n(&ra_late_allocations, __ATOMIC_RELAXED);

        /* Another thread may have brought the helper meanwhile: 0 stays 0. */
        if (left > 1 && __atomic_compare_exchange_n(&ra_late_allocations, &left, left - 1, false,
                                                    __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
            return;
        }
    }
    if (ra_system_pid() == (pid_t)ra_image.header.pid) {
        start();
    }
}
