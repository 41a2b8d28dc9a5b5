/*
 * Asking threads to empty their caches, while they allocate, come and go: each one that is
 * asked does so once or ends, and no count is lost; under ThreadSanitizer (make sanitize)
 * nothing is touched unordered. What jemalloc would do is played here.
 */
#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "shim/count.h"
#include "shim/entry.h"
#include "shim/flush.h"
#include "shim/slots.h"

#include "suite.h"

enum { THREADS = 6, REQUESTS = 2000, OBJECTS = 50, WAIT_SECONDS = 60 };

static __thread uint64_t allocated, deallocated;
static atomic_ulong flushes, objects;
static atomic_bool stop;
static bool caches = true, own_hooks, own_hooks_later;

/* Answers as jemalloc would. */
static int control(const char *name, void *value, size_t *bytes, void *new, size_t new_bytes)
{
    static char usual, own;
    const void *hooks = own_hooks || (own_hooks_later && name[6] == '1') ? &own : &usual;
    const uint64_t *words[] = {&allocated, &deallocated};
    unsigned arenas = 2;
    const struct {
        const char *name;
        const void *value;
        size_t bytes;
    } known[] = {
        {"thread.allocatedp", &words[0], sizeof words[0]},
        {"thread.deallocatedp", &words[1], sizeof words[1]},
        {"opt.tcache", &caches, sizeof caches},
        {"arenas.narenas", &arenas, sizeof arenas},
        {"arena.0.extent_hooks", &hooks, sizeof hooks},
        {"arena.1.extent_hooks", &hooks, sizeof hooks},
    };

    (void)new, (void)new_bytes;
    if (strcmp(name, "thread.tcache.flush") == 0) {
        atomic_fetch_add(&flushes, 1);
        errno = ENOMEM; /* the caller must not see it */
        return 0;
    }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(name, known[i].name) == 0 && *bytes == known[i].bytes) {
            memcpy(value, known[i].value, *bytes);
            return 0;
        }
    }
    return ENOENT;
}

static void set_up(void)
{
    for (unsigned bucket = 0; bucket < RA_SMALL_COUNT; bucket++) {
        ra_natural[bucket] = (uint16_t)ra_bucket_max(bucket);
    }
    ra_road.mallctl = control;
    ra_mode = RA_COUNT;
    ck_assert(ra_jemalloc_learn_counters());
    RA_CURRENT->header.slots_ready = ra_region_room = RA_SLOT_START;
    ck_assert_int_eq(ra_slots_init(), 0);
    ra_flush_init();
    ra_slots_reset(0);
}

/* As ra_forwards, which would set up a process. */
static void slow_road(void)
{
    if (ra_limit() == 0) {
        ra_flush_if_asked();
    }
}

/* What the entry points do, with errno as it was. */
static void allocate_and_free(size_t size)
{
    errno = 0;
    if (ra_is_fast(size)) {
        ra_fast_alloc(ra_fast_slot(), size);
    } else {
        slow_road();
        ra_count_alloc(size, size);
    }
    if (ra_has_slot()) {
        ra_fast_free(size);
    } else {
        slow_road();
        ra_count_free(size);
    }
    ck_assert_int_eq(errno, 0);
}

static void *live_shortly(void *unused)
{
    for (int i = 0; i < OBJECTS; i++) {
        allocate_and_free(48);
        allocate_and_free(20480);
    }
    atomic_fetch_add(&objects, 2 * OBJECTS);
    return unused;
}

static void *come_and_go(void *unused)
{
    while (!atomic_load(&stop)) {
        pthread_t thread;

        live_shortly(NULL);
        ck_assert_int_eq(pthread_create(&thread, NULL, live_shortly, NULL), 0);
        ck_assert_int_eq(pthread_join(thread, NULL), 0);
    }
    return unused;
}

static uint64_t value(void)
{
    return __atomic_load_n(&RA_CURRENT->header.action.value, __ATOMIC_RELAXED);
}

/* Ask and wait for exactly as many as were asked: the main thread among them. */
static void ask_and_wait(void)
{
    uint64_t before = value(), threads = 0;
    time_t deadline = time(NULL) + WAIT_SECONDS;

    ck_assert_int_eq(ra_flush_ask(&threads), 0);
    ck_assert_uint_ge(threads, 1);
    allocate_and_free(48);
    while (value() - before < threads) {
        const struct timespec pause = {.tv_nsec = 10000};

        ck_assert_msg(time(NULL) < deadline, "%ju of %ju", (uintmax_t)(value() - before),
                      (uintmax_t)threads);
        nanosleep(&pause, NULL);
    }
    ck_assert_uint_eq(value() - before, threads);
    ck_assert_uint_eq(ra_limit(), RA_SMALL_MAX);
}

