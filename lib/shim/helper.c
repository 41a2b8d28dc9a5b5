#include "helper.h"

#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>

#include "clock.h"
#include "filter.h"
#include "log.h"
#include "region.h"
#include "regionfile.h"
#include "system.h"
#include "tls.h"
#include "unlisted.h"
#include "unseen.h"

/*
 * Who has the lock waits for the helper. While that is at work it may itself wait for a lock
 * of the allocator's, which the caller holds where it is a signal handler: then not for long.
 * Otherwise it does as it is told as soon as it gets a processor.
 */
enum { LOCK_MS = 1000, LOCK_PAUSE_NS = 50 * 1000, BUSY_MS = 100, IDLE_MS = 5000, LOOK_MS = 1 };

/*
 * What is asked: posted by a thread that has the lock, taken by the helper, done by it. Who
 * waits no longer takes back what isn't taken yet, but for rights: those stay asked for.
 */
enum work { WORK_GIVE, WORK_RIGHTS };
enum state { IDLE, POSTED, TAKEN, DONE };

static struct {
    uint32_t state;
    enum work work;
    uid_t user;
    struct ra_rights rights;
    bool succeeded;
} asked;

static uint32_t lock; /* the process id of who has it: a fork may leave a parent's here */
static uint32_t is_to_end, is_busy;
static int region_file = -1; /* in the helper's own table, to name it alone (O_PATH) */
static void (*body)(void);

static uint64_t now_ms(void)
{
    return ra_clock_ns(CLOCK_MONOTONIC) / 1000000;
}

/* Whether to go on waiting for the helper, since that time. */
static bool has_patience(uint64_t since_ms)
{
    bool busy = __atomic_load_n(&is_busy, __ATOMIC_RELAXED);

    return now_ms() - since_ms < (busy ? BUSY_MS : IDLE_MS);
}

static bool take_lock(void)
{
    const struct timespec pause = {.tv_nsec = LOCK_PAUSE_NS};
    uint32_t self = (uint32_t)ra_system_pid();
    uint64_t end = now_ms() + LOCK_MS;

    do {
        uint32_t owner = __atomic_load_n(&lock, __ATOMIC_RELAXED);

        if (owner != self && __atomic_compare_exchange_n(&lock, &owner, self, false,
                                                         __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
            return true;
        }
        ra_system(SYS_nanosleep, (long)&pause, 0, 0, 0, 0, 0);
    } while (now_ms() < end);
    return false;
}

static void let_go(void)
{
    __atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
}

/* With the lock and no signal in between; false: neither. */
static bool enter(sigset_t *before)
{
    sigset_t all;

    if (ra_image.header.pid != (uint32_t)ra_system_pid()) {
        return false;
    }
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, before);
    if (take_lock()) {
        return true;
    }
    pthread_sigmask(SIG_SETMASK, before, NULL);
    return false;
}

