/*
 * Every interposed call, every case of it: the difference it makes in the report
 * is exactly what it did, under several settings of jemalloc.
 */
#include "helper.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHANGE_MAX = 5 };

/* Jemalloc's flag for an alignment: its base-2 logarithm (MALLOCX_LG_ALIGN). */
#define ALIGN(log2) (log2)

/* SIZE_MAX / 2: beyond what any allocator gives, and no overflow of signed numbers. */
#define HUGE_SIZE "0x7fffffffffffffff"

struct made {
    int64_t count;
    size_t size;
    int flags; /* as nallocx takes them */
};

struct row {
    const char *setup;
    const char *step;
    struct ra_report_calls calls;
    struct made made[CHANGE_MAX];
    struct made freed[CHANGE_MAX];
};

#define LOAD "load:CXX "

static const struct row rows[] = {
    /* Making and freeing by every name. */
    {"", "malloc:1000:40", {.malloc = 1000}, {{1000, 40, 0}}, {{0}}},
    {"malloc:1000:40", "free:1000", {.free = 1000}, {{0}}, {{1000, 40, 0}}},
    {"", "malloc:7:4096", {.malloc = 7}, {{7, 4096, 0}}, {{0}}},
    {"", "malloc:7:4097", {.malloc = 7}, {{7, 4097, 0}}, {{0}}},
    {"malloc:7:100000", "free:7", {.free = 7}, {{0}}, {{7, 100000, 0}}},
    {"",
     "malloc:3:67108864 free:3",
     {.malloc = 3, .free = 3},
     {{3, 67108864, 0}},
     {{3, 67108864, 0}}},
    {"", "calloc:100:3:40", {.calloc = 100}, {{100, 120, 0}}, {{0}}},
    {"",
     "calloc:5:1000:1000 free:5",
     {.calloc = 5, .free = 5},
     {{5, 1000000, 0}},
     {{5, 1000000, 0}}},
    {"malloc:10:40", "cfree:10", {.free = 10}, {{0}}, {{10, 40, 0}}},
    {"malloc:10:40", "free_sized:10:40", {.free = 10}, {{0}}, {{10, 40, 0}}},
    {"malloc:10:5000", "free_sized:10:5000", {.free = 10}, {{0}}, {{10, 5000, 0}}},
    {"aligned_alloc:10:64:40",
     "free_aligned_sized:10:64:40",
     {.free = 10},
     {{0}},
     {{10, 40, ALIGN(6)}}},
    {"", "posix_memalign:10:64:40", {.aligned = 10}, {{10, 40, ALIGN(6)}}, {{0}}},
    {"", "aligned_alloc:10:256:512", {.aligned = 10}, {{10, 512, ALIGN(8)}}, {{0}}},
    {"", "memalign:10:128:40", {.aligned = 10}, {{10, 40, ALIGN(7)}}, {{0}}},
    {"", "memalign:10:65536:40", {.aligned = 10}, {{10, 40, ALIGN(16)}}, {{0}}},
    {"", "valloc:10:100", {.aligned = 10}, {{10, 100, ALIGN(12)}}, {{0}}},
    {"", "pvalloc:10:100", {.aligned = 10}, {{10, 4096, ALIGN(12)}}, {{0}}},
    {"",
     "pvalloc:10:4097 free:10",
     {.aligned = 10, .free = 10},
     {{10, 8192, ALIGN(12)}},
     {{10, 8192, ALIGN(12)}}},
    {"null:3", "malloc_usable_size:3", {.free = 0}, {{0}}, {{0}}},
    {"malloc:3:40", "malloc_usable_size:3", {.free = 0}, {{0}}, {{0}}},

    /* C++: every form of new and delete. */
    {"", "_Znwm:10:40", {.new = 10}, {{10, 40, 0}}, {{0}}},
    {"", "_Znam:10:5000", {.new = 10}, {{10, 5000, 0}}, {{0}}},
    {"", "_ZnwmRKSt9nothrow_t:10:40", {.new = 10}, {{10, 40, 0}}, {{0}}},
    {"", "_ZnamRKSt9nothrow_t:10:40", {.new = 10}, {{10, 40, 0}}, {{0}}},
    {"", "_ZnwmSt11align_val_t:10:40:64", {.new = 10}, {{10, 40, ALIGN(6)}}, {{0}}},
    {"", "_ZnamSt11align_val_t:10:40:64", {.new = 10}, {{10, 40, ALIGN(6)}}, {{0}}},
    {"", "_ZnwmSt11align_val_tRKSt9nothrow_t:10:40:64", {.new = 10}, {{10, 40, ALIGN(6)}}, {{0}}},
    {"", "_ZnamSt11align_val_tRKSt9nothrow_t:10:40:64", {.new = 10}, {{10, 40, ALIGN(6)}}, {{0}}},
    {"", "_ZnwmRKSt9nothrow_t:10:" HUGE_SIZE, {.failed = 10}, {{0}}, {{0}}},
    {"", "_ZnamRKSt9nothrow_t:10:" HUGE_SIZE, {.failed = 10}, {{0}}, {{0}}},
    {"", "_ZnwmSt11align_val_tRKSt9nothrow_t:9:" HUGE_SIZE ":64", {.failed = 9}, {{0}}, {{0}}},
    {"", "_ZnamSt11align_val_tRKSt9nothrow_t:9:" HUGE_SIZE ":64", {.failed = 9}, {{0}}, {{0}}},
    {"_Znwm:10:40", "_ZdlPv:10", {.free = 10}, {{0}}, {{10, 40, 0}}},
    {"_Znam:10:40", "_ZdaPv:10", {.free = 10}, {{0}}, {{10, 40, 0}}},
    {"_Znwm:10:40", "_ZdlPvm:10:40", {.free = 10}, {{0}}, {{10, 40, 0}}},
    {"_Znam:10:5000", "_ZdaPvm:10:5000", {.free = 10}, {{0}}, {{10, 5000, 0}}},
    {"_Znwm:10:40", "_ZdlPvRKSt9nothrow_t:10", {.free = 10}, {{0}}, {{10, 40, 0}}},
    {"_Znam:10:40", "_ZdaPvRKSt9nothrow_t:10", {.free = 10}, {{0}}, {{10, 40, 0}}},
    {"_ZnwmSt11align_val_t:10:40:64",
     "_ZdlPvSt11align_val_t:10:64",
     {.free = 10},
     {{0}},
     {{10, 40, ALIGN(6)}}},
    {"_ZnamSt11align_val_t:10:40:64",
     "_ZdaPvSt11align_val_t:10:64",
     {.free = 10},
     {{0}},
     {{10, 40, ALIGN(6)}}},
    {"_ZnwmSt11align_val_t:10:40:64",
     "_ZdlPvmSt11align_val_t:10:40:64",
     {.free = 10},
     {{0}},
     {{10, 40, ALIGN(6)}}},
    {"_ZnamSt11align_val_t:10:40:64",
     "_ZdaPvmSt11align_val_t:10:40:64",
     {.free = 10},
     {{0}},
     {{10, 40, ALIGN(6)}}},
    {"_ZnwmSt11align_val_t:10:40:64",
     "_ZdlPvSt11align_val_tRKSt9nothrow_t:10:64",
     {.free = 10},
     {{0}},
     {{10, 40, ALIGN(6)}}},
    {"_ZnamSt11align_val_t:10:40:64",
     "_ZdaPvSt11align_val_tRKSt9nothrow_t:10:64",
     {.free = 10},
     {{0}},
     {{10, 40, ALIGN(6)}}},

    /* A C++ library that came by dlopen. */
    {LOAD, "cxx_new:10:40", {.new = 10}, {{10, 40, 0}}, {{0}}},
    {LOAD "cxx_new:10:40", "cxx_delete:10", {.free = 10}, {{0}}, {{10, 40, 0}}},
    {LOAD,
     "cxx_new_array:10:6000 cxx_delete_array:10",
     {.new = 10, .free = 10},
     {{10, 6000, 0}},
     {{10, 6000, 0}}},
    {LOAD,
     "cxx_new_aligned:10 cxx_delete_aligned:10",
     {.new = 10, .free = 10},
     {{10, 256, ALIGN(8)}},
     {{10, 256, ALIGN(8)}}},
    {LOAD, "cxx_string:10:100", {.new = 20}, {{10, 32, 0}, {10, 101, 0}}, {{0}}},
    {LOAD "cxx_string:10:100",
     "cxx_delete_string:10",
     {.free = 20},
     {{0}},
     {{10, 32, 0}, {10, 101, 0}}},

    /* jemalloc's own API. */
    {"", "mallocx:10:40:0", {.other = 10}, {{10, 40, 0}}, {{0}}},
    {"", "mallocx:10:40:6", {.other = 10}, {{10, 40, ALIGN(6)}}, {{0}}},
    {"", "mallocx:10:5000:0x40", {.other = 10}, {{10, 5000, 0}}, {{0}}}, /* MALLOCX_ZERO */
    {"malloc:10:40", "dallocx:10:0", {.free = 10}, {{0}}, {{10, 40, 0}}},
    {"malloc:10:40", "sdallocx:10:40:0", {.free = 10}, {{0}}, {{10, 40, 0}}},
    {"malloc:10:40", "rallocx:10:400:0", {.other = 10}, {{10, 400, 0}}, {{10, 40, 0}}},
    {"malloc:3:100000", "xallocx:3:50000:0:0", {.other = 3}, {{3, 50000, 0}}, {{3, 100000, 0}}},
    {"malloc:10:40", "xallocx:10:400:0:0", {.other = 0}, {{0}}, {{0}}},
    {"malloc:10:40", "rallocx:10:" HUGE_SIZE ":0", {.failed = 10}, {{0}}, {{0}}},
    {"", "mallocx:10:" HUGE_SIZE ":0", {.failed = 10}, {{0}}, {{0}}},

    /* realloc: grow, within the class, shrink, large, to 0, of NULL, NULL to 0. */
    {"malloc:10:40", "realloc:10:4000", {.realloc = 10}, {{10, 4000, 0}}, {{10, 40, 0}}},
    {"malloc:10:33", "realloc:10:48", {.realloc = 10}, {{10, 48, 0}}, {{10, 33, 0}}},
    {"malloc:10:48", "realloc:10:48", {.realloc = 10}, {{10, 48, 0}}, {{10, 48, 0}}},
    {"malloc:10:4000", "realloc:10:40", {.realloc = 10}, {{10, 40, 0}}, {{10, 4000, 0}}},
    {"malloc:3:100000", "realloc:3:10000000", {.realloc = 3}, {{3, 10000000, 0}}, {{3, 100000, 0}}},
    {"malloc:3:100000", "realloc:3:99999", {.realloc = 3}, {{3, 99999, 0}}, {{3, 100000, 0}}},
    {"malloc:3:10000000", "realloc:3:20000", {.realloc = 3}, {{3, 20000, 0}}, {{3, 10000000, 0}}},
    {"malloc:3:10000000", "realloc:3:20", {.realloc = 3}, {{3, 20, 0}}, {{3, 10000000, 0}}},
    {"malloc:10:40", "realloc:10:0", {.realloc = 10}, {{0}}, {{10, 40, 0}}},
    {"malloc:3:100000", "realloc:3:0", {.realloc = 3}, {{0}}, {{3, 100000, 0}}},
    {"null:10", "realloc:10:40", {.realloc = 10}, {{10, 40, 0}}, {{0}}},
    {"null:10", "realloc:10:9000", {.realloc = 10}, {{10, 9000, 0}}, {{0}}},
    {"null:10", "realloc:10:0", {.realloc = 10}, {{10, 0, 0}}, {{0}}},
    {"malloc:10:40", "realloc:10:" HUGE_SIZE, {.failed = 10}, {{0}}, {{0}}},
    {"null:10", "realloc:10:" HUGE_SIZE, {.failed = 10}, {{0}}, {{0}}},
    {"aligned_alloc:10:64:40",
     "realloc:10:400",
     {.realloc = 10},
     {{10, 400, 0}},
     {{10, 40, ALIGN(6)}}},
    {"malloc:10:40", "reallocarray:10:30:10", {.realloc = 10}, {{10, 300, 0}}, {{10, 40, 0}}},
    {"malloc:10:40", "reallocarray:10:0:10", {.realloc = 10}, {{0}}, {{10, 40, 0}}},
    {"null:10", "reallocarray:10:30:10", {.realloc = 10}, {{10, 300, 0}}, {{0}}},
    {"malloc:10:40", "reallocarray:10:0x100000000:0x100000000", {.failed = 10}, {{0}}, {{0}}},

    /* Calls that fail count as failed and nowhere else. */
    {"", "malloc:10:" HUGE_SIZE, {.failed = 10}, {{0}}, {{0}}},
    {"", "malloc:10:0xffffffffffffffff", {.failed = 10}, {{0}}, {{0}}},
    {"", "calloc:10:1:" HUGE_SIZE, {.failed = 10}, {{0}}, {{0}}},
    {"", "calloc:10:0x100000000:0x100000000", {.failed = 10}, {{0}}, {{0}}},
    {"", "posix_memalign:10:64:" HUGE_SIZE, {.failed = 10}, {{0}}, {{0}}},
    {"", "aligned_alloc:10:64:" HUGE_SIZE, {.failed = 10}, {{0}}, {{0}}},
    {"", "memalign:10:64:" HUGE_SIZE, {.failed = 10}, {{0}}, {{0}}},
    {"", "valloc:10:" HUGE_SIZE, {.failed = 10}, {{0}}, {{0}}},
    {"", "pvalloc:10:" HUGE_SIZE, {.failed = 10}, {{0}}, {{0}}},
    {"", "aligned_alloc:10:3:40", {.failed = 10}, {{0}}, {{0}}},
    {"", "posix_memalign:10:3:40", {.failed = 0}, {{0}}, {{0}}}, /* EINVAL: nothing was tried */
    {"", "pvalloc:10:0xffffffffffffffff", {.failed = 10}, {{0}}, {{0}}},

    /* Size 0 makes an object; freeing NULL does nothing. */
    {"", "malloc:10:0", {.malloc = 10}, {{10, 0, 0}}, {{0}}},
    {"", "calloc:10:0:40", {.calloc = 10}, {{10, 0, 0}}, {{0}}},
    {"", "_Znwm:10:0", {.new = 10}, {{10, 0, 0}}, {{0}}},
    {"malloc:10:0", "free:10", {.free = 10}, {{0}}, {{10, 1, 0}}},
    {"null:10", "free:10", {.free = 0}, {{0}}, {{0}}},
    {"null:10", "cfree:10", {.free = 0}, {{0}}, {{0}}},
    {"null:10", "free_sized:10:40", {.free = 0}, {{0}}, {{0}}},
    {"null:10", "free_aligned_sized:10:64:40", {.free = 0}, {{0}}, {{0}}},
    {"null:10", "_ZdlPv:10", {.free = 0}, {{0}}, {{0}}},
    {"null:10", "_ZdaPv:10", {.free = 0}, {{0}}, {{0}}},
    {"null:10", "_ZdlPvm:10:40", {.free = 0}, {{0}}, {{0}}},
    {"null:10", "_ZdlPvmSt11align_val_t:10:40:64", {.free = 0}, {{0}}, {{0}}},

    /* A mixture. */
    {"malloc:5:40 malloc:5:500",
     "realloc:5:600 calloc:2:1:72 free:2 malloc:10:24 posix_memalign:2:1024:3000 free:14",
     {.malloc = 10, .calloc = 2, .realloc = 5, .aligned = 2, .free = 16},
     {{5, 600, 0}, {2, 72, 0}, {10, 24, 0}, {2, 3000, ALIGN(10)}},
     {{5, 500, 0}, {2, 72, 0}, {10, 24, 0}, {2, 3000, ALIGN(10)}, {2, 600, 0}}},
};

