/* Pages of any size, and the region laid out by the smallest: what is done to a part of it. */
#include <check.h>

#include "shim/base.h"
#include "shim/pages.h"

#include "suite.h"

static const size_t sizes[] = {4096, 16 * 1024, 64 * 1024};

/* Nothing outside of [from, to), and less than a page of it left out at either end. */
START_TEST(test_within_is_whole_pages)
{
    size_t page = sizes[_i];

    for (size_t from = 0; from < 4 * page; from += 4096) {
        for (size_t to = from; to < 5 * page; to += 4096) {
            struct ra_pages pages = ra_pages_within(from, to, page);

            ck_assert_uint_eq(pages.bytes % page, 0);
            if (pages.bytes > 0) {
                ck_assert_uint_eq(pages.at % page, 0);
                ck_assert_uint_ge(pages.at, from);
                ck_assert_uint_lt(pages.at - from, page);
                ck_assert_uint_le(pages.at + pages.bytes, to);
                ck_assert_uint_lt(to - pages.at - pages.bytes, page);
            } else {
                ck_assert_uint_lt(to - from, 2 * page);
            }
        }
    }
}
END_TEST

/* A forked child's hole: as ever on 4 KiB, none where all up to the slots is one page. */
START_TEST(test_hole_of_the_region)
{
    size_t from = offsetof(struct ra_region, sample), to = offsetof(struct ra_region, slots);

    ck_assert_uint_eq(ra_pages_within(from, to, 4096).at, from);
    ck_assert_uint_eq(ra_pages_within(from, to, 4096).bytes, to - from);
    ck_assert_uint_lt(to, 64 * 1024);
    ck_assert_uint_eq(ra_pages_within(from, to, 64 * 1024).bytes, 0);
}
END_TEST

START_TEST(test_storage_begins_on_any_page)
{
    ck_assert_uint_eq((uintptr_t)&ra_storage % RA_PAGE_MAX, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pages");
    TCase *pages = tcase_create("pages");

    tcase_add_loop_test(pages, test_within_is_whole_pages, 0, sizeof sizes / sizeof *sizes);
    tcase_add_test(pages, test_hole_of_the_region);
    tcase_add_test(pages, test_storage_begins_on_any_page);
    suite_add_tcase(suite, pages);
    return run_suite(suite);
}
