/* Buckets: every boundary, and how buckets and jemalloc's classes fit together. */
#include <check.h>
#include <stdlib.h>

#include "ruby_alloc/buckets.h"

#include "suite.h"

START_TEST(test_bucket_of_boundaries)
{
    unsigned bucket = (unsigned)_i;
    size_t min = ra_bucket_min(bucket);
    size_t max = ra_bucket_max(bucket);

    ck_assert_uint_le(min, max);
    ck_assert_uint_eq(ra_bucket_of(min), bucket);
    ck_assert_uint_eq(ra_bucket_of(max), bucket);
    ck_assert_uint_eq(ra_bucket_of(min + (max - min) / 2), bucket);
    if (bucket > 0) {
        ck_assert_uint_eq(ra_bucket_of(min - 1), bucket - 1);
    }
    if (bucket + 1 < RA_BUCKET_COUNT) {
        ck_assert_uint_eq(ra_bucket_of(max + 1), bucket + 1);
    }
}
END_TEST

static const struct {
    size_t size;
    unsigned bucket;
    size_t min, max;
} golden[] = {
    {0, 0, 0, 8},
    {1, 0, 0, 8},
    {8, 0, 0, 8},
    {9, 1, 9, 16},
    {40, 4, 33, 40},
    {4088, 510, 4081, 4088},
    {4096, 511, 4089, 4096},
    {4097, 512, 4097, 5120},
    {5120, 512, 4097, 5120},
    {5121, 513, 5121, 6144},
    {8192, 515, 7169, 8192},
    {8193, 516, 8193, 10240},
    {(size_t)8 << 20, 555, ((size_t)7 << 20) + 1, (size_t)8 << 20},
    {((size_t)8 << 20) + 1, 556, ((size_t)8 << 20) + 1, (size_t)10 << 20},
    {(size_t)1 << 47, 651, ((size_t)7 << 44) + 1, (size_t)1 << 47},
};

START_TEST(test_bucket_of_golden)
{
    ck_assert_uint_eq(ra_bucket_of(golden[_i].size), golden[_i].bucket);
    ck_assert_uint_eq(ra_bucket_min(golden[_i].bucket), golden[_i].min);
    ck_assert_uint_eq(ra_bucket_max(golden[_i].bucket), golden[_i].max);
}
END_TEST

START_TEST(test_bucket_of_beyond_last)
{
    ck_assert_uint_eq(ra_bucket_of(((size_t)1 << 47) + 1), RA_BUCKET_COUNT - 1);
    ck_assert_uint_eq(ra_bucket_of((size_t)1 << 62), RA_BUCKET_COUNT - 1);
    ck_assert_uint_eq(ra_bucket_of(SIZE_MAX), RA_BUCKET_COUNT - 1);
}
END_TEST

START_TEST(test_counts_fixed_by_the_layout)
{
    ck_assert_uint_eq(RA_SMALL_COUNT, 512);
    ck_assert_uint_eq(RA_FREED_COUNT, 257);
    ck_assert_uint_eq(RA_LARGE_COUNT, 140);
    ck_assert_uint_eq(RA_LARGE_OWN_COUNT, 44);
    ck_assert_uint_eq(RA_LARGE_SHARED_COUNT, 96);
    ck_assert_uint_eq(RA_BUCKET_COUNT, 652);
    ck_assert_uint_eq(ra_large_max(RA_LARGE_OWN_COUNT - 1), (size_t)8 << 20);
}
END_TEST

START_TEST(test_every_class_bound_is_a_bucket_bound)
{
    size_t quarter = (size_t)1 << _i;

    for (size_t i = 5; i <= 8; i++) {
        size_t class_size = i * quarter;

        if (class_size % RA_SMALL_STEP == 0) {
            ck_assert_uint_eq(ra_bucket_max(ra_bucket_of(class_size)), class_size);
        }
    }
}
END_TEST

START_TEST(test_freed_of_tells_classes_apart)
{
    unsigned last = ra_freed_of(8);

    ck_assert_uint_eq(last, 0);
    for (size_t size = 16; size <= RA_SMALL_MAX; size += 16) {
        ck_assert_uint_eq(ra_freed_of(size), last + 1);
        last = ra_freed_of(size);
    }
    ck_assert_uint_eq(last, RA_FREED_COUNT - 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("buckets");
    TCase *bounds = tcase_create("bounds");

    tcase_add_loop_test(bounds, test_bucket_of_boundaries, 0, RA_BUCKET_COUNT);
    tcase_add_loop_test(bounds, test_bucket_of_golden, 0, sizeof(golden) / sizeof(golden[0]));
    tcase_add_test(bounds, test_bucket_of_beyond_last);
    tcase_add_test(bounds, test_counts_fixed_by_the_layout);
    tcase_add_loop_test(bounds, test_every_class_bound_is_a_bucket_bound, 1, 44);
    tcase_add_test(bounds, test_freed_of_tells_classes_apart);
    suite_add_tcase(suite, bounds);
    return run_suite(suite);
}