static const char *const settings[] = {
    NULL,
    "narenas:3,dirty_decay_ms:500,tcache:false",
    "junk:true,lg_tcache_max:10",
    "background_thread:true,max_background_threads:1,retain:false",
    "prof:true,lg_prof_sample:0,zero:true",
};

enum {
    ROW_COUNT = sizeof rows / sizeof rows[0],
    SETTING_COUNT = sizeof settings / sizeof *settings
};

/* Words by which the victim asks its own jemalloc for the classes of a row. */
static size_t write_questions(char *script, size_t room, const struct made *list)
{
    size_t length = 0;

    for (size_t i = 0; i < CHANGE_MAX && list[i].count > 0; i++) {
        length += (size_t)snprintf(script + length, room - length, "nallocx:1:%zu:%d ",
                                   list[i].size > 0 ? list[i].size : 1, list[i].flags);
    }
    return length;
}

static void write_script(char *script, size_t room, const struct row *row)
{
    size_t length = 0;
    const char *setup = row->setup;

    if (strncmp(setup, LOAD, strlen(LOAD)) == 0) {
        length += (size_t)snprintf(script, room, "load:%s ",
                                   build_path("tests/integration/victim_cxx.so"));
        setup += strlen(LOAD);
    }
    length += write_questions(script + length, room - length, row->made);
    length += write_questions(script + length, room - length, row->freed);
    snprintf(script + length, room - length, "%s / %s /", setup, row->step);
}

