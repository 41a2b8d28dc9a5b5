/* The report's arithmetic, in whole numbers, from regions made by hand. */
#include "region_builder.h"

#include <math.h>

#include "reader/snapshot.h"
#include "reader/text.h"

enum { CLASS_48 = 3 }; /* 8, 16, 32, 48 */

static struct ra_region *region;

static void set_up(void)
{
    builder_set_up();
    region = build_region();
}

static void tear_down(void)
{
    free(region);
    builder_tear_down();
}

/* Two threads, one ended, the overflow slot, an ancestor, and aligned objects. */
static void count_something(void)
{
    const uint64_t calls[RA_CALL_COUNT] = {
        [RA_CALL_calloc] = 100,       [RA_CALL_realloc] = 50,  [RA_CALL_realloc_new] = 40,
        [RA_CALL_realloc_freed] = 30, [RA_CALL_aligned] = 10,  [RA_CALL_cxx_new] = 20,
        [RA_CALL_other] = 5,          [RA_CALL_other_new] = 4, [RA_CALL_other_freed] = 3,
        [RA_CALL_failed] = 2,
    };
    struct ra_slot *slots = region->slots;

    slots[0].state = RA_SLOT_LIVE;
    slots[0].tid = 100;
    memcpy(slots[0].calls, calls, sizeof(calls));
    slots[0].alloc[ra_bucket_of(40)] = 1000;
    slots[0].freed[ra_freed_of(48)] = 400;
    slots[0].alloc[ra_bucket_of(64)] = 10; /* aligned, asked for as 40 */
    slots[0].large[ra_large_of(10240)] = (struct ra_large){5, 50000, 51200, 2, 20480};
    slots[1].state = RA_SLOT_ENDED;
    slots[1].tid = 95;
    slots[1].alloc[ra_bucket_of(100)] = 200;
    slots[1].freed[ra_freed_of(112)] = 200;
    slots[2].state = RA_SLOT_LIVE;
    slots[2].tid = 90;
    slots[2].base_allocs = 60;
    slots[2].base_frees = 10;
    slots[2].alloc[ra_bucket_of(8)] = 100;
    slots[2].freed[ra_freed_of(8)] = 30;
    region->shared.slot.alloc[ra_bucket_of(16)] = 7;
    region->shared.slot.freed[ra_freed_of(16)] = 1;
    region->shared.large[0] = (struct ra_large){2, 20000000, 20971520, 1, 10485760};
    region->inherited.slot.alloc[ra_bucket_of(40)] = 500;
    region->inherited.slot.freed[ra_freed_of(48)] = 100;
    region->moved[ra_bucket_of(64)].from = 10;
    region->moved[ra_bucket_of(40)].to = 10;
}

static void sample_something(void)
{
    struct ra_sample *sample = &region->sample;

    sample->sequence = 2;
    sample->known = (1u << RA_STATISTIC_COUNT) - 1;
    sample->statistics[RA_STATISTIC_allocated] = 11000000;
    sample->statistics[RA_STATISTIC_active] = 13000000;
    sample->statistics[RA_STATISTIC_metadata] = 500000;
    sample->statistics[RA_STATISTIC_resident] = 21131552;
    sample->statistics[RA_STATISTIC_mapped] = 16000000;
    sample->statistics[RA_STATISTIC_retained] = 7000000;
    sample->statistics[RA_STATISTIC_dirty_pages] = 100;
    sample->statistics[RA_STATISTIC_muzzy_pages] = 3;
    sample->bins[CLASS_48] = (struct ra_bin){2, 1092};
}

