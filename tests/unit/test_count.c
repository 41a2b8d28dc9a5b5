/* Counting off the hot path: each size goes where the reader looks for it. */
#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "shim/count.h"
#include "shim/slots.h"

#include "suite.h"

/* As ra_jemalloc_describe leaves things, with a class for every bucket. */
static void set_up(void)
{
    for (unsigned bucket = 0; bucket < RA_SMALL_COUNT; bucket++) {
        ra_natural[bucket] = (uint16_t)ra_bucket_max(bucket);
    }
    RA_CURRENT->header.slots_ready = ra_region_room = RA_SLOT_START;
    ck_assert_int_eq(ra_slots_init(), 0);
    ra_slots_reset(0);
}

static uint64_t *own(void)
{
    return RA_CURRENT->slots[0].alloc;
}

START_TEST(test_small_natural)
{
    unsigned bucket = (unsigned)_i;

    ra_count_alloc(ra_bucket_min(bucket), ra_bucket_max(bucket));
    ra_count_alloc(ra_bucket_max(bucket), ra_bucket_max(bucket));
    ck_assert_uint_eq(own()[bucket], 2);
    ck_assert_uint_eq(RA_CURRENT->slots[0].requested_less_1 + 2,
                      ra_bucket_min(bucket) + ra_bucket_max(bucket));
    ck_assert_uint_eq(ra_slot_allocs(&RA_CURRENT->slots[0]), 2);
    ck_assert_uint_eq(RA_CURRENT->moved[bucket].from, 0);
}
END_TEST

/* An aligned object: counted by the class it got, noted by the size it was asked with. */
START_TEST(test_small_moved)
{
    ra_count_alloc(40, 64);
    ck_assert_uint_eq(own()[ra_bucket_of(64)], 1);
    ck_assert_uint_eq(own()[ra_bucket_of(40)], 0);
    ck_assert_uint_eq(RA_CURRENT->moved[ra_bucket_of(64)].from, 1);
    ck_assert_uint_eq(RA_CURRENT->moved[ra_bucket_of(40)].to, 1);
}
END_TEST

START_TEST(test_small_moved_to_large)
{
    ra_count_alloc(100, 8192);
    struct ra_large *large = &RA_CURRENT->slots[0].large[ra_large_of(8192)];
    ck_assert_uint_eq(large->allocs, 1);
    ck_assert_uint_eq(large->usable_bytes, 8192);
    ck_assert_uint_eq(large->requested_bytes, 0);
    ck_assert_uint_eq(RA_CURRENT->moved[ra_bucket_of(8192)].from, 1);
    ck_assert_uint_eq(RA_CURRENT->moved[ra_bucket_of(100)].to, 1);
}
END_TEST

START_TEST(test_large)
{
    unsigned index = (unsigned)_i;
    size_t size = ra_large_max(index);
    struct ra_large *large = index < RA_LARGE_OWN_COUNT
                                 ? &RA_CURRENT->slots[0].large[index]
                                 : &RA_CURRENT->shared.large[index - RA_LARGE_OWN_COUNT];

    ra_count_alloc(size - 1, size);
    ra_count_alloc(size, size);
    ra_count_free(size);
    ck_assert_uint_eq(large->allocs, 2);
    ck_assert_uint_eq(large->requested_bytes, 2 * size - 1);
    ck_assert_uint_eq(large->usable_bytes, 2 * size);
    ck_assert_uint_eq(large->frees, 1);
    ck_assert_uint_eq(large->freed_bytes, size);
    ck_assert_uint_eq(RA_CURRENT->moved[RA_SMALL_COUNT + index].from, 0);
}
END_TEST

START_TEST(test_free_small)
{
    ra_count_free(0);
    ra_count_free(8);
    ra_count_free(16);
    ra_count_free(4096);
    ck_assert_uint_eq(RA_CURRENT->slots[0].freed[0], 1);
    ck_assert_uint_eq(RA_CURRENT->slots[0].freed[1], 1);
    ck_assert_uint_eq(RA_CURRENT->slots[0].freed[256], 1);
    ck_assert_uint_eq(ra_slot_frees(&RA_CURRENT->slots[0]), 3);
}
END_TEST

enum { THREADS = 40, OBJECTS = 1000 };

