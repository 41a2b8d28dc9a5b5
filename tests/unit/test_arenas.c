/* The rows of arenas, from a jemalloc that has as many as a test likes. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shim/arenas.h"
#include "shim/jemalloc.h"

#include "suite.h"

enum { PAGE_BYTES = 4096, ARENAS_MAX = 200 };

/* One that was never used, or was destroyed, has no figures at all. */
static struct made {
    bool is_there;
    unsigned threads;
    size_t small, large, active, dirty, muzzy, tcache;
} made[ARENAS_MAX];
static unsigned made_count;
static bool has_statistics, has_tcache_bytes;

static const char *const names[] = {"nthreads", "small.allocated", "large.allocated", "pactive",
                                    "pdirty",   "pmuzzy",          "tcache_bytes"};
enum { NAMES = sizeof names / sizeof *names };

static int control(const char *name, void *value, size_t *bytes, void *new_value, size_t new_bytes)
{
    size_t page = PAGE_BYTES;

    (void)bytes, (void)new_value, (void)new_bytes;
    if (strcmp(name, "config.stats") == 0) {
        memcpy(value, &has_statistics, sizeof has_statistics);
    } else if (strcmp(name, "arenas.page") == 0) {
        memcpy(value, &page, sizeof page);
    } else if (strcmp(name, "arenas.narenas") == 0) {
        memcpy(value, &made_count, sizeof made_count);
    } else {
        return ENOENT;
    }
    return 0;
}

static int number_of(const char *name, size_t *mib, size_t *parts)
{
    for (unsigned i = 0; i < NAMES; i++) {
        if (strcmp(name + strlen("stats.arenas.0."), names[i]) == 0 &&
            (i != NAMES - 1 || has_tcache_bytes)) {
            mib[3] = i;
            *parts = 4;
            return 0;
        }
    }
    return ENOENT;
}

static int by_number(const size_t *mib, size_t parts, void *value, size_t *bytes, void *new_value,
                     size_t new_bytes)
{
    const struct made *arena = &made[mib[2]];
    const size_t numbers[] = {arena->threads, arena->small, arena->large, arena->active,
                              arena->dirty,   arena->muzzy, arena->tcache};

    (void)new_value, (void)new_bytes;
    ck_assert_uint_eq(parts, 4);
    ck_assert_uint_lt(mib[2], made_count);
    if (!arena->is_there) {
        return ENOENT;
    }
    ck_assert_uint_eq(*bytes, mib[3] == 0 ? sizeof(unsigned) : sizeof(size_t));
    memcpy(value, mib[3] == 0 ? (const void *)&arena->threads : &numbers[mib[3]], *bytes);
    return 0;
}

static void set_up(void)
{
    ra_road.mallctl = control;
    ra_road.mallctlnametomib = number_of;
    ra_road.mallctlbymib = by_number;
    has_statistics = has_tcache_bytes = true;
}

static struct ra_arena rows[RA_ARENA_MAX];

START_TEST(test_figures)
{
    made_count = 1;
    made[0] = (struct made){true, 7, 1000, 20000, 9, 5, 3, 400};
    ck_assert_uint_eq(ra_arenas_read(rows), 1);
    ck_assert_uint_eq(rows[0].index, 0);
    ck_assert_uint_eq(rows[0].threads, 7);
    ck_assert_uint_eq(rows[0].known, 0x1f);
    ck_assert_uint_eq(rows[0].allocated_bytes, 21000);
    ck_assert_uint_eq(rows[0].active_bytes, 9 * PAGE_BYTES);
    ck_assert_uint_eq(rows[0].dirty_bytes, 5 * PAGE_BYTES);
    ck_assert_uint_eq(rows[0].muzzy_bytes, 3 * PAGE_BYTES);
    ck_assert_uint_eq(rows[0].tcache_bytes, 400);
    made[0].small = 7;
    ck_assert_uint_eq(ra_arenas_read(rows), 1);
    ck_assert_uint_eq(rows[0].allocated_bytes, 20007);
}
END_TEST