START_TEST(test_report_of_nothing)
{
    struct ra_report *report = report_built(region);

    ck_assert_int_eq(report->totals.allocations, 0);
    ck_assert_int_eq(report->totals.live_objects, 0);
    ck_assert_int_eq(report->calls.malloc, 0);
    ck_assert_int_eq(report->memory.live, 0);
    ck_assert_int_eq(report->memory.allocated, RA_UNKNOWN);
    ck_assert_int_eq(report->memory.rss, RA_UNKNOWN);
    ck_assert_double_nan(report->memory.sample_age);
    ck_assert_double_nan(report->fragmentation.ratio);
    ck_assert_int_eq(report->fragmentation.thread_cache, RA_UNKNOWN);
    ck_assert_ptr_null(report->fragmentation.largest);
    ck_assert_int_eq(report->conf.narenas, RA_UNKNOWN);
    ck_assert_int_eq(report->conf.tcache, -1);
    ck_assert_uint_eq(report->classes_count, 0);
    ck_assert_uint_eq(report->sizes_count, 0);
    ck_assert_uint_eq(report->threads_count, 0);
    ck_assert_uint_eq(report->arenas_count, 0);
    ck_assert_uint_eq(report->advice_count, 0);
    ruby_alloc_report_free(report);
}
END_TEST

/* Requests stay below the most that their bucket takes in: by how much is known in sum. */
START_TEST(test_report_requested_within_buckets)
{
    struct ra_slot *slot = &region->slots[0];
    struct ra_report *report;

    slot->state = RA_SLOT_LIVE;
    slot->alloc[ra_bucket_of(65)] = 1000;
    slot->alloc[ra_bucket_of(120)] = 1000;
    slot->requested_less_1 = 1000 * (65 - 1) + 1000 * (119 - 1);
    report = report_built(region);
    ck_assert_int_eq(report->memory.requested, 1000 * 65 + 1000 * 119);
    ck_assert_int_eq(report->fragmentation.rounding, report->memory.live - 1000 * (65 + 119));
    ruby_alloc_report_free(report);
    slot->requested_less_1 = UINT64_MAX; /* more than the buckets take in: damaged */
    report = report_built(region);
    ck_assert_int_eq(report->memory.requested, 1000 * 72 + 1000 * 120);
    ruby_alloc_report_free(report);
}
END_TEST

START_TEST(test_report_totals)
{
    struct ra_report *report;

    count_something();
    report = report_built(region);
    ck_assert_int_eq(report->totals.allocations, 1324);
    ck_assert_int_eq(report->totals.frees, 634);
    ck_assert_int_eq(report->totals.inherited_objects, 400);
    ck_assert_int_eq(report->totals.live_objects, 1090);
    ck_assert_int_eq(report->totals.allocated_bytes, 21094672);
    ck_assert_int_eq(report->totals.freed_bytes, 10548096);
    ck_assert_int_eq(report->calls.malloc, 1150);
    ck_assert_int_eq(report->calls.calloc, 100);
    ck_assert_int_eq(report->calls.realloc, 50);
    ck_assert_int_eq(report->calls.aligned, 10);
    ck_assert_int_eq(report->calls.new, 20);
    ck_assert_int_eq(report->calls.other, 5);
    ck_assert_int_eq(report->calls.free, 601);
    ck_assert_int_eq(report->calls.failed, 2);
    ck_assert_int_eq(report->memory.live, 10565776);
    ck_assert_int_eq(report->memory.requested, 40000 + 560 + 30000 + 96 + 10000000 + 640);
    ruby_alloc_report_free(report);
}
END_TEST

