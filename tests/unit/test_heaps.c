/* glibc's malloc_info: what is read out of its text, also where it is cut off or strange. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shim/heaps.h"

#include "suite.h"

#define HEAP(index, bins, fast, rest, system)                                                      \
    "<heap nr=\"" index "\">\n<sizes>\n" bins "</sizes>\n"                                         \
    "<total type=\"fast\" count=\"1\" size=\"" fast "\"/>\n"                                       \
    "<total type=\"rest\" count=\"1\" size=\"" rest "\"/>\n"                                       \
    "<system type=\"current\" size=\"" system "\"/>\n"                                             \
    "<system type=\"max\" size=\"999999\"/>\n"                                                     \
    "<aspace type=\"total\" size=\"999999\"/>\n</heap>\n"
#define MALLOC(heaps)                                                                              \
    "<malloc version=\"1\">\n" heaps "<total type=\"rest\" count=\"9\" size=\"777\"/>\n"           \
    "<system type=\"current\" size=\"777777\"/>\n</malloc>\n"

static const struct {
    const char *text;
    bool complete;
    uint64_t count, top, allocated, active; /* of all rows */
} texts[] = {
    {"", false, 0, 0, 0, 0},
    {"</malloc>", true, 0, 0, 0, 0},
    {MALLOC(HEAP("0", "", "0", "4096", "135168")), true, 1, 4096, 131072, 131072},
    /* Three chunks in a fast bin, without flags; two in a bin, each with one flag. */
    {MALLOC(HEAP("0",
                 "  <size from=\"17\" to=\"32\" total=\"96\" count=\"3\"/>\n"
                 "  <size from=\"49\" to=\"49\" total=\"98\" count=\"2\"/>\n",
                 "96", "4194", "135168")),
     true, 1, 4096, 130880, 131072},
    /* Another arena's chunks may have another flag: three at 5, one at 1. */
    {MALLOC(HEAP("1", "  <unsorted from=\"33\" to=\"2053\" total=\"4112\" count=\"4\"/>\n", "0",
                 "6112", "8192")),
     true, 1, 2000, 2096, 6192},
    {MALLOC(HEAP("0", "", "0", "16", "64") HEAP("1", "", "0", "32", "64")), true, 2, 48, 80, 80},
    /* Cut off: the arena that has no end isn't one. */
    {"<malloc version=\"1\">\n" HEAP("0", "", "0", "16", "64") "<heap nr=\"1\">\n<sizes>\n", false,
     1, 16, 48, 48},
    /* More in bins than there is. */
    {MALLOC(
         HEAP("0", "  <size from=\"49\" to=\"49\" total=\"490\" count=\"10\"/>\n", "0", "9", "64")),
     true, 1, 0, 0, 64},
};

START_TEST(test_text)
{
    static struct ra_heaps heaps;
    uint64_t top = 0, allocated = 0, active = 0;

    memset(&heaps, 0xff, sizeof heaps);
    ra_heaps_parse(&heaps, texts[_i].text);
    for (uint32_t i = 0; i < heaps.row_count; i++) {
        ck_assert_uint_eq(heaps.rows[i].threads, RA_ARENA_REST);
        ck_assert_uint_eq(heaps.rows[i].known, 7);
        top += heaps.rows[i].dirty_bytes;
        allocated += heaps.rows[i].allocated_bytes;
        active += heaps.rows[i].active_bytes;
    }
    ck_assert_int_eq(heaps.complete, texts[_i].complete);
    ck_assert_uint_eq(heaps.count, texts[_i].count);
    ck_assert_uint_eq(heaps.top_bytes, texts[_i].top);
    ck_assert_uint_eq(top, texts[_i].top);
    ck_assert_uint_eq(allocated, texts[_i].allocated);
    ck_assert_uint_eq(active, texts[_i].active);
}
END_TEST

/* As many rows as there is room for; the last sums up what is beyond. */
START_TEST(test_many_arenas)
{
    enum { ARENAS = RA_ARENA_MAX + 5 };
    static struct ra_heaps heaps;
    size_t length = 0, room = 1 << 16;
    char *text = calloc(1, room);

    ck_assert_ptr_nonnull(text);
    for (int i = 0; i < ARENAS; i++) {
        char number[16];

        snprintf(number, sizeof number, "%d", i);
        length +=
            (size_t)snprintf(text + length, room - length,
                             "<heap nr=\"%s\">\n<total type=\"rest\" count=\"1\" size=\"16\"/>"
                             "\n<system type=\"current\" size=\"64\"/>\n</heap>\n",
                             number);
    }
    snprintf(text + length, room - length, "</malloc>\n");
    ra_heaps_parse(&heaps, text);
    ck_assert(heaps.complete);
    ck_assert_uint_eq(heaps.count, ARENAS);
    ck_assert_uint_eq(heaps.row_count, RA_ARENA_MAX);
    ck_assert_uint_eq(heaps.rows[RA_ARENA_MAX - 2].index, RA_ARENA_MAX - 2);
    ck_assert_uint_eq(heaps.rows[RA_ARENA_MAX - 1].index, RA_ARENA_REST);
    ck_assert_uint_eq(heaps.rows[RA_ARENA_MAX - 1].dirty_bytes, 6 * 16);
    ck_assert_uint_eq(heaps.rows[RA_ARENA_MAX - 1].active_bytes, 6 * 48);
    free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("heaps");
    TCase *tests = tcase_create("malloc_info");

    tcase_add_loop_test(tests, test_text, 0, sizeof texts / sizeof *texts);
    tcase_add_test(tests, test_many_arenas);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