START_TEST(test_with_a_thread_or_a_page)
{
    made_count = 6;
    made[0] = (struct made){.is_there = true};
    made[1] = (struct made){.is_there = true, .threads = 1};
    made[2] = (struct made){.is_there = false, .threads = 1, .active = 1};
    made[3] = (struct made){.is_there = true, .active = 1};
    made[4] = (struct made){.is_there = true, .dirty = 1};
    made[5] = (struct made){.is_there = true, .muzzy = 1};
    ck_assert_uint_eq(ra_arenas_read(rows), 4);
    for (unsigned i = 0; i < 4; i++) {
        static const unsigned expected[] = {1, 3, 4, 5};

        ck_assert_uint_eq(rows[i].index, expected[i]);
    }
}
END_TEST

static const unsigned counts[] = {0,         1, RA_ARENA_MAX - 1, RA_ARENA_MAX, RA_ARENA_MAX + 1,
                                  ARENAS_MAX};

/* However many there are, nothing is left out of the sums. */
START_TEST(test_the_rest_is_summed_up)
{
    unsigned count = counts[_i], shown = count < RA_ARENA_MAX ? count : RA_ARENA_MAX;
    struct ra_arena sum = {.known = 0x1f}, expected = sum;

    made_count = count;
    for (unsigned i = 0; i < count; i++) {
        made[i] = (struct made){true, i + 1, 10 * i, i, 2 * i, 3 * i, 4 * i, 5 * i};
        expected.threads += i + 1;
        expected.allocated_bytes += 11 * i;
        expected.active_bytes += 2 * PAGE_BYTES * i;
        expected.dirty_bytes += 3 * PAGE_BYTES * i;
        expected.muzzy_bytes += 4 * PAGE_BYTES * i;
        expected.tcache_bytes += 5 * i;
    }
    ck_assert_uint_eq(ra_arenas_read(rows), shown);
    for (unsigned i = 0; i < shown; i++) {
        bool is_rest = count > RA_ARENA_MAX && i == RA_ARENA_MAX - 1;

        ck_assert_uint_eq(rows[i].index, is_rest ? (unsigned)RA_ARENA_REST : i);
        sum.threads += rows[i].threads;
        sum.known &= rows[i].known;
        sum.allocated_bytes += rows[i].allocated_bytes;
        sum.active_bytes += rows[i].active_bytes;
        sum.dirty_bytes += rows[i].dirty_bytes;
        sum.muzzy_bytes += rows[i].muzzy_bytes;
        sum.tcache_bytes += rows[i].tcache_bytes;
    }
    ck_assert_mem_eq(&sum, &expected, sizeof sum);
}
END_TEST

START_TEST(test_a_figure_that_jemalloc_lacks)
{
    has_tcache_bytes = false;
    made_count = 1;
    made[0] = (struct made){true, 1, 1, 1, 1, 1, 1, 1};
    ck_assert_uint_eq(ra_arenas_read(rows), 1);
    ck_assert_uint_eq(rows[0].known, 0x0f);
}
END_TEST

START_TEST(test_no_statistics)
{
    has_statistics = false;
    made_count = 1;
    made[0] = (struct made){.is_there = true, .threads = 1};
    ck_assert_uint_eq(ra_arenas_read(rows), 0);
}
END_TEST

START_TEST(test_no_jemalloc)
{
    ra_road.mallctl = NULL;
    ra_road.mallctlnametomib = NULL;
    ra_road.mallctlbymib = NULL;
    ck_assert_uint_eq(ra_arenas_read(rows), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("arenas");
    TCase *tests = tcase_create("rows");

    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, test_figures);
    tcase_add_test(tests, test_with_a_thread_or_a_page);
    tcase_add_loop_test(tests, test_the_rest_is_summed_up, 0, sizeof counts / sizeof *counts);
    tcase_add_test(tests, test_a_figure_that_jemalloc_lacks);
    tcase_add_test(tests, test_no_statistics);
    tcase_add_test(tests, test_no_jemalloc);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
