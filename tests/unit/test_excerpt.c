/*
 * Excerpts: the order of rows, the columns chosen, and what --bytes makes of numbers.
 */
#include <check.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "top/excerpt.h"
#include "top/options.h"

#include "suite.h"

static struct ra_report_thread threads[] = {
    {.tid = 11, .name = "b", .state = "live", .allocations = 5, .frees = 1},
    {.tid = 12, .name = NULL, .state = "live", .allocations = RA_UNKNOWN, .frees = 1},
    {.tid = 13, .name = "a", .state = "ended", .allocations = 2000000, .frees = 1},
    {.tid = 14, .name = "c", .state = "live", .allocations = 5, .frees = 1},
};

static struct ra_report report_of_threads(void)
{
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        threads[i].allocation_rate = NAN;
    }
    return (struct ra_report){.threads = threads,
                              .threads_count = sizeof threads / sizeof *threads};
}

/* The lines below the heads of the table of threads, one after another. */
static char *drawn(const struct ra_excerpt *excerpt, bool plain)
{
    struct ra_report report = report_of_threads();
    struct ra_page page = {.width = INT_MAX};
    struct ra_table chosen;
    char error[128] = "", *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);

    ck_assert_msg(ra_excerpt_apply(excerpt, &ra_table_threads, &chosen, error, sizeof error) == 0,
                  "%s", error);
    ra_format_plain(plain);
    ra_table_draw(&chosen, &report, ra_excerpt_rows(excerpt, SIZE_MAX), &page);
    ra_format_plain(false);
    for (size_t i = 2; i < page.count; i++) {
        fprintf(stream, "%s;", page.lines[i].text);
    }
    ck_assert(!page.failed);
    ra_page_clear(&page);
    ra_excerpt_release(&chosen);
    fclose(stream);
    return text;
}

static const struct {
    struct ra_excerpt excerpt;
    bool plain;
    const char *lines;
} excerpts[] = {
    /* Equal ones as they come, the unknown last, both ways. */
    {{.fields = "tid", .sort = "allocations"}, false, "      13;      11;      14;      12;"},
    {{.fields = "tid", .sort = "-allocations"}, false, "      11;      14;      13;      12;"},
    {{.fields = "tid", .sort = "name"}, false, "      13;      11;      14;      12;"},
    {{.fields = "tid", .sort = "-name"}, false, "      14;      11;      13;      12;"},
    {{.fields = "tid", .sort = "allocation_rate"}, false, "      11;      12;      13;      14;"},
    {{.fields = "tid", .limit = 2}, false, "      13;      11;"},
    {{.fields = "tid,tid", .limit = 1}, false, "      13      13;"},
    {{.fields = "allocations", .limit = 1}, false, "        2.00M;"},
    {{.fields = "allocations", .limit = 1}, true, "      2000000;"},
    /* A text takes the rest of the line at its end only. */
    {{.fields = "tid,name", .sort = "-name", .limit = 1}, false, "      14  c;"},
    {{.fields = "name,tid", .sort = "-name", .limit = 1},
     false,
     "  c                           14;"},
};

START_TEST(test_excerpt_of_a_table)
{
    char *lines = drawn(&excerpts[_i].excerpt, excerpts[_i].plain);

    ck_assert_str_eq(lines, excerpts[_i].lines);
    free(lines);
}
END_TEST

START_TEST(test_list_by_a_column_of_its_own)
{
    struct ra_report few = {0}, many = report_of_threads();
    const struct ra_report *reports[] = {&few, &many};
    const struct ra_excerpt excerpt = {.fields = "threads,memory.pss", .sort = "threads"};
    struct ra_page page = {.width = INT_MAX};
    struct ra_table chosen;
    char error[128];

    few.memory.pss = RA_UNKNOWN;
    many.memory.pss = 2048;
    ck_assert_int_eq(ra_excerpt_apply(&excerpt, &ra_table_list, &chosen, error, sizeof error), 0);
    ra_list_draw(&chosen, reports, 2, SIZE_MAX, &page);
    ck_assert_uint_eq(page.count, 3);
    ck_assert_str_eq(page.lines[0].text, " THREADS         pss");
    ck_assert_str_eq(page.lines[1].text, "       3      2.0KiB");
    ck_assert_str_eq(page.lines[2].text, "       0           -");
    ra_page_clear(&page);
    ra_excerpt_release(&chosen);
}
END_TEST