START_TEST(test_report_fragmentation)
{
    struct ra_report *report;

    count_something();
    sample_something();
    report = report_built(region);
    ck_assert_int_eq(report->memory.allocated, 11000000);
    ck_assert_int_eq(report->memory.active, 13000000);
    ck_assert_int_eq(report->memory.metadata, 500000);
    ck_assert_int_eq(report->memory.resident, 21131552);
    ck_assert_int_eq(report->memory.mapped, 16000000);
    ck_assert_int_eq(report->memory.retained, 7000000);
    ck_assert_int_eq(report->memory.dirty, 409600);
    ck_assert_int_eq(report->memory.muzzy, 12288);
    ck_assert_int_eq(report->fragmentation.rounding, 10565776 - 10071296);
    ck_assert_int_eq(report->fragmentation.thread_cache, 11000000 - 10565776);
    ck_assert_int_eq(report->fragmentation.slab_gaps, 2000000);
    ck_assert_int_eq(report->fragmentation.dirty, 409600);
    ck_assert_int_eq(report->fragmentation.metadata, 500000);
    ck_assert_int_eq(report->fragmentation.other, RA_UNKNOWN);
    ck_assert_double_eq(report->fragmentation.ratio, 2.0);
    ck_assert_str_eq(report->fragmentation.largest, "slab_gaps");
    ruby_alloc_report_free(report);
}
END_TEST

START_TEST(test_report_statistic_unknown)
{
    struct ra_report *report;

    sample_something();
    region->sample.known &= ~(1u << RA_STATISTIC_active);
    report = report_built(region);
    ck_assert_int_eq(report->memory.active, RA_UNKNOWN);
    ck_assert_int_eq(report->memory.allocated, 11000000);
    ck_assert_int_eq(report->fragmentation.slab_gaps, RA_UNKNOWN);
    ck_assert_ptr_null(report->fragmentation.largest);
    ruby_alloc_report_free(report);
}
END_TEST

static const struct ra_report_class expected_classes[] = {
    {8, 100, 30, 70, 560, 0, 8192, NAN, 0, NAN, NAN},
    {16, 7, 1, 6, 96, 0, 4096, NAN, 0, NAN, NAN},
    {48, 1000, 400, 1000, 48000, 2, 1365, 0.4, 78624, NAN, NAN},
    {64, 10, 0, 10, 640, 0, 1024, NAN, 0, NAN, NAN},
    {112, 200, 200, 0, 0, 0, 585, NAN, 0, NAN, NAN},
    {10240, 5, 2, 3, 30720, 0, 6, NAN, 0, NAN, NAN},
    {10485760, 2, 1, 1, 10485760, RA_UNKNOWN, RA_UNKNOWN, NAN, RA_UNKNOWN, NAN, NAN},
};

START_TEST(test_report_classes)
{
    struct ra_report *report;

    count_something();
    sample_something();
    report = report_built(region);
    ck_assert_uint_eq(report->classes_count,
                      sizeof(expected_classes) / sizeof(expected_classes[0]));
    for (size_t i = 0; i < report->classes_count; i++) {
        const struct ra_report_class *row = &report->classes[i];
        const struct ra_report_class *expected = &expected_classes[i];

        ck_assert_int_eq(row->size, expected->size);
        ck_assert_int_eq(row->allocations, expected->allocations);
        ck_assert_int_eq(row->frees, expected->frees);
        ck_assert_int_eq(row->live_objects, expected->live_objects);
        ck_assert_int_eq(row->live_bytes, expected->live_bytes);
        ck_assert_int_eq(row->slabs, expected->slabs);
        ck_assert_int_eq(row->slab_regions, expected->slab_regions);
        ck_assert_int_eq(row->gap_bytes, expected->gap_bytes);
        ck_assert_double_nan(row->allocation_rate);
        ck_assert_double_nan(row->free_rate);
        if (isnan(expected->utilization)) {
            ck_assert_double_nan(row->utilization);
        } else {
            ck_assert_double_eq(row->utilization, expected->utilization);
        }
    }
    ruby_alloc_report_free(report);
}
END_TEST

static const struct ra_report_size expected_sizes[] = {
    {0, 8, 8, 100, 800, 100 / 1324.0, NAN},
    {9, 16, 16, 7, 112, 7 / 1324.0, NAN},
    {33, 40, 48, 1010, 40400, 1010 / 1324.0, NAN},
    {97, 104, 112, 200, 20800, 200 / 1324.0, NAN},
    {8193, 10240, 10240, 5, 50000, 5 / 1324.0, NAN},
    {8388609, 10485760, 10485760, 2, 20000000, 2 / 1324.0, NAN},
};

