/* glibc's arenas in address spaces made by hand: by their headers, and by their shape alone. */
#include <check.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "reader/places.h"
#include "ruby_alloc/report.h"

#include "suite.h"

#define STEP (UINT64_C(64) << 20)
#define KIB UINT64_C(1024)

enum { RANGES = 16, HEADER = 0x30 };

static struct ra_range ranges[RANGES];
static struct ra_mapped mapped;
static struct ra_memory memory;
static struct ra_places places;

static void set_up(void)
{
    memset(ranges, 0, sizeof(ranges));
    mapped = (struct ra_mapped){.root = -1, .ranges = ranges};
    memory = (struct ra_memory){.fd = memfd_create("memory", MFD_CLOEXEC), .word = 8};
    ck_assert_int_eq(ftruncate(memory.fd, INT64_C(1) << 40), 0);
}

static void tear_down(void)
{
    close(memory.fd);
}

static void add(uint64_t start, uint64_t bytes, int file, bool is_writable, int64_t rss)
{
    ranges[mapped.range_count++] = (struct ra_range){.start = start,
                                                     .end = start + bytes,
                                                     .file = file,
                                                     .is_writable = is_writable,
                                                     .is_none = !is_writable,
                                                     .rss = rss};
}

static void write_header(uint64_t at, uint64_t arena, uint64_t before, uint64_t size,
                         uint64_t opened)
{
    const uint64_t words[] = {arena, before, size, opened};

    ck_assert_int_eq(pwrite(memory.fd, words, sizeof(words), (off_t)at), sizeof(words));
}

/* The first heap of an arena at a multiple of 64 MiB, opened for so many bytes. */
static void add_heap(unsigned at, uint64_t opened, int64_t rss)
{
    write_header(at * STEP, at * STEP + HEADER, 0, opened, opened);
    add(at * STEP, opened, RA_RANGE_ANONYMOUS, true, rss);
    if (opened < STEP) {
        add(at * STEP + opened, STEP - opened, RA_RANGE_ANONYMOUS, false, 0);
    }
}

static void find(int64_t arenas, int64_t resident, int64_t reserved)
{
    ck_assert(ra_places_find(&mapped, &memory, &places));
    ck_assert_int_eq(places.arenas, arenas);
    ck_assert_int_eq(places.resident, resident);
    ck_assert_int_eq(places.reserved, reserved);
}

START_TEST(test_main_arena)
{
    add(1 * STEP + 4 * KIB, 400 * KIB, RA_RANGE_HEAP, true, 100 * KIB);
    find(1, 100 * KIB, 400 * KIB);
    ck_assert(!places.is_estimate);
}
END_TEST

START_TEST(test_arenas)
{
    add(1 * STEP + 4 * KIB, 400 * KIB, RA_RANGE_HEAP, true, 100 * KIB);
    add_heap(8, 132 * KIB, 8 * KIB);
    add_heap(9, 264 * KIB, 200 * KIB);
    find(3, 308 * KIB, (int64_t)(400 * KIB + 2 * STEP));
    close(memory.fd);
    memory.fd = -1;
    find(3, 308 * KIB, (int64_t)(400 * KIB + 2 * STEP));
    ck_assert(places.is_estimate);
}
END_TEST

/* Full ones grow together into one mapping; the second belongs to the first's arena. */
START_TEST(test_full_heap)
{
    write_header(8 * STEP, 8 * STEP + HEADER, 0, STEP, STEP);
    write_header(9 * STEP, 8 * STEP + HEADER, 8 * STEP, 132 * KIB, 132 * KIB);
    add(8 * STEP, STEP + 132 * KIB, RA_RANGE_ANONYMOUS, true, 50000 * KIB);
    add(9 * STEP + 132 * KIB, STEP - 132 * KIB, RA_RANGE_ANONYMOUS, false, 0);
    find(2, 50000 * KIB, 2 * STEP);
}
END_TEST

