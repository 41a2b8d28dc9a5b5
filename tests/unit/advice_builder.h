/*
 * Processes for the tests of advice: one that is well, and what can be changed about it,
 * in its region before a snapshot is taken and in the snapshot afterwards.
 */
#ifndef RUBY_ALLOC_TESTS_ADVICE_BUILDER_H
#define RUBY_ALLOC_TESTS_ADVICE_BUILDER_H

#include "region_builder.h"

#include <math.h>

#include "reader/snapshot.h"
#include "ruby_alloc/advice.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
#define NONE RA_UNKNOWN
#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)
#define SECOND UINT64_C(1000000000)

enum { CLASS_48 = 3, CLASS_1024 = 20 }; /* 8, 16, 32, 48 */

static struct ra_region *region;
static struct ra_snapshot *snapshot;

/*
 * A process that is well: 80 MiB live in 81920 objects of 1024 bytes, in 81 MiB of
 * jemalloc's and 100 MiB of RSS. What a case adds to a figure of jemalloc's it adds to
 * those above it.
 */
static inline void build_well(void)
{
    struct ra_sample *sample = &region->sample;

    region->slots[0].state = RA_SLOT_LIVE;
    region->slots[0].tid = 100;
    region->slots[0].alloc[ra_bucket_of(1024)] = 80 * KIB;
    region->header.conf_flags = RA_CONF_KNOWN | RA_CONF_TCACHE;
    region->header.sampler_tid = 101;
    region->header.conf_narenas = 2;
    region->header.conf_dirty_decay_ms = 1000;
    sample->sequence = 2;
    sample->monotonic_ns = SECOND;
    sample->known = (1u << RA_STATISTIC_COUNT) - 1;
    sample->statistics[RA_STATISTIC_allocated] = 80 * MIB;
    sample->statistics[RA_STATISTIC_active] = 80 * MIB;
    sample->statistics[RA_STATISTIC_metadata] = MIB;
    sample->statistics[RA_STATISTIC_resident] = 81 * MIB;
}

/* The snapshot of the region as that of a process that runs. */
static inline void take(void)
{
    snapshot = read_built(region);
    snapshot->state = RA_STATE_RUNNING;
    snapshot->pid = 4242;
    snapshot->own_allocator = 0;
    snapshot->monotonic_ns = 2 * SECOND;
    snapshot->rollup = (struct ra_proc_rollup){
        .rss = 100 * MIB, .rss_anon = 82 * MIB, .pss = 90 * MIB, .lazy_free = 0, .swap = 0};
}

static inline void set_up(void)
{
    builder_set_up();
    region = build_region();
    build_well();
}

static inline void tear_down(void)
{
    ruby_alloc_snapshot_free(snapshot);
    free(region);
    builder_tear_down();
}

/* Add to the figures of jemalloc's from the one named on, and to RSS. */
static inline void grow(unsigned from, uint64_t bytes)
{
    static const unsigned chain[] = {RA_STATISTIC_allocated, RA_STATISTIC_active,
                                     RA_STATISTIC_resident};

    for (size_t i = 0; i < COUNT_OF(chain); i++) {
        if (chain[i] >= from) {
            snapshot->image.sample.statistics[chain[i]] += bytes;
        }
    }
    snapshot->rollup.rss += (int64_t)bytes;
    snapshot->rollup.rss_anon += (int64_t)bytes;
}

static inline void add_setting(const char *key, const char *given, uint32_t source, uint32_t state)
{
    struct ra_setting *setting = region->settings;

    while (setting->source != 0) {
        setting++;
    }
    setting->source = source;
    setting->state = state;
    snprintf(setting->key, sizeof(setting->key), "%s", key);
    snprintf(setting->given, sizeof(setting->given), "%s", given);
}

static inline void add_arena(uint32_t index, uint64_t allocated, uint64_t active)
{
    region->arenas[region->sample.arena_count++] = (struct ra_arena){
        .index = index, .known = 31, .allocated_bytes = allocated, .active_bytes = active};
}

/* Changes of the cases: to the region, then to the snapshot of it -------------------- */

static inline void nothing(void)
{
}

static inline void dirty(void)
{
    snapshot->image.sample.statistics[RA_STATISTIC_dirty_pages] = 60 * MIB / 4096;
    grow(RA_STATISTIC_resident, 60 * MIB);
}

static inline void muzzy(void)
{
    snapshot->image.sample.statistics[RA_STATISTIC_muzzy_pages] = 12 * MIB / 4096;
    snapshot->image.sample.statistics[RA_STATISTIC_dirty_pages] = MIB / 4096;
    snapshot->rollup.lazy_free = 10 * MIB;
}