START_TEST(test_report_sizes)
{
    struct ra_report *report;

    count_something();
    report = report_built(region);
    ck_assert_uint_eq(report->sizes_count, sizeof(expected_sizes) / sizeof(expected_sizes[0]));
    for (size_t i = 0; i < report->sizes_count; i++) {
        ck_assert_int_eq(report->sizes[i].min, expected_sizes[i].min);
        ck_assert_int_eq(report->sizes[i].max, expected_sizes[i].max);
        ck_assert_int_eq(report->sizes[i].class, expected_sizes[i].class);
        ck_assert_int_eq(report->sizes[i].allocations, expected_sizes[i].allocations);
        ck_assert_int_eq(report->sizes[i].requested_bytes, expected_sizes[i].requested_bytes);
        ck_assert_double_eq(report->sizes[i].share, expected_sizes[i].share);
    }
    ruby_alloc_report_free(report);
}
END_TEST

static const struct ra_report_thread expected_threads[] = {
    {90, NULL, "live", 40, 20, NAN},
    {100, NULL, "live", 1015, 402, NAN},
    {RA_UNKNOWN, NULL, "ended", 260, 210, NAN},
    {RA_UNKNOWN, NULL, "overflow", 9, 2, NAN},
};

START_TEST(test_report_threads)
{
    struct ra_report *report;

    count_something();
    report = report_built(region);
    ck_assert_uint_eq(report->threads_count,
                      sizeof(expected_threads) / sizeof(expected_threads[0]));
    for (size_t i = 0; i < report->threads_count; i++) {
        ck_assert_int_eq(report->threads[i].tid, expected_threads[i].tid);
        ck_assert_ptr_null(report->threads[i].name);
        ck_assert_str_eq(report->threads[i].state, expected_threads[i].state);
        ck_assert_int_eq(report->threads[i].allocations, expected_threads[i].allocations);
        ck_assert_int_eq(report->threads[i].frees, expected_threads[i].frees);
    }
    ruby_alloc_report_free(report);
}
END_TEST

/* Every small bucket and freed step, and every large bucket, lands in one class, with its bytes. */
START_TEST(test_report_every_bucket)
{
    struct ra_report *report;
    int64_t allocations = 0;
    int64_t frees = 0;
    int64_t live_bytes = 0;

    for (unsigned bucket = 0; bucket < RA_SMALL_COUNT; bucket++) {
        region->slots[0].alloc[bucket] = bucket + 1;
    }
    for (uint32_t i = 0; region->classes[i].size_bytes <= RA_SMALL_MAX; i++) {
        region->slots[1].freed[ra_freed_of(region->classes[i].size_bytes)] = 1;
    }
    for (unsigned large = 0; large < RA_LARGE_COUNT; large++) {
        struct ra_large *at = large < RA_LARGE_OWN_COUNT
                                  ? &region->slots[0].large[large]
                                  : &region->shared.large[large - RA_LARGE_OWN_COUNT];

        *at = (struct ra_large){2, ra_large_max(large), 2 * ra_large_max(large), 1,
                                ra_large_max(large)};
    }
    report = report_built(region);
    ck_assert_uint_eq(report->sizes_count, RA_BUCKET_COUNT);
    ck_assert_uint_eq(report->classes_count, region->header.class_count);
    for (size_t i = 0; i < report->classes_count; i++) {
        allocations += report->classes[i].allocations;
        frees += report->classes[i].frees;
        live_bytes += report->classes[i].live_bytes;
        ck_assert_int_eq(report->classes[i].live_bytes,
                         report->classes[i].live_objects * report->classes[i].size);
    }
    ck_assert_int_eq(allocations, report->totals.allocations);
    ck_assert_int_eq(frees, report->totals.frees);
    ck_assert_int_eq(live_bytes, report->memory.live);
    ruby_alloc_report_free(report);
}
END_TEST