/* Large blocks and stacks may begin where a heap could. */
START_TEST(test_not_heaps)
{
    static const uint64_t wrong[][4] = {
        {0, 0, 0, 0},
        {8 * STEP, 0, 132 * KIB, 132 * KIB},              /* the arena is the header */
        {8 * STEP + 4096, 0, 132 * KIB, 132 * KIB},       /* far behind it */
        {8 * STEP + HEADER, 5, 132 * KIB, 132 * KIB},     /* the one before: no heap's place */
        {9 * STEP + HEADER, 0, 132 * KIB, 132 * KIB},     /* a first heap, of another */
        {8 * STEP + HEADER, 0, 0, 132 * KIB},             /* nothing in use */
        {8 * STEP + HEADER, 0, 264 * KIB, 132 * KIB},     /* more in use than opened */
        {8 * STEP + HEADER, 0, 132 * KIB, 2 * STEP},      /* more opened than there is */
        {8 * STEP + HEADER, 0, 132 * KIB, 132 * KIB + 1}, /* part of a page */
        {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX},
    };

    ck_assert_int_lt(_i, (int)(sizeof(wrong) / sizeof(wrong[0])));
    write_header(8 * STEP, wrong[_i][0], wrong[_i][1], wrong[_i][2], wrong[_i][3]);
    add(8 * STEP, 132 * KIB, RA_RANGE_ANONYMOUS, true, 8 * KIB);
    add(8 * STEP + 132 * KIB, STEP - 132 * KIB, RA_RANGE_ANONYMOUS, false, 0);
    find(1, 0, 0);
}
END_TEST

/* By shape: opened from a multiple on, closed up to the next. */
START_TEST(test_not_the_shape)
{
    close(memory.fd);
    memory.fd = -1;
    if (_i == 0) {
        add(8 * STEP, 132 * KIB, RA_RANGE_ANONYMOUS, true, 8 * KIB);
    } else if (_i == 1) {
        add(8 * STEP, 132 * KIB, RA_RANGE_ANONYMOUS, true, 8 * KIB);
        add(8 * STEP + 132 * KIB, 4 * KIB, RA_RANGE_ANONYMOUS, false, 0);
    } else if (_i == 2) {
        add(8 * STEP + 4 * KIB, 132 * KIB, RA_RANGE_ANONYMOUS, true, 8 * KIB);
        add(8 * STEP + 136 * KIB, STEP, RA_RANGE_ANONYMOUS, false, 0);
    } else {
        add(8 * STEP, 132 * KIB, 0, true, 8 * KIB); /* a file's */
        add(8 * STEP + 132 * KIB, STEP, RA_RANGE_ANONYMOUS, false, 0);
    }
    find(1, 0, 0);
}
END_TEST

/* Address space without end, all of it writable: the search ends. */
START_TEST(test_huge_ranges)
{
    add(0, UINT64_MAX, RA_RANGE_ANONYMOUS, true, RA_UNKNOWN);
    add(UINT64_MAX - 4096, 4095, RA_RANGE_ANONYMOUS, true, 0);
    find(1, 0, 0);
}
END_TEST

START_TEST(test_unknown_resident)
{
    add(1 * STEP + 4 * KIB, 400 * KIB, RA_RANGE_HEAP, true, RA_UNKNOWN);
    add_heap(8, 132 * KIB, 8 * KIB);
    find(2, RA_UNKNOWN, (int64_t)(400 * KIB + STEP));
}
END_TEST

/* A block that lies against a heap is counted with it, but not beyond what the heap opened. */
START_TEST(test_neighbour)
{
    write_header(8 * STEP, 8 * STEP + HEADER, 0, 132 * KIB, 132 * KIB);
    add(8 * STEP - 512 * KIB, 644 * KIB, RA_RANGE_ANONYMOUS, true, 600 * KIB);
    find(2, 132 * KIB, STEP);
}
END_TEST

/* In 32-bit programs a reservation is 1 MiB. */
START_TEST(test_small_words)
{
    const uint32_t words[] = {0x500000 + 0x20, 0, 132 * 1024, 132 * 1024};

    memory.word = 4;
    ck_assert_int_eq(pwrite(memory.fd, words, sizeof(words), 0x500000), sizeof(words));
    add(0x500000, 132 * KIB, RA_RANGE_ANONYMOUS, true, 8 * KIB);
    find(2, 8 * KIB, 1 << 20);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("places");
    TCase *tests = tcase_create("places");

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, test_main_arena);
    tcase_add_test(tests, test_arenas);
    tcase_add_test(tests, test_full_heap);
    tcase_add_loop_test(tests, test_not_heaps, 0, 10);
    tcase_add_loop_test(tests, test_not_the_shape, 0, 4);
    tcase_add_test(tests, test_huge_ranges);
    tcase_add_test(tests, test_unknown_resident);
    tcase_add_test(tests, test_neighbour);
    tcase_add_test(tests, test_small_words);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