static inline void decay_never(void)
{
    region->header.conf_dirty_decay_ms = -1;
}

static inline void decay_usual(void)
{
    region->header.conf_dirty_decay_ms = 10000;
    add_setting("tcache", "true", RA_SOURCE_ENVIRONMENT, RA_SETTING_IN_FORCE);
}

static inline void decay_just_short_enough(void)
{
    region->header.conf_dirty_decay_ms = 9999;
}

static inline void killed_dirty(void)
{
    dirty();
    snapshot->state = RA_STATE_EXITED;
}

static inline void arenas(void)
{
    region->header.conf_narenas = 8;
    add_arena(0, 50 * MIB, 60 * MIB);
    add_arena(1, 10 * MIB, 18 * MIB);
    add_arena(2, 10 * MIB, 16 * MIB);
    add_arena(3, 5 * MIB, 6 * MIB);
    add_arena(RA_ARENA_REST, 5 * MIB, 10 * MIB);
}

/* 30 MiB of gaps in slabs of class 48, ten in those of 1024 bytes. */
static inline void gaps(void)
{
    region->sample.bins[CLASS_48] = (struct ra_bin){481, 1365 * 481 - 30 * MIB / 48};
    region->sample.bins[CLASS_1024] = (struct ra_bin){1440, 80 * KIB};
    region->slots[0].alloc[ra_bucket_of(48)] = 10;
    region->slots[0].freed[ra_freed_of(48)] = 10;
}

static inline void gap_pages(void)
{
    grow(RA_STATISTIC_active, 40 * MIB);
}

static inline void padding(void)
{
    grow(RA_STATISTIC_active, 20 * MIB);
}

static inline void cached(void)
{
    snapshot->image.sample.statistics[RA_STATISTIC_tcache_bytes] = 15 * MIB;
    grow(RA_STATISTIC_allocated, 16 * MIB);
}

static inline void killed_cached(void)
{
    cached();
    snapshot->state = RA_STATE_EXITED;
}

/* 17 MiB that no thread has in its cache, of which one is jemalloc's own. */
static inline void stranded(void)
{
    snapshot->image.sample.statistics[RA_STATISTIC_internal] = MIB;
    grow(RA_STATISTIC_allocated, 17 * MIB);
}

static inline void forked(void)
{
    region->header.flags |= RA_FLAG_FORKED;
}

static inline void profiled(void)
{
    region->header.conf_flags |= RA_CONF_PROF;
}

static inline void forked_and_profiled(void)
{
    forked();
    profiled();
}

/* 160 MiB of live objects more, of which a tenth is rounding, as the buckets tell. */
static inline void rounded(void)
{
    region->slots[0].alloc[ra_bucket_of(65)] = 2 * MIB;
    region->slots[0].alloc[ra_bucket_of(40)] = 10;
}

/*
 * 200 MiB of live objects more, of which a tenth is rounding, and large ones that are rounded
 * up to pages alone, far below their class.
 */
static inline void rounded_to_pages(void)
{
    region->slots[0].alloc[ra_bucket_of(65)] = 5 * MIB / 2;
    region->slots[0].large[ra_large_of(4 * MIB + 1)] = (struct ra_large){
        .allocs = 22, .requested_bytes = 22 * (4 * MIB + 1), .usable_bytes = 22 * (4 * MIB + 4096)};
}

static inline void pages_more(void)
{
    grow(RA_STATISTIC_allocated, 200 * MIB + 22 * (4 * MIB + 4096));
}

static inline void live_more(void)
{
    grow(RA_STATISTIC_allocated, 160 * MIB);
}

static inline void metadata(void)
{
    snapshot->image.sample.statistics[RA_STATISTIC_metadata] += 9 * MIB;
    grow(RA_STATISTIC_resident, 9 * MIB);
}

/* In 100 MiB of RSS what exceeds the 4 MiB of a map is worth a line from 5 MiB on. */
static inline void metadata_at_limit(void)
{
    snapshot->image.sample.statistics[RA_STATISTIC_metadata] = 9 * MIB;
}

static inline void metadata_below(void)
{
    snapshot->image.sample.statistics[RA_STATISTIC_metadata] = 9 * MIB - 1;
}

static inline void many_arenas(void)
{
    region->header.conf_narenas = 64;
}

static inline void other(void)
{
    snapshot->rollup.rss += 200 * MIB;
    snapshot->rollup.rss_anon += 200 * MIB;
}

