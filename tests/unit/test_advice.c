/* The report's advice: a case for each rule, with its exact words and bytes. */
#include "advice_builder.h"

#define NOTHING(share)                                                                             \
    {                                                                                              \
        "live",                                                                                    \
            "Nothing much to give back: " share " of malloc's memory is live; look at class 1024", \
            0                                                                                      \
    }
#define PURGE                                                                                      \
    {                                                                                              \
        "purge", "60.0MiB of free pages surely go back by ruby_alloc_top --purge 4242", 60 * MIB   \
    }

static const struct {
    void (*build)(void);
    void (*change)(void);
    struct ra_report_advice rows[RA_ADVICE_MAX + 1]; /* all of them: id, text, bytes */
} cases[] = {
    {nothing, nothing, {NOTHING("99%")}},
    {nothing, small_losses, {NOTHING("74%")}},
    {nothing, small_process, {NOTHING("50%")}},
    {nothing, small_across, {NOTHING("50%")}},
    {nothing, dirty, {PURGE, LIVE("50%", "class 1024")}},
    {nothing,
     muzzy,
     {{"purge", "11.0MiB of free pages surely go back by ruby_alloc_top --purge 4242", 11 * MIB},
      {"lazy_free",
       "10.0MiB of RSS is given back already, surely no leak: the kernel takes it when it needs it",
       NONE},
      LIVE("80%", "class 1024")}},
    {decay_never,
     dirty,
     {PURGE,
      {"dirty_decay", "Free pages never go: likely fewer by MALLOC_CONF=dirty_decay_ms:1000", NONE},
      LIVE("50%", "class 1024")}},
    {decay_usual,
     dirty,
     {PURGE,
      {"dirty_decay",
       "Free pages wait 10 s: likely fewer by dirty_decay_ms:1000 added to MALLOC_CONF", NONE},
      LIVE("50%", "class 1024")}},
    {decay_just_short_enough, dirty, {PURGE, LIVE("50%", "class 1024")}},
    {decay_never,
     killed_dirty,
     {{"dirty_decay", "Free pages never go: likely fewer by MALLOC_CONF=dirty_decay_ms:1000",
       60 * MIB},
      LIVE("57%", "class 1024")}},
    {gaps,
     gap_pages,
     {{"slab_gaps",
       "40.0MiB of gaps between live objects, most in classes 48 and 1024, likely stay until a "
       "restart",
       40 * MIB},
      LIVE("57%", "class 1024")}},
    {arenas_and_gaps,
     gap_pages,
     {{"slab_gaps",
       "28.0MiB of gaps between live objects, most in classes 48 and 1024, likely stay until a "
       "restart",
       28 * MIB},
      {"narenas",
       "Gaps are scattered over 5 arenas: perhaps up to 12.0MiB less by MALLOC_CONF=narenas:2",
       12 * MIB},
      LIVE("57%", "class 1024")}},
    {nothing,
     padding,
     {{"large_padding",
       "Each large object has a page more than it needs, 20.0MiB in all: only a jemalloc built "
       "with --disable-cache-oblivious has not",
       NONE},
      LIVE("67%", "class 1024")}},
    {nothing,
     cached,
     {{"thread_cache",
       "Caches of 1 thread hold 15.0MiB of freed objects: perhaps back by ruby_alloc_top "
       "--tcache-flush 4242",
       15 * MIB},
      LIVE("69%", "class 1024")}},
    {nothing,
     killed_cached,
     {{"thread_cache",
       "Caches of 1 thread hold 15.0MiB of freed objects: perhaps less by "
       "MALLOC_CONF=lg_tcache_max:12",
       15 * MIB},
      LIVE("82%", "class 1024")}},
    {rounded,
     live_more,
     {{"rounding",
       "Rounding up likely costs 16.0MiB, above all sizes 65-72 in class 80: make those objects "
       "smaller",
       16 * MIB + 80},
      LIVE("92%", "classes 80 and 1024")}},
    {rounded_to_pages,
     pages_more,
     {{"rounding",
       "Rounding up likely costs 20.1MiB, above all sizes 65-72 in class 80: make those objects "
       "smaller",
       20 * MIB + 22 * 4095},
      LIVE("95%", "classes 80 and 5MiB")}},
    {nothing,
     metadata,
     {{"metadata", "jemalloc's own data takes 10.0MiB: likely what a heap of this size needs",
       NONE},
      LIVE("73%", "class 1024")}},
    {nothing, metadata_below, {NOTHING("99%")}},
    {nothing,
     metadata_at_limit,
     {{"metadata", "jemalloc's own data takes 9.0MiB: likely what a heap of this size needs", NONE},
      LIVE("80%", "class 1024")}},
    {many_arenas,
     metadata,
     {{"metadata", "jemalloc's own data takes 10.0MiB: perhaps less by MALLOC_CONF=narenas:2",
       NONE},
      LIVE("73%", "class 1024")}},
    {nothing,
     other,
     {{"other",
       "201.0MiB is not malloc's, likely Ruby's own heap and stacks: see GC.stat, perhaps "
       "GC.compact",
       NONE}}},
    {nothing,
     lazy_free,
     {{"lazy_free",
       "30.0MiB of RSS is given back already, surely no leak: the kernel takes it when it needs it",
       NONE},
      LIVE("62%", "class 1024")}},
    {nothing,
     swap,
     {{"swap",
       "300.0MiB more is swapped out: likely the machine lacked memory, vmstat 1 tells whether it "
       "still does",
       NONE},
      LIVE("80%", "class 1024")}},
    {refused,
     nothing,
     {{"settings_refused", "jemalloc refused narenas:many (MALLOC_CONF): correct or remove it",
       NONE},
      NOTHING("99%")}},
    {no_key,
     nothing,
     {{"settings_refused", "jemalloc refused :2 (MALLOC_CONF): correct or remove it", NONE},
      NOTHING("99%")}},
    {unknown_key,
     nothing,
     {{"settings_refused",
       "jemalloc refused an_\\x1b[31m_overly_long (/etc/malloc.conf): correct or remove it", NONE},
      NOTHING("99%")}},
    {thread_lost,
     nothing,
     {NOTHING("99%"),
      {"background_thread_lost",
       "background_thread ended at the fork, surely no fault: the library's own thread stands in",
       NONE}}},
    {thread_lost_for_good, nothing, {NOTHING("99%"), THREAD_LOST}},
    {thread_lost_without_interval, nothing, {NOTHING("99%"), THREAD_LOST}},
    {nothing,
     partial,
     {{"counts_partial",
       "The directory of its region was full: objects above 8 MiB, and those of threads without "
       "own counters, are not shown",
       NONE},
      NOTHING("99%")}},
    {nothing,
     silent,
     {{"sample_old", "The process does not answer: jemalloc's figures are 35 s old", NONE},
      NOTHING("99%")}},
    {nothing,
     silent_dirty,
     {{"sample_old", "The process does not answer: jemalloc's figures are 35 s old", NONE},
      LIVE("50%", "class 1024")}},
    {nothing,
     never_sampled,
     {{"sample_old", "The process does not answer: there are no figures of jemalloc's", NONE}}},
    {nothing,
     hardly_allocated,
     {{"sample_inherited",
       "The process has hardly allocated since its fork: jemalloc's figures are its parent's, 35 s "
       "old",
       NONE},
      NOTHING("99%")}},
    {nothing,
     hardly_allocated_nor_sampled,
     {{"sample_inherited",
       "The process has hardly allocated since its fork: there are no figures of jemalloc's yet",
       NONE}}},
    {nothing,
     told_to_be_alone,
     {{"helper_off",
       "The process runs with RUBY_ALLOC_HELPER=0: counts are exact, there are no figures of "
       "jemalloc's",
       NONE}}},
    {nothing,
     no_rollup,
     {{"kernel_silent",
       "PSS and lazily freed pages are unknown: /proc/4242/smaps_rollup can't be read (no right "
       "to, or Linux before 4.14)",
       NONE},
      NOTHING("99%")}},
    {nothing,
     no_rss,
     {{"kernel_silent",
       "RSS is unknown: neither /proc/4242/smaps_rollup nor its status can be read (no right to, "
       "or no /proc)",
       NONE},
      NOTHING("99%")}},
    {nothing,
     own_allocator,
     {{"own_allocator",
       "The executable has a malloc of its own, so hardly anything is counted: use a Ruby without "
       "one",
       NONE}}},
    {nothing, detached, {{0}}},
    {libc, nothing, {GLIBC(14), LIVE("80%", "class 1024")}},
    {libc_with_gaps, gap_pages, {GLIBC(14), LIVE("57%", "class 1024")}},
    {libc_with_gaps, trimmed, {GLIBC(6), LIVE("84%", "class 1024")}},
    {nothing,
     rss_below_the_figures,
     {PURGE,
      {"thread_cache",
       "Caches of 1 thread hold 30.0MiB of freed objects: perhaps back by ruby_alloc_top "
       "--tcache-flush 4242",
       30 * MIB},
      LIVE("84%", "class 1024")}},
    {everything_built,
     everything,
     {{"settings_refused", "jemalloc refused narenas:many (MALLOC_CONF): correct or remove it",
       NONE},
      PURGE,
      {"dirty_decay",
       "Free pages never go: likely fewer by dirty_decay_ms:1000 added to MALLOC_CONF", NONE},
      {"slab_gaps",
       "40.0MiB of gaps between live objects, most in classes 48 and 1024, likely stay until a "
       "restart",
       40 * MIB},
      {"swap",
       "300.0MiB more is swapped out: likely the machine lacked memory, vmstat 1 tells whether it "
       "still does",
       NONE}}},
};

START_TEST(test_advice_of_case)
{
    struct ra_report *report;

    cases[_i].build();
    take();
    cases[_i].change();
    report = ruby_alloc_report_new(snapshot, NULL);
    ck_assert_ptr_nonnull(report);
    check_rows(report, cases[_i].rows);
    ruby_alloc_report_free(report);
}
END_TEST

/* growth needs an earlier report, and is the only one: all others are in the cases above. */
START_TEST(test_advice_cases_have_every_rule)
{
    static const char *const ids[] = {
#define ID(id, meaning) #id,
        RA_ADVICE(ID)
#undef ID
    };

    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        bool is_there = strcmp(ids[i], "growth") == 0;

        for (size_t c = 0; c < COUNT_OF(cases); c++) {
            for (size_t row = 0; row < count_rows(cases[c].rows); row++) {
                is_there |= strcmp(cases[c].rows[row].id, ids[i]) == 0;
            }
        }
        ck_assert_msg(is_there, "no case for %s", ids[i]);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("advice");
    TCase *tcase = tcase_create("advice");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, test_advice_of_case, 0, COUNT_OF(cases));
    tcase_add_test(tcase, test_advice_cases_have_every_rule);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
