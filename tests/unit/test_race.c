/*
 * The counting core under many threads that come and go: no count is lost, and under
 * ThreadSanitizer (make sanitize) no two threads touch a slot unordered. The test
 * program's own allocator stands in for jemalloc: sizes are what we say they are.
 */
#include <check.h>
#include <pthread.h>
#include <stdlib.h>

#include "shim/count.h"
#include "shim/entry.h"
#include "shim/slots.h"

#include "suite.h"

enum { AT_ONCE = 24, IN_TURN = 40, OBJECTS = 500 };

static void set_up(void)
{
    for (unsigned bucket = 0; bucket < RA_SMALL_COUNT; bucket++) {
        ra_natural[bucket] = (uint16_t)ra_bucket_max(bucket);
    }
    ra_jemalloc_learn_counters(); /* the first call does, before there are threads */
    RA_CURRENT->header.slots_ready = ra_region_room = RA_SLOT_START;
    ck_assert_int_eq(ra_slots_init(), 0);
    ra_slots_reset(0);
}

/* What the entry points do: the fast way in the thread's own slot, all else the slow one. */
static void allocate(size_t size)
{
    if (ra_is_fast(size)) {
        ra_fast_alloc(ra_fast_slot(), size);
    } else {
        ra_count_alloc(size, size);
    }
}

static void release(size_t size)
{
    if (ra_has_slot()) {
        ra_fast_free(size);
    } else {
        ra_count_free(size);
    }
}

static void *work(void *large)
{
    for (int i = 0; i < OBJECTS; i++) {
        allocate(48);
        release(48);
        if (i == 0) {
            /* As if jemalloc's counters were known: from here on the fast way. */
            ra_thread.limit = ra_thread.state == RA_THREAD_LIVE ? RA_SMALL_MAX : 0;
        }
    }
    allocate(*(size_t *)large);
    release(*(size_t *)large);
    ra_count_call(RA_CALL_calloc);
    return NULL;
}

/* A chain of threads, one after the other: each takes over a slot that another left. */
static void *chain(void *large)
{
    for (int i = 0; i < IN_TURN; i++) {
        pthread_t thread;

        ck_assert_int_eq(pthread_create(&thread, NULL, work, large), 0);
        ck_assert_int_eq(pthread_join(thread, NULL), 0);
    }
    return NULL;
}

static void add_slot(const struct ra_slot *slot, uint64_t sums[3])
{
    sums[0] += ra_slot_allocs(slot);
    sums[1] += ra_slot_frees(slot);
    sums[2] += slot->calls[RA_CALL_calloc];
}

static const size_t large_sizes[] = {
    20480,             /* in the thread's own slot */
    UINT64_C(1) << 40, /* shared by all */
};

START_TEST(test_threads_that_come_and_go)
{
    pthread_t threads[AT_ONCE];
    size_t large = large_sizes[_i];
    uint64_t sums[3] = {0};
    uint64_t runs = (uint64_t)AT_ONCE * IN_TURN;

    for (int i = 0; i < AT_ONCE; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, chain, &large), 0);
    }
    for (int i = 0; i < AT_ONCE; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    }
    add_slot(&RA_CURRENT->shared.slot, sums);
    for (unsigned i = 0; i < RA_CURRENT->header.slots_ready; i++) {
        add_slot(&RA_CURRENT->slots[i], sums);
    }
    for (unsigned i = 0; i < RA_LARGE_SHARED_COUNT; i++) {
        sums[0] += RA_CURRENT->shared.large[i].allocs;
        sums[1] += RA_CURRENT->shared.large[i].frees;
    }
    ck_assert_uint_eq(sums[0], runs * (OBJECTS + 1));
    ck_assert_uint_eq(sums[1], runs * (OBJECTS + 1));
    ck_assert_uint_eq(sums[2], runs);
    ck_assert_uint_le(RA_CURRENT->header.slots_ready, AT_ONCE + 1 + RA_SLOT_GROW);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("race");
    TCase *tests = tcase_create("threads");

    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, test_threads_that_come_and_go, 0,
                        sizeof large_sizes / sizeof *large_sizes);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