static void leave(const sigset_t *before)
{
    let_go();
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

/* It may not sleep yet, or no longer: whoever waits for it does this again and again. */
static void wake(void)
{
    ra_system(SYS_futex, (long)&RA_CURRENT->header.request, FUTEX_WAKE, INT_MAX, 0, 0, 0);
}

static bool wait_until_done(void)
{
    const struct timespec look = {.tv_nsec = LOOK_MS * 1000 * 1000};
    uint64_t since = now_ms();
    uint32_t state;

    while ((state = __atomic_load_n(&asked.state, __ATOMIC_ACQUIRE)) != DONE) {
        if (!ra_unlisted_is_there() || !has_patience(since)) {
            return false;
        }
        wake();
        ra_system(SYS_futex, (long)&asked.state, FUTEX_WAIT_PRIVATE, (long)state, (long)&look, 0,
                  0);
    }
    return true;
}

static bool take_back(void)
{
    uint32_t state = POSTED;

    return __atomic_compare_exchange_n(&asked.state, &state, IDLE, false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}

/* Whether something else may be asked for, as nobody waits for what was asked last. */
static bool is_free(enum work next)
{
    uint32_t state = __atomic_load_n(&asked.state, __ATOMIC_ACQUIRE);

    if (state == POSTED && asked.work == WORK_RIGHTS && next != WORK_RIGHTS) {
        return false;
    }
    return state == IDLE || take_back() || wait_until_done();
}

/* The caller has filled the rest of asked. Whether it was done, and went well. */
static bool have_done(enum work work)
{
    asked.work = work;
    asked.succeeded = false;
    __atomic_store_n(&asked.state, POSTED, __ATOMIC_RELEASE);
    bool done = wait_until_done() || (work != WORK_RIGHTS && !take_back() && wait_until_done());
    if (done) {
        __atomic_store_n(&asked.state, IDLE, __ATOMIC_RELAXED);
    }
    return done && asked.succeeded;
}

void ra_helper_await_begin(void)
{
    const uint32_t *tid = &RA_CURRENT->header.sampler_tid;
    uint64_t end = ra_clock_ns(CLOCK_MONOTONIC) + (uint64_t)BUSY_MS * 1000000;

    while (ra_unlisted_is_there() && __atomic_load_n(tid, __ATOMIC_ACQUIRE) == RA_SAMPLER_COMING &&
           ra_clock_ns(CLOCK_MONOTONIC) < end) {
        ra_system_pause(LOCK_PAUSE_NS);
    }
}

bool ra_helper_give(uid_t user)
{
    sigset_t before;
    bool done = false;

    if (!ra_unlisted_is_there() || !enter(&before)) {
        return false;
    }
    if (is_free(WORK_GIVE)) {
        asked.user = user;
        done = have_done(WORK_GIVE);
    }
    leave(&before);
    return done;
}

/*
 * With the lock. The header tells readers whether to wait for an answer. A filter that came
 * after the start may end who makes a thread: none is made under one.
 */
static int make(void)
{
    uint32_t *tid = &RA_CURRENT->header.sampler_tid;

    if (!ra_filter_allows_files()) {
        __atomic_store_n(tid, 0, __ATOMIC_RELEASE);
        return EPERM;
    }
    __atomic_store_n(&asked.state, IDLE, __ATOMIC_RELAXED);
    __atomic_store_n(&is_to_end, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&is_busy, 0, __ATOMIC_RELAXED);
    __atomic_store_n(tid, RA_SAMPLER_COMING, __ATOMIC_RELEASE);
    int error = ra_unlisted_make(body);
    if (error != 0) {
        __atomic_store_n(tid, 0, __ATOMIC_RELEASE);
    }
    return error;
}

static bool end(void)
{
    uint64_t since = now_ms();

    __atomic_store_n(&is_to_end, 1, __ATOMIC_RELEASE);
    do {
        wake();
        if (ra_unlisted_await_end(LOOK_MS)) {
            return !ra_filter_allows_files() || ra_unlisted_await_burial(IDLE_MS);
        }
    } while (has_patience(since));
    return false; /* it ends when it can: nothing of it is used again before */
}

int ra_helper_init(void)
{
    sigset_t all, before;
    int cancel;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    struct ra_unseen seen = ra_unseen_begin();
    int error = ra_tls_learn();
    ra_unseen_end(seen);
    pthread_setcancelstate(cancel, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

int ra_helper_start(void (*run)(void))
{
    sigset_t before;
    int error = EAGAIN;

    if (enter(&before)) {
        body = run;
        error = make();
        leave(&before);
    }
    return error;
}

bool ra_helper_stop(void)
{
    sigset_t before;
    bool stopped;

    if (!ra_unlisted_is_there() || !enter(&before)) {
        return false;
    }
    stopped = end();
    leave(&before);
    return stopped;
}

static void tell(int error)
{
    if (error != 0 && error != EBUSY) {
        ra_log("the helper thread could not be made anew: error %d; counts go on, jemalloc's "
               "figures are missing",
               error);
    }
}

void ra_helper_restart(void)
{
    sigset_t before;

    if (enter(&before)) {
        int error = make();
        leave(&before);
        tell(error);
    }
}

/* Rights are read with the lock: the last to have it has what the process has now. */
static int follow(void)
{
    if (!ra_unlisted_is_there()) {
        return 0;
    }
    if (ra_filter_allows_files() && is_free(WORK_RIGHTS) && ra_rights_read(&asked.rights) &&
        (have_done(WORK_RIGHTS) || asked.state == POSTED)) {
        return 0;
    }
    return end() ? make() : EBUSY;
}

void ra_helper_follow(void)
{
    sigset_t before;

    if (ra_unlisted_is_there() && enter(&before)) {
        int error = follow();
        leave(&before);
        tell(error);
    }
}

/*
 * A table of its own, so that no child forked meanwhile inherits what is open here, nor does
 * the program get other numbers. Where that can't be had (before Linux 5.9), or a filter is
 * in force, it shares the program's and opens nothing. Only root can give its region away. The
 * file and not its directory: from that a way out of a later jail would lead.
 */
void ra_helper_begin(void)
{
    enum { CLOSE_RANGE = 436, UNSHARE = 2 }; /* close_range(2) */

    ra_system(SYS_prctl, PR_SET_NAME, (long)"ruby_alloc", 0, 0, 0, 0);
    region_file = -1;
    if (ra_filter_allows_files() && ra_system(CLOSE_RANGE, 0, UINT_MAX, UNSHARE, 0, 0, 0) == 0 &&
        ra_system_user() == 0) {
        region_file = ra_regionfile_find();
    }
}

static bool give(void)
{
    return region_file >= 0 && ra_filter_allows_files() &&
           ra_system(SYS_fchownat, region_file, (long)"", asked.user, (gid_t)-1, AT_EMPTY_PATH,
                     0) == 0;
}

static bool work(void)
{
    switch (asked.work) {
    case WORK_GIVE:
        return give();
    case WORK_RIGHTS:
        return ra_rights_take(&asked.rights);
    }
    return false;
}

/* Whoever could not be given the process's rights in time, or not at all, ends. */
bool ra_helper_serve(void)
{
    uint32_t state = POSTED;

    __atomic_store_n(&is_busy, 0, __ATOMIC_RELAXED);
    if (__atomic_compare_exchange_n(&asked.state, &state, TAKEN, false, __ATOMIC_ACQUIRE,
                                    __ATOMIC_RELAXED)) {
        asked.succeeded = work();
        bool ends = asked.work == WORK_RIGHTS && !asked.succeeded;
        __atomic_store_n(&asked.state, DONE, __ATOMIC_RELEASE);
        ra_system(SYS_futex, (long)&asked.state, FUTEX_WAKE_PRIVATE, INT_MAX, 0, 0, 0);
        if (ends) {
            return false;
        }
    }
    return __atomic_load_n(&is_to_end, __ATOMIC_ACQUIRE) == 0;
}

void ra_helper_work(void)
{
    __atomic_store_n(&is_busy, 1, __ATOMIC_RELAXED);
}

void ra_helper_end(void)
{
    RA_CURRENT->header.sampler_tid = 0;
    ra_unlisted_leave();
}