static size_t collect(const struct row *row, const struct channel *channel, struct change *changes)
{
    size_t sizes[2 * CHANGE_MAX], count = 0, known = numbers_in(channel, sizes, 2 * CHANGE_MAX);

    for (size_t i = 0; i < CHANGE_MAX && row->made[i].count > 0; i++, count++) {
        changes[count] = (struct change){
            .requested = row->made[i].size, .made = row->made[i].count, .class_size = sizes[count]};
    }
    for (size_t i = 0; i < CHANGE_MAX && row->freed[i].count > 0; i++, count++) {
        changes[count] = (struct change){.freed = row->freed[i].count, .class_size = sizes[count]};
    }
    ck_assert_uint_eq(count, known);
    return count;
}

static void check_row(const struct row *row, const char *setting)
{
    struct victim victim;
    struct change changes[2 * CHANGE_MAX];
    char script[2 * PATH_BYTES];
    struct expectation expected = {.what = row->step, .calls = row->calls, .changes = changes};
    struct ra_report *before, *after;

    write_script(script, sizeof script, row);
    victim_start(&victim, script, NULL, setting);
    expected.change_count = collect(row, &victim.main, changes);
    before = report_of(victim.pid);
    victim_step(&victim);
    after = report_of(victim.pid);
    require_difference(before, after, &expected);
    ruby_alloc_report_free(before);
    ruby_alloc_report_free(after);
    victim_finish(&victim);
}

