/* The report's arithmetic, in whole numbers, from regions made by hand. */
#include "report_case.h"

#include <inttypes.h>
#include <math.h>

#include "reader/snapshot.h"

#define NONE RA_UNKNOWN

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
    ck_assert_int_eq(report->fragmentation.stranded, RA_UNKNOWN);
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
    ck_assert_int_eq(report->fragmentation.thread_cache, 300000);
    ck_assert_int_eq(report->fragmentation.stranded, 11000000 - 10565776 - 300000);
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

/* Between 10565776 bytes live and 11000000 allocated: 434224. */
static const struct {
    const char *what;
    uint64_t tcache, internal, allocated; /* UINT64_MAX: unknown */
    uint32_t flags, sampler_tid;
    int64_t thread_cache, stranded;
    const char *largest;
} caches[] = {
    {"all cached", 434224, 0, 11000000, 0, 1, 434224, 0, "slab_gaps"},
    {"more cached than there is", 9000000, 0, 11000000, 0, 1, 434224, 0, "slab_gaps"},
    {"less allocated than live", 9000000, 0, 10000000, 0, 1, 0, 0, "slab_gaps"},
    {"nothing cached", 0, 0, 11000000, 0, 1, 0, 434224, "slab_gaps"},
    {"most cached", 2900000, 0, 13565776, 0, 1, 2900000, 100000, "thread_cache"},
    {"most stranded", 100000, 0, 13565776, 0, 1, 100000, 2900000, "stranded"},
    {"jemalloc's own", 100000, 2450000, 13565776, 0, 1, 100000, 2900000, "metadata"},
    {"more of its own than there is", 100000, 5000000, 13565776, 0, 1, 100000, 2900000, "metadata"},
    {"no figure, and it may be the largest", UINT64_MAX, 0, 13565776, 0, 1, NONE, NONE, NULL},
    {"no figure, and it can't be", UINT64_MAX, 0, 11000000, 0, 1, NONE, NONE, "slab_gaps"},
    {"nothing allocated is known", 100000, 0, UINT64_MAX, 0, 1, NONE, NONE, NULL},
    {"the parent's figures", 2900000, 0, 13565776, 0, RA_SAMPLER_LATE, NONE, NONE, NULL},
    {"not all counted", 100000, 0, 13565776, RA_FLAG_PARTIAL, 1, 100000, NONE, NULL},
    {"not all counted, no matter", 300000, 0, 11000000, RA_FLAG_PARTIAL, 1, 300000, NONE,
     "slab_gaps"},
    {"glibc", UINT64_MAX, UINT64_MAX, 13565776, RA_FLAG_LIBC, 1, NONE, 3000000, "stranded"},
};

static void know(enum ra_statistic statistic, uint64_t figure)
{
    region->sample.known &= ~(1u << statistic);
    if (figure != UINT64_MAX) {
        region->sample.known |= 1u << statistic;
        region->sample.statistics[statistic] = figure;
    }
}

START_TEST(test_report_between_live_and_allocated)
{
    struct ra_report *report;

    count_something();
    sample_something();
    know(RA_STATISTIC_tcache_bytes, caches[_i].tcache);
    know(RA_STATISTIC_internal, caches[_i].internal);
    know(RA_STATISTIC_allocated, caches[_i].allocated);
    region->header.flags |= caches[_i].flags;
    region->header.sampler_tid = caches[_i].sampler_tid;
    report = report_built(region);
    ck_assert_msg(report->fragmentation.thread_cache == caches[_i].thread_cache,
                  "%s: thread_cache is %" PRId64 ", expected %" PRId64, caches[_i].what,
                  report->fragmentation.thread_cache, caches[_i].thread_cache);
    ck_assert_msg(report->fragmentation.stranded == caches[_i].stranded,
                  "%s: stranded is %" PRId64 ", expected %" PRId64, caches[_i].what,
                  report->fragmentation.stranded, caches[_i].stranded);
    ck_assert_pstr_eq(report->fragmentation.largest, caches[_i].largest);
    ruby_alloc_report_free(report);
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
    tcase_add_loop_test(test_case, test_report_between_live_and_allocated, 0,
                        sizeof(caches) / sizeof(caches[0]));
    tcase_add_test(test_case, test_own_allocator);
    tcase_add_test(test_case, test_sample_time);
    tcase_add_test(test_case, test_report_statistic_unknown);
    tcase_add_test(test_case, test_report_process);
    suite_add_tcase(suite, test_case);
    test_case = tcase_create("catalogue");
    tcase_add_test(test_case, test_groups_cover_the_report);
    suite_add_tcase(suite, test_case);
    return run_suite(suite);
}