START_TEST(test_report_torn_counters)
{
    struct ra_report *report;

    region->slots[0].state = RA_SLOT_LIVE;
    region->slots[0].base_allocs = 50;
    region->slots[0].alloc[ra_bucket_of(40)] = 10;
    region->slots[0].freed[ra_freed_of(48)] = 11;
    region->slots[0].calls[RA_CALL_calloc] = 12;
    region->moved[ra_bucket_of(40)].from = 13;
    report = report_built(region);
    ck_assert_int_eq(report->totals.live_objects, 0);
    ck_assert_int_eq(report->memory.live, 0);
    ck_assert_int_eq(report->memory.requested, 0);
    ck_assert_int_eq(report->calls.malloc, 0);
    ck_assert_int_eq(report->classes[0].live_objects, 0);
    ck_assert_int_eq(report->classes[0].live_bytes, 0);
    ck_assert_int_eq(report->threads[0].allocations, 0);
    ck_assert_uint_eq(report->sizes_count, 0);
    ruby_alloc_report_free(report);
}
END_TEST

START_TEST(test_report_without_classes)
{
    struct ra_report *report;

    count_something();
    region->header.class_count = 0;
    region->header.bin_count = 0;
    report = report_built(region);
    ck_assert_uint_eq(report->classes_count, 0);
    ck_assert_int_eq(report->totals.allocations, 1324);
    ck_assert_int_eq(report->sizes[2].class, 40);
    ruby_alloc_report_free(report);
}
END_TEST

START_TEST(test_report_rates)
{
    pid_t pid = ended_pid();
    struct ra_reader *reader;
    struct ra_snapshot *before;
    struct ra_snapshot *now;
    struct ra_report *report;
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s", region_path(pid, 1));
    count_something();
    write_region(path, region, BUILT_BYTES);
    ck_assert_int_eq(ruby_alloc_reader_open(&reader, pid, NULL), RA_OK);
    ck_assert_int_eq(ruby_alloc_reader_snapshot(reader, 0, &before, NULL), RA_OK);
    region->slots[0].alloc[ra_bucket_of(40)] += 500;
    region->slots[0].freed[ra_freed_of(48)] += 100;
    region->shared.slot.alloc[ra_bucket_of(16)] += 4;
    region->slots[2].base_allocs = 100; /* another thread took the slot */
    region->slots[2].alloc[ra_bucket_of(8)] += 6;
    write_region(path, region, BUILT_BYTES);
    ck_assert_int_eq(ruby_alloc_reader_snapshot(reader, 0, &now, NULL), RA_OK);
    now->monotonic_ns = before->monotonic_ns + 2000000000u;
    report = ruby_alloc_report_new(now, before);
    ck_assert_double_eq(report->classes[2].allocation_rate, 250);
    ck_assert_double_eq(report->classes[2].free_rate, 50);
    ck_assert_double_eq(report->classes[3].allocation_rate, 0);
    ck_assert_double_eq(report->sizes[2].allocation_rate, 250);
    ck_assert_double_eq(report->threads[0].allocation_rate, 3);
    ck_assert_double_eq(report->threads[1].allocation_rate, 250);
    ck_assert_double_nan(report->threads[2].allocation_rate);
    ck_assert_double_eq(report->threads[3].allocation_rate, 2);
    ruby_alloc_report_free(report);
    report = ruby_alloc_report_new(before, now);
    ck_assert_double_nan(report->classes[2].allocation_rate);
    ruby_alloc_report_free(report);
    ruby_alloc_snapshot_free(before);
    ruby_alloc_snapshot_free(now);
    ruby_alloc_reader_close(reader);
}
END_TEST

