/* The report's tables: classes, sizes and threads, and their rates, from regions made by hand. */
#include "report_case.h"

#include <math.h>

#include "reader/snapshot.h"

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

int main(void)
{
    Suite *suite = suite_create("report_tables");
    TCase *test_case = tcase_create("rows");

    tcase_add_checked_fixture(test_case, set_up, tear_down);
    tcase_add_test(test_case, test_report_classes);
    tcase_add_test(test_case, test_report_sizes);
    tcase_add_test(test_case, test_report_threads);
    tcase_add_test(test_case, test_report_every_bucket);
    tcase_add_test(test_case, test_report_torn_counters);
    tcase_add_test(test_case, test_report_without_classes);
    tcase_add_test(test_case, test_report_rates);
    suite_add_tcase(suite, test_case);
    return run_suite(suite);
}