static const struct {
    struct ra_excerpt excerpt;
    bool list;
    const char *error; /* NULL: it can be done */
} checks[] = {
    {{.view = "classes", .sort = "size"}, false, NULL},
    {{.view = "memory"}, false, NULL},
    {{.sort = "RSS", .fields = "pid,user,process.started,memory.pss"}, true, NULL},
    {{.fields = "pid,memory."},
     true,
     "no field 'memory.' in the list of processes; --view help lists them"},
    {{.fields = ".rss"}, true, "no field '.rss' in the list of processes; --view help lists them"},
    {{.fields = "threads.tid"},
     true,
     "no field 'threads.tid' in the list of processes; --view help lists them"},
    {{.view = "threads", .fields = "memory.rss"},
     false,
     "no field 'memory.rss' in threads; --view help lists them"},
    {{.view = "threads", .fields = ""}, false, "no field '' in threads; --view help lists them"},
    {{.view = "threads", .sort = "--tid"},
     false,
     "no field '-tid' in threads; --view help lists them"},
    {{.view = "Classes"}, false, "no view 'Classes'; --view help lists them"},
};

START_TEST(test_check)
{
    char error[128] = "";
    int result = ra_excerpt_check(&checks[_i].excerpt, checks[_i].list, error, sizeof error);

    ck_assert_int_eq(result, checks[_i].error ? -1 : 0);
    ck_assert_str_eq(error, checks[_i].error ? checks[_i].error : "");
}
END_TEST

START_TEST(test_plain_numbers)
{
    ra_format_plain(true);
    ck_assert_str_eq(ra_format_bytes(1536).text, "1536");
    ck_assert_str_eq(ra_format_bytes(INT64_MAX).text, "9223372036854775807");
    ck_assert_str_eq(ra_format_bytes(RA_UNKNOWN).text, "-");
    ck_assert_str_eq(ra_format_size(16385).text, "16385");
    ck_assert_str_eq(ra_format_count(123456789).text, "123456789");
    ck_assert_str_eq(ra_format_count(RA_UNKNOWN).text, "-");
    ck_assert_str_eq(ra_format_rate(1234567.89).text, "1234567.9");
    ck_assert_str_eq(ra_format_rate(NAN).text, "-");
    ra_format_plain(false);
    ck_assert_str_eq(ra_format_bytes(1536).text, "1.5KiB");
}
END_TEST

/* --view help and --help metrics: for 80 columns, with every name. */
START_TEST(test_lists_fit_80_columns)
{
    static void (*const prints[])(FILE *) = {ra_excerpt_print_views, ra_options_print_metrics};
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);

    prints[_i](stream);
    fclose(stream);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        ck_assert_msg(strlen(line) <= 80, "too long: %s", line);
    }
    free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("excerpt");
    TCase *excerpt = tcase_create("excerpt");

    tcase_add_loop_test(excerpt, test_excerpt_of_a_table, 0,
                        (int)(sizeof excerpts / sizeof *excerpts));
    tcase_add_test(excerpt, test_list_by_a_column_of_its_own);
    tcase_add_loop_test(excerpt, test_check, 0, (int)(sizeof checks / sizeof *checks));
    tcase_add_test(excerpt, test_plain_numbers);
    tcase_add_loop_test(excerpt, test_lists_fit_80_columns, 0, 2);
    suite_add_tcase(suite, excerpt);

    return run_suite(suite);
}