START_TEST(test_call_counts_exactly)
{
    check_row(&rows[_i % ROW_COUNT], settings[_i / ROW_COUNT]);
}
END_TEST

/* jemalloc can be told that realloc(p, 0) makes an object instead of freeing. */
START_TEST(test_realloc_to_zero_follows_jemalloc)
{
    static const struct row row = {
        "malloc:10:40", "realloc:10:0", {.realloc = 10}, {{10, 0, 0}}, {{10, 40, 0}}};

    check_row(&row, "zero_realloc:alloc");
}
END_TEST

/* operator new that throws counts as failed; the exception is an object of its own. */
START_TEST(test_new_that_throws_counts_as_failed)
{
    struct victim victim;
    char script[2 * PATH_BYTES];
    struct ra_report *before, *after;

    snprintf(script, sizeof script, "load:%s cxx_new_caught:1:%s / cxx_new_%s:10:%s /",
             build_path("tests/integration/victim_cxx.so"), HUGE_SIZE,
             _i == 0 ? "caught" : "handler", HUGE_SIZE);
    victim_start(&victim, script, NULL, NULL);
    before = report_of(victim.pid);
    victim_step(&victim);
    after = report_of(victim.pid);
    ck_assert_int_eq(after->calls.failed - before->calls.failed, 10);
    ck_assert_int_eq(after->calls.new - before->calls.new, 0);
    ck_assert_int_eq(after->calls.malloc - before->calls.malloc, 10);
    ck_assert_int_eq(after->totals.live_objects - before->totals.live_objects, 0);
    ruby_alloc_report_free(before);
    ruby_alloc_report_free(after);
    victim_finish(&victim);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("counts");

    add_case(suite, "calls", test_call_counts_exactly, ROW_COUNT * SETTING_COUNT);
    add_case(suite, "throwing", test_new_that_throws_counts_as_failed, 2);
    add_case(suite, "zero_realloc", test_realloc_to_zero_follows_jemalloc, 1);
    return run_suite(suite);
}