static inline void lazy_free(void)
{
    snapshot->rollup.lazy_free = 30 * MIB;
    snapshot->rollup.rss += 30 * MIB;
    snapshot->rollup.rss_anon += 30 * MIB;
}

static inline void swap(void)
{
    snapshot->rollup.swap = 300 * MIB;
}

static inline void refused(void)
{
    add_setting("narenas", "2", RA_SOURCE_LIBRARY, RA_SETTING_OVERRIDDEN);
    add_setting("narenas", "many", RA_SOURCE_ENVIRONMENT, RA_SETTING_REFUSED);
}

static inline void no_key(void)
{
    add_setting("", "2", RA_SOURCE_ENVIRONMENT, RA_SETTING_REFUSED);
}

static inline void unknown_key(void)
{
    add_setting("an_\033[31m_overly_long_and_unknown_key", "", RA_SOURCE_FILE, RA_SETTING_UNKNOWN);
}

static inline void thread_lost(void)
{
    region->header.interval_seconds = 10;
    add_setting("background_thread", "true", RA_SOURCE_ENVIRONMENT, RA_SETTING_LOST);
}

static inline void thread_lost_for_good(void)
{
    thread_lost();
    region->header.flags |= RA_FLAG_KEEPS;
}

static inline void thread_lost_without_interval(void)
{
    thread_lost();
    region->header.interval_seconds = 0;
}

static inline void partial(void)
{
    snapshot->image.header.flags |= RA_FLAG_PARTIAL;
}

static inline void silent(void)
{
    snapshot->monotonic_ns = 36 * SECOND;
}

static inline void silent_dirty(void)
{
    dirty();
    silent();
}

static inline void never_sampled(void)
{
    snapshot->image.sample.sequence = 0;
}

static inline void hardly_allocated(void)
{
    silent();
    snapshot->image.header.sampler_tid = RA_SAMPLER_LATE;
}

static inline void hardly_allocated_nor_sampled(void)
{
    never_sampled();
    snapshot->image.header.sampler_tid = RA_SAMPLER_LATE;
}

static inline void told_to_be_alone(void)
{
    never_sampled();
    snapshot->image.header.flags |= RA_FLAG_ALONE;
}

static inline void stranded_partial(void)
{
    stranded();
    partial();
}

static inline void stranded_late(void)
{
    stranded();
    hardly_allocated();
}

static inline void refused_helper(void)
{
    silent();
    snapshot->image.header.sampler_tid = 0;
}

static inline void refused_helper_at_once(void)
{
    never_sampled();
    snapshot->image.header.sampler_tid = 0;
}

static inline void no_rollup(void)
{
    snapshot->rollup.pss = snapshot->rollup.lazy_free = RA_UNKNOWN;
}

static inline void no_rss(void)
{
    no_rollup();
    snapshot->rollup.rss = snapshot->rollup.rss_anon = RA_UNKNOWN;
}

static inline void own_allocator(void)
{
    memset(&snapshot->image.own, 0, sizeof(snapshot->image.own));
    snapshot->own_allocator = 1;
    dirty();
}

static inline void detached(void)
{
    dirty();
    snapshot->state = RA_STATE_DETACHED;
}

static inline void libc(void)
{
    static const uint64_t figures[RA_GLIBC_COUNT] = {
        [RA_GLIBC_arenas] = 9,      [RA_GLIBC_heap] = 95 * MIB, [RA_GLIBC_in_use] = 80 * MIB,
        [RA_GLIBC_free] = 15 * MIB, [RA_GLIBC_fast] = MIB,
    };

    region->header.flags |= RA_FLAG_LIBC;
    region->sample.known = 0;
    region->sample.glibc_known = (1u << RA_GLIBC_COUNT) - 1;
    memcpy(region->sample.glibc, figures, sizeof(figures));
}

/* Its chain holds what glibc says: its gaps are those free chunks. */
static inline void libc_with_gaps(void)
{
    libc();
    region->sample.known = (1u << RA_STATISTIC_COUNT) - 1;
    region->header.bin_count = 0;
}

/* malloc_trim has given most of that back: 86 MiB are there, of which 80 are in use. */
static inline void trimmed(void)
{
    gap_pages();
    snapshot->rollup.rss = 95 * MIB;
    snapshot->rollup.rss_anon = 86 * MIB;
}

static inline void rss_below_the_figures(void)
{
    dirty();
    snapshot->image.sample.statistics[RA_STATISTIC_tcache_bytes] = 40 * MIB;
    snapshot->image.sample.statistics[RA_STATISTIC_allocated] += 40 * MIB;
    snapshot->image.sample.statistics[RA_STATISTIC_active] += 40 * MIB;
    snapshot->image.sample.statistics[RA_STATISTIC_resident] += 40 * MIB;
    snapshot->rollup.rss = 95 * MIB;
    snapshot->rollup.rss_anon = 90 * MIB;
}