START_TEST(test_report_process)
{
    struct ra_report *report;

    sample_something();
    region->header.flags |= RA_FLAG_FORKED;
    region->header.conf_flags = RA_CONF_KNOWN | RA_CONF_TCACHE;
    region->header.conf_narenas = 2;
    region->header.conf_dirty_decay_ms = 1000;
    region->header.conf_muzzy_decay_ms = -1;
    snprintf(region->sample.command, sizeof(region->sample.command), "puma: worker\033[31m 1");
    report = report_built(region);
    ck_assert_str_eq(report->process.state, "exited");
    ck_assert_str_eq(report->process.comm, "built");
    ck_assert_str_eq(report->process.command, "puma: worker\\x1b[31m 1");
    ck_assert_str_eq(report->process.ruby_version, "3.1.2");
    ck_assert_int_eq(report->process.ppid, 77);
    ck_assert_int_eq(report->process.uid, getuid());
    ck_assert_int_eq(report->process.forked, 1);
    ck_assert_int_eq(strlen(report->process.started), strlen("2026-11-23T09:00:00Z"));
    ck_assert_int_eq(strlen(report->time), strlen("2026-11-23T09:30:00.123Z"));
    ck_assert_int_eq(report->conf.narenas, 2);
    ck_assert_int_eq(report->conf.dirty_decay_ms, 1000);
    ck_assert_int_eq(report->conf.muzzy_decay_ms, -1);
    ck_assert_int_eq(report->conf.tcache, 1);
    ck_assert_int_eq(report->conf.prof, 0);
    ruby_alloc_report_free(report);
}
END_TEST

START_TEST(test_groups_cover_the_report)
{
    size_t groups = 0;
    size_t tables = 0;

    for (const struct ra_group *group = ruby_alloc_report_groups; group->name != NULL; group++) {
        ck_assert_uint_gt(group->field_count, 0);
        groups += group->row_bytes == 0;
        tables += group->row_bytes != 0;
        for (size_t i = 0; i < group->field_count; i++) {
            ck_assert_ptr_nonnull(group->fields[i].name);
            ck_assert_ptr_nonnull(group->fields[i].help);
            ck_assert_uint_eq(group->fields[i].offset % 4, 0);
        }
    }
    ck_assert_uint_eq(groups, 7);
    ck_assert_uint_eq(tables, 6);
    ck_assert_str_eq(ruby_alloc_report_groups[1].name, "jemalloc_conf");
    ck_assert_str_eq(ruby_alloc_report_groups[7].name, "classes");
    ck_assert_uint_eq(ruby_alloc_report_groups[7].offset, offsetof(struct ra_report, classes));
}
END_TEST

static const struct {
    const char *text, *clean;
} texts[] = {
    {"ruby app.rb", "ruby app.rb"},
    {"", ""},
    {"caf\303\251 \346\227\245 \360\237\222\216", "caf\303\251 \346\227\245 \360\237\222\216"},
    {"a\nb\tc\177", "a\\x0ab\\x09c\\x7f"},
    {"\033]0;title\007", "\\x1b]0;title\\x07"},
    {"\302\233", "\\xc2\\x9b"},                   /* C1: CSI */
    {"\342\200\256", "\\xe2\\x80\\xae"},          /* right-to-left override */
    {"\342\201\246", "\\xe2\\x81\\xa6"},          /* isolate */
    {"\300\257", "\\xc0\\xaf"},                   /* overlong */
    {"\355\240\200", "\\xed\\xa0\\x80"},          /* surrogate */
    {"\364\220\200\200", "\\xf4\\x90\\x80\\x80"}, /* above U+10FFFF */
    {"\377\376", "\\xff\\xfe"},
    {"\346\227", "\\xe6\\x97"}, /* cut off */
    {"\200x", "\\x80x"},
};

START_TEST(test_text_clean)
{
    char out[128];
    size_t length = ra_text_clean(out, sizeof(out), texts[_i].text, strlen(texts[_i].text));

    ck_assert_str_eq(out, texts[_i].clean);
    ck_assert_uint_eq(length, strlen(out));
}
END_TEST