START_TEST(test_threads_that_come_and_go)
{
    pthread_t threads[THREADS];
    uint64_t allocs, frees;

    for (int i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, come_and_go, NULL), 0);
    }
    for (int i = 0; i < REQUESTS; i++) {
        ask_and_wait();
    }
    atomic_store(&stop, true);
    for (int i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    }
    ck_assert_uint_ge(atomic_load(&flushes), REQUESTS);
    allocs = ra_slot_allocs(&RA_CURRENT->shared.slot);
    frees = ra_slot_frees(&RA_CURRENT->shared.slot);
    for (unsigned i = 0; i < RA_CURRENT->header.slots_ready; i++) {
        allocs += ra_slot_allocs(&RA_CURRENT->slots[i]);
        frees += ra_slot_frees(&RA_CURRENT->slots[i]);
    }
    ck_assert_uint_eq(allocs, atomic_load(&objects) + REQUESTS);
    ck_assert_uint_eq(frees, atomic_load(&objects) + REQUESTS);
}
END_TEST

/* Asked twice before it gets round to it: emptied once. */
START_TEST(test_asked_twice)
{
    uint64_t threads;

    ck_assert_int_eq(ra_flush_ask(&threads), 0);
    ck_assert_int_eq(ra_flush_ask(&threads), 0);
    ck_assert_uint_eq(threads, 1);
    ck_assert_uint_eq(ra_limit(), 0);
    ra_flush_raise_limit(); /* as after a fork: what was asked meanwhile still holds */
    ck_assert_uint_eq(ra_limit(), 0);
    ck_assert_uint_eq(atomic_load(&flushes), 0);
    allocate_and_free(48);
    allocate_and_free(48);
    ck_assert_uint_eq(atomic_load(&flushes), 1);
    ck_assert_uint_eq(value(), 1);
}
END_TEST

/* In the middle of its fork, a thread counts elsewhere, and must empty nothing. */
START_TEST(test_away_from_its_slot)
{
    static struct ra_slot parked;
    struct ra_slot *slot = ra_thread.slot;
    uint64_t threads;

    ra_thread.slot = &parked;
    ck_assert_int_eq(ra_flush_ask(&threads), 0);
    allocate_and_free(48);
    ck_assert_uint_eq(atomic_load(&flushes), 0);
    ck_assert_uint_eq(parked.alloc[ra_bucket_of(48)], 1);
    ra_thread.slot = slot;
    allocate_and_free(48);
    ck_assert_uint_eq(atomic_load(&flushes), 1);
}
END_TEST

static void *wait_for_end(void *barrier)
{
    allocate_and_free(48);
    pthread_barrier_wait(barrier);
    pthread_barrier_wait(barrier);
    return NULL;
}

/* A thread that has allocated and waits at barrier; both it and the caller have been asked. */
static pthread_t start_and_ask(pthread_barrier_t *barrier)
{
    pthread_t thread;
    uint64_t threads;

    pthread_barrier_init(barrier, NULL, 2);
    ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_end, barrier), 0);
    pthread_barrier_wait(barrier);
    ck_assert_int_eq(ra_flush_ask(&threads), 0);
    ck_assert_uint_eq(threads, 2);
    return thread;
}

/* One that ends with a request open has done what was asked; afterwards it isn't asked. */
START_TEST(test_ends_before_its_next_call)
{
    pthread_barrier_t barrier;
    pthread_t thread = start_and_ask(&barrier);
    uint64_t threads;

    pthread_barrier_wait(&barrier);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_uint_eq(value(), 1);
    ck_assert_uint_eq(atomic_load(&flushes), 0);
    ck_assert_int_eq(ra_flush_ask(&threads), 0);
    ck_assert_uint_eq(threads, 1);
}
END_TEST

START_TEST(test_refused)
{
    bool *const reasons[] = {&caches, &own_hooks, &own_hooks_later};
    const int errors[] = {ENOTSUP, EBUSY, EBUSY};
    uint64_t threads;

    *reasons[_i] = !*reasons[_i];
    ck_assert_int_eq(ra_flush_ask(&threads), errors[_i]);
    ck_assert_uint_eq(ra_limit(), RA_SMALL_MAX);
}
END_TEST

/* In a forked child only the thread that forked is there, in slot 0. */
START_TEST(test_reset)
{
    pthread_barrier_t barrier;
    uint64_t threads;

    start_and_ask(&barrier);
    ra_slots_reset(0);
    ck_assert_uint_eq(ra_limit(), RA_SMALL_MAX);
    allocate_and_free(48);
    ck_assert_uint_eq(atomic_load(&flushes), 0);
    ck_assert_int_eq(ra_flush_ask(&threads), 0);
    ck_assert_uint_eq(threads, 1);
    ra_flush_enter(2); /* behind where the other thread was */
    ck_assert_int_eq(ra_flush_ask(&threads), 0);
    ck_assert_uint_eq(threads, 2);
    _Exit(0); /* the other thread has no slot any more, as there is none in a child */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("flush");
    TCase *tests = tcase_create("threads");

    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, test_threads_that_come_and_go);
    tcase_add_test(tests, test_asked_twice);
    tcase_add_test(tests, test_away_from_its_slot);
    tcase_add_test(tests, test_ends_before_its_next_call);
    tcase_add_loop_test(tests, test_refused, 0, 3);
    tcase_add_test(tests, test_reset);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
