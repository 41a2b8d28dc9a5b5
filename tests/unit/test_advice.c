/* The report's advice: a case for each rule, with its exact words and bytes. */
#include "advice_builder.h"

#include <inttypes.h>

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
    {forked,
     stranded,
     {{"stranded",
       "16.0MiB was likely lost at the fork, in caches of its parent's threads: back only by a "
       "restart; fork before threads work",
       16 * MIB},
      LIVE("68%", "class 1024")}},
    {nothing,
     stranded,
     {{"stranded",
       "16.0MiB is in no counted object and no cache: perhaps allocated past the library, or the "
       "process is too busy to tell",
       NONE},
      LIVE("68%", "class 1024")}},
    {profiled,
     stranded,
     {{"prof_sampling",
       "16.0MiB is likely the pages that jemalloc's profiler (prof:true) gives each object it "
       "samples: fewer by a larger lg_prof_sample",
       16 * MIB},
      LIVE("68%", "class 1024")}},
    {forked_and_profiled,
     stranded,
     {{"prof_sampling",
       "16.0MiB was likely lost at the fork, or to jemalloc's profiler (prof:true): back by a "
       "restart, or a larger lg_prof_sample",
       16 * MIB},
      LIVE("68%", "class 1024")}},
    {forked,
     stranded_partial,
     {{"counts_partial",
       "The directory of its region was full: objects above 8 MiB, and those of threads without "
       "own counters, are not shown",
       NONE},
      NOTHING("82%")}},
    {forked,
     stranded_late,
     {{"sample_inherited",
       "The process has hardly allocated since its fork: jemalloc's figures are its parent's, 35 s "
       "old",
       NONE},
      NOTHING("82%")}},
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
     refused_helper,
     {{"helper_refused",
       "No helper thread could be made, jemalloc's figures are 35 s old: raise ulimit -u or "
       "pids.max, or start it with RUBY_ALLOC_HELPER=0",
       NONE},
      NOTHING("99%")}},
    {nothing,
     refused_helper_at_once,
     {{"helper_refused",
       "No helper thread could be made, there are no figures of jemalloc's: raise ulimit -u or "
       "pids.max, or start it with RUBY_ALLOC_HELPER=0",
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

/* Each loss where it is just worth a line, and a byte (a page, a millisecond) below. */
static void lose_stranded(uint64_t bytes)
{
    snapshot->image.sample.statistics[RA_STATISTIC_internal] = MIB;
    snapshot->image.sample.statistics[RA_STATISTIC_allocated] += MIB + bytes;
}

static void lose_in_caches(uint64_t bytes)
{
    snapshot->image.sample.statistics[RA_STATISTIC_tcache_bytes] = bytes;
    snapshot->image.sample.statistics[RA_STATISTIC_allocated] += 50 * MIB;
}

static void lose_pages(uint64_t pages)
{
    snapshot->image.sample.statistics[RA_STATISTIC_dirty_pages] = pages;
}

/* The map of addresses is no matter. */
static void lose_to_metadata(uint64_t bytes)
{
    snapshot->image.sample.statistics[RA_STATISTIC_metadata] = 4 * MIB + bytes;
}

static void decay_for(uint64_t milliseconds)
{
    snapshot->image.header.conf_dirty_decay_ms = (int64_t)milliseconds;
    lose_pages(60 * MIB / 4096);
}

static const struct {
    const char *id;
    void (*build)(void);
    void (*lose)(uint64_t bytes);
    int64_t rss;
    uint64_t limit;
} limits[] = {
    {"stranded", forked, lose_stranded, 200 * MIB, 10 * MIB},
    {"stranded", forked, lose_stranded, 80 * MIB, 4 * MIB},
    {"stranded", forked, lose_stranded, 30 * MIB, 4 * MIB},
    {"stranded", nothing, lose_stranded, 200 * MIB, 10 * MIB},
    {"prof_sampling", profiled, lose_stranded, 200 * MIB, 10 * MIB},
    {"prof_sampling", forked_and_profiled, lose_stranded, 30 * MIB, 4 * MIB},
    {"thread_cache", nothing, lose_in_caches, 200 * MIB, 10 * MIB},
    {"thread_cache", nothing, lose_in_caches, 30 * MIB, 4 * MIB},
    {"purge", nothing, lose_pages, 200 * MIB, 10 * MIB / 4096},
    {"metadata", nothing, lose_to_metadata, 200 * MIB, 10 * MIB},
    {"metadata", nothing, lose_to_metadata, 30 * MIB, 4 * MIB},
    {"dirty_decay", nothing, decay_for, 200 * MIB, 10000},
};

static bool is_told(const char *id, void (*lose)(uint64_t), int64_t rss, uint64_t bytes)
{
    struct ra_report *report;
    bool is_there = false;

    take();
    snapshot->rollup.rss = snapshot->rollup.rss_anon = rss;
    lose(bytes);
    report = ruby_alloc_report_new(snapshot, NULL);
    for (size_t i = 0; i < report->advice_count; i++) {
        is_there |= strcmp(report->advice[i].id, id) == 0;
    }
    ruby_alloc_report_free(report);
    return is_there;
}

START_TEST(test_advice_from_its_limit_on)
{
    limits[_i].build();
    ck_assert_msg(!is_told(limits[_i].id, limits[_i].lose, limits[_i].rss, limits[_i].limit - 1),
                  "%s speaks below its limit, %" PRIu64 ", of %" PRId64 " bytes of RSS",
                  limits[_i].id, limits[_i].limit, limits[_i].rss);
    ruby_alloc_snapshot_free(snapshot);
    ck_assert_msg(is_told(limits[_i].id, limits[_i].lose, limits[_i].rss, limits[_i].limit),
                  "%s is silent at its limit, %" PRIu64 ", of %" PRId64 " bytes of RSS",
                  limits[_i].id, limits[_i].limit, limits[_i].rss);
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
    tcase_add_loop_test(tcase, test_advice_from_its_limit_on, 0, COUNT_OF(limits));
    tcase_add_test(tcase, test_advice_cases_have_every_rule);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