/* Each a page below what is worth a line: 5 % of 136 MiB. */
static inline void small_losses(void)
{
    const uint64_t bytes = (136 * MIB) / 20 - 4096;

    snapshot->image.sample.statistics[RA_STATISTIC_dirty_pages] = bytes / 4096;
    snapshot->image.sample.statistics[RA_STATISTIC_metadata] = bytes;
    snapshot->image.sample.statistics[RA_STATISTIC_tcache_bytes] = bytes;
    snapshot->image.sample.statistics[RA_STATISTIC_allocated] += bytes;
    snapshot->image.sample.statistics[RA_STATISTIC_active] += 2 * bytes;
    snapshot->image.sample.statistics[RA_STATISTIC_resident] += 4 * bytes;
    snapshot->rollup =
        (struct ra_proc_rollup){.rss = 136 * MIB, .rss_anon = 100 * MIB, .swap = (int64_t)bytes};
}

/* 4 MiB less a page, in a process in which that is 40 %. */
static inline void small_process(void)
{
    memset(&snapshot->image.own, 0, sizeof(snapshot->image.own));
    snapshot->image.own.alloc[ra_bucket_of(1024)] = 5 * KIB;
    snapshot->image.sample.statistics[RA_STATISTIC_dirty_pages] = 1023;
    snapshot->image.sample.statistics[RA_STATISTIC_allocated] = 5 * MIB;
    snapshot->image.sample.statistics[RA_STATISTIC_active] = 5 * MIB;
    snapshot->image.sample.statistics[RA_STATISTIC_resident] = 10 * MIB;
    snapshot->rollup = (struct ra_proc_rollup){.rss = 10 * MIB, .rss_anon = 10 * MIB};
}

/* A Ruby that does nothing, whose heap lies across a GiB: 4.5 MiB of metadata, hardly touched. */
static inline void small_across(void)
{
    small_process();
    snapshot->image.sample.statistics[RA_STATISTIC_dirty_pages] = 20;
    snapshot->image.sample.statistics[RA_STATISTIC_metadata] = 4 * MIB + 576 * KIB;
}

/* More of everything than there are rows for. */
static inline void everything(void)
{
    dirty();
    gap_pages();
    cached();
    other();
    swap();
}

static inline void everything_built(void)
{
    gaps();
    decay_never();
    refused();
}

static inline void arenas_and_gaps(void)
{
    arenas();
    gaps();
}

/* What is expected ------------------------------------------------------------------ */

#define GLIBC(mebibytes)                                                                           \
    {"malloc_trim",                                                                                \
     #mebibytes ".0MiB are free in glibc's heaps: perhaps back by ruby_alloc_top --malloc-trim "   \
                "4242",                                                                            \
     mebibytes * MIB},                                                                             \
        {"arena_max",                                                                              \
         "Objects are scattered over 9 arenas of glibc: likely less by MALLOC_ARENA_MAX=2", NONE}, \
    {                                                                                              \
        "use_jemalloc",                                                                            \
            "glibc's malloc is behind the library: likely less with jemalloc, without "            \
            "RUBY_ALLOC_BACKEND=libc",                                                             \
            NONE                                                                                   \
    }
#define THREAD_LOST                                                                                \
    {                                                                                              \
        "background_thread_lost",                                                                  \
            "background_thread ended at the fork: what is free likely stays while the process is " \
            "idle (RUBY_ALLOC_DECAY or _INTERVAL is 0)",                                           \
            NONE                                                                                   \
    }
#define LIVE(share, names)                                                                         \
    {                                                                                              \
        "live",                                                                                    \
            share " of memory is surely live: only the application can free it; look at " names,   \
            NONE                                                                                   \
    }
static inline size_t count_rows(const struct ra_report_advice *rows)
{
    size_t count = 0;

    while (rows[count].id != NULL) {
        count++;
    }
    return count;
}

static inline void check_rows(const struct ra_report *report, const struct ra_report_advice *rows)
{
    for (size_t i = 0; i < report->advice_count && rows[i].id != NULL; i++) {
        ck_assert_str_eq(report->advice[i].id, rows[i].id);
        ck_assert_str_eq(report->advice[i].text, rows[i].text);
        ck_assert_int_eq(report->advice[i].bytes, rows[i].bytes);
    }
    ck_assert_uint_eq(report->advice_count, count_rows(rows));
}

#endif