START_TEST(test_text_clean_bounded)
{
    char out[6];

    ck_assert_uint_eq(ra_text_clean(out, sizeof(out), "abcd\n", 5), 4);
    ck_assert_str_eq(out, "abcd");
    ck_assert_uint_eq(ra_text_clean(out, sizeof(out), "abcd\303\251", 6), 4);
    ck_assert_uint_eq(ra_text_clean(out, sizeof(out), "abcdefgh", 8), 5);
    ck_assert_uint_eq(ra_text_clean(out, 1, "abc", 3), 0);
    ck_assert_uint_eq(ra_text_clean(out, sizeof(out), "ab\0cd", 5), 2);
}
END_TEST

/* An executable that defines malloc is to blame only where hardly a call came through. */
START_TEST(test_own_allocator)
{
    static const struct {
        enum ra_snapshot_state state;
        int own_allocator;
        uint64_t allocations;
        int expected;
    } rows[] = {
        {RA_STATE_RUNNING, 1, 999, 1}, {RA_STATE_RUNNING, 1, 1000, 0}, {RA_STATE_RUNNING, 0, 0, 0},
        {RA_STATE_RUNNING, -1, 0, -1}, {RA_STATE_EXITED, 1, 0, -1},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ra_snapshot *snapshot;
        struct ra_report *report;

        region->slots[0].alloc[1] = rows[i].allocations;
        snapshot = read_built(region);
        snapshot->state = rows[i].state;
        snapshot->own_allocator = rows[i].own_allocator;
        report = ruby_alloc_report_new(snapshot, NULL);
        ck_assert_int_eq(report->process.own_allocator, rows[i].expected);
        ruby_alloc_report_free(report);
        ruby_alloc_snapshot_free(snapshot);
    }
}
END_TEST

START_TEST(test_sample_time)
{
    struct ra_report *report;

    region->sample.sequence = 2;
    region->sample.realtime_ns = UINT64_C(1700000000123456789);
    report = report_built(region);
    ck_assert_str_eq(report->memory.sample_time, "2023-11-14T22:13:20Z");
    ruby_alloc_report_free(report);
    region->sample.realtime_ns = UINT64_MAX;
    report = report_built(region);
    ck_assert_str_eq(report->memory.sample_time, "2554-07-21T23:34:33Z");
    ruby_alloc_report_free(report);
    region->sample.sequence = 0;
    report = report_built(region);
    ck_assert_ptr_null(report->memory.sample_time);
    ruby_alloc_report_free(report);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("report");
    TCase *test_case = tcase_create("arithmetic");

    tcase_add_checked_fixture(test_case, set_up, tear_down);
    tcase_add_test(test_case, test_report_of_nothing);
    tcase_add_test(test_case, test_report_totals);
    tcase_add_test(test_case, test_report_requested_within_buckets);
    tcase_add_test(test_case, test_report_fragmentation);
    tcase_add_test(test_case, test_own_allocator);
    tcase_add_test(test_case, test_sample_time);
    tcase_add_test(test_case, test_report_statistic_unknown);
    tcase_add_test(test_case, test_report_classes);
    tcase_add_test(test_case, test_report_sizes);
    tcase_add_test(test_case, test_report_threads);
    tcase_add_test(test_case, test_report_every_bucket);
    tcase_add_test(test_case, test_report_torn_counters);
    tcase_add_test(test_case, test_report_without_classes);
    tcase_add_test(test_case, test_report_rates);
    tcase_add_test(test_case, test_report_process);
    suite_add_tcase(suite, test_case);
    test_case = tcase_create("texts");
    tcase_add_test(test_case, test_groups_cover_the_report);
    tcase_add_loop_test(test_case, test_text_clean, 0, sizeof(texts) / sizeof(texts[0]));
    tcase_add_test(test_case, test_text_clean_bounded);
    suite_add_tcase(suite, test_case);
    return run_suite(suite);
}