static void *work(void *barrier)
{
    for (int i = 0; i < OBJECTS; i++) {
        ra_count_alloc(40, 40);
        ra_count_free(48);
    }
    if (barrier) {
        pthread_barrier_wait(barrier);
    }
    return NULL;
}

static void sum(uint64_t *allocs, uint64_t *frees)
{
    *allocs = ra_slot_allocs(&RA_CURRENT->shared.slot);
    *frees = ra_slot_frees(&RA_CURRENT->shared.slot);
    for (unsigned i = 0; i < RA_CURRENT->header.slots_ready; i++) {
        *allocs += ra_slot_allocs(&RA_CURRENT->slots[i]);
        *frees += ra_slot_frees(&RA_CURRENT->slots[i]);
    }
}

START_TEST(test_threads_one_after_the_other)
{
    uint64_t allocs, frees;

    for (int i = 0; i < THREADS; i++) {
        pthread_t thread;
        ck_assert_int_eq(pthread_create(&thread, NULL, work, NULL), 0);
        pthread_join(thread, NULL);
    }
    sum(&allocs, &frees);
    ck_assert_uint_eq(allocs, THREADS * OBJECTS);
    ck_assert_uint_eq(frees, THREADS * OBJECTS);
    ck_assert_uint_eq(RA_CURRENT->header.slots_ready, RA_SLOT_START);
    ck_assert_uint_eq(RA_CURRENT->slots[1].state, RA_SLOT_ENDED);
    ck_assert_uint_eq(RA_CURRENT->slots[2].state, RA_SLOT_FREE);
    ck_assert_uint_eq(RA_CURRENT->slots[1].base_allocs, (THREADS - 1) * OBJECTS);
}
END_TEST

/*
 * Destructors that free after the library's own handed the slot on: it is another thread's by
 * then, and two writers would lose counts. The key is younger, so its destructor comes later.
 */
static pthread_key_t younger;
static enum ra_thread_state state_at_end;

static void free_at_end(void *unused)
{
    (void)unused;
    state_at_end = ra_thread.state;
    for (int i = 0; i < OBJECTS; i++) {
        ra_count_free(48);
    }
}

static void *work_until_destructors(void *unused)
{
    pthread_setspecific(younger, &younger);
    ra_count_alloc(40, 40);
    return unused;
}

START_TEST(test_frees_of_later_destructors_are_shared)
{
    pthread_t thread;

    ck_assert_int_eq(pthread_key_create(&younger, free_at_end), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, work_until_destructors, NULL), 0);
    pthread_join(thread, NULL);
    ck_assert_msg(state_at_end == RA_THREAD_ENDED,
                  "the thread goes on in the slot that it handed on");
    ck_assert_uint_eq(ra_slot_frees(&RA_CURRENT->shared.slot), OBJECTS);
    ck_assert_uint_eq(ra_slot_frees(&RA_CURRENT->slots[1]), 0);
    ck_assert_uint_eq(RA_CURRENT->slots[1].state, RA_SLOT_ENDED);
}
END_TEST

START_TEST(test_threads_at_once)
{
    pthread_t threads[THREADS];
    pthread_barrier_t barrier;
    uint64_t allocs, frees;

    pthread_barrier_init(&barrier, NULL, THREADS);
    for (int i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, work, &barrier), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    sum(&allocs, &frees);
    ck_assert_uint_eq(allocs, THREADS * OBJECTS);
    ck_assert_uint_eq(frees, THREADS * OBJECTS);
    /* The main thread's slot and one for each, grown as they came. */
    ck_assert_uint_ge(RA_CURRENT->header.slots_ready, THREADS + 1);
    ck_assert_uint_lt(RA_CURRENT->header.slots_ready, THREADS + 1 + RA_SLOT_GROW);
    ck_assert_uint_eq(ra_slot_allocs(&RA_CURRENT->shared.slot), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("count");
    TCase *tests = tcase_create("counting");

    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_loop_test(tests, test_small_natural, 0, RA_SMALL_COUNT);
    tcase_add_test(tests, test_small_moved);
    tcase_add_test(tests, test_small_moved_to_large);
    tcase_add_loop_test(tests, test_large, 0, RA_LARGE_COUNT);
    tcase_add_test(tests, test_free_small);
    tcase_add_test(tests, test_threads_one_after_the_other);
    tcase_add_test(tests, test_frees_of_later_destructors_are_shared);
    tcase_add_test(tests, test_threads_at_once);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
