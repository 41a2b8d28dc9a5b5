/* The views over a report made by hand: the text's labels, the screen's layout. */
#include <check.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "top/chain.h"
#include "top/columns.h"
#include "top/fields.h"
#include "top/layout.h"
#include "top/views.h"

#include "report_sample.h"
#include "suite.h"

static char *joined(const struct ra_page *page)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    ck_assert(!page->failed);
    ra_page_print(page, stream);
    ck_assert_int_eq(fclose(stream), 0);
    return text;
}

static char *text_of(const struct ra_report *report)
{
    struct ra_page page = {.width = 80};
    char *text;

    ra_views_draw_text(report, &page);
    text = joined(&page);
    ra_page_clear(&page);
    return text;
}

static const char *const text_lines[] = {
    "pid 4242  state running  uptime 30m00s  user root  comm ruby\n",
    "\ncommand ruby \"caf\xc3\xa9\".rb\n",
    "\nruby_version 3.1.7  jemalloc_version -  shim_version 0.1.0\n",
    "\nrequested  ~100.0MiB                     what the application asked for\n",
    "\nlive        120.0MiB   ~20.0MiB    8.3%  rounding: sizes rounded up to classes\n",
    "\nallocated   121.0MiB     1.0MiB    0.4%  thread_cache: ",
    "\nactive      150.0MiB    29.0MiB   12.1%  slab_gaps: ",
    "\nresident    170.0MiB    15.0MiB    6.2%  dirty: ",
    "\n                         5.0MiB    2.1%  metadata: ",
    "\nrss         240.0MiB    60.0MiB   25.0%  other: ",
    "\n                        10.0MiB    4.2%  files: ",
    "\nlargest    slab_gaps: 29.0MiB, 12.1% of rss: ",
    "\nratio      1.42 (resident / live)   sample_age 0.012s\n",
    "swap -  lazy_free 0B\n",
    "\n      33      40      48          800   80.0%                -         ~31.2KiB\n",
    "\n  >16KiB   20KiB   20KiB          100   10.0%                -           1.9MiB\n",
    "\n      48        234567     10.7MiB        91.0%     1.1KiB    1000        1.23M\n",
    "\n   20KiB             1     20.0KiB            -          -       -            1\n",
    "\n    4242         1000          900             50/s  live      ruby\n",
    "\n       -           10           10                -  ended     -\n",
    "\n  free    9.22E  calls of every way to free\n",
    "\n  prof                  -  heap profiling is available\n",
};

START_TEST(test_text_has_line)
{
    struct ra_report report = make_report();
    char *text;

    ck_assert_ptr_nonnull(setlocale(LC_CTYPE, "C.UTF-8"));
    text = text_of(&report);
    ck_assert_msg(strstr(text, text_lines[_i]), "no %s in:\n%s", text_lines[_i], text);
    free(text);
}
END_TEST

START_TEST(test_text_sorts_rows)
{
    struct ra_report report = make_report();
    char *text = text_of(&report);
    char *sizes_at = strstr(text, "sizes: "), *classes_at = strstr(text, "classes: ");

    ck_assert_ptr_nonnull(sizes_at);
    ck_assert(strstr(sizes_at, "\n      33") < strstr(sizes_at, "\n       0"));
    ck_assert(strstr(sizes_at, "\n       0") < strstr(sizes_at, "\n  >16KiB"));
    ck_assert(strstr(classes_at, "\n      48") < strstr(classes_at, "\n   20KiB"));
    ck_assert(strstr(classes_at, "\n   20KiB") < strstr(classes_at, "\n      16"));
    free(text);
}
END_TEST

START_TEST(test_text_labels_stale_sample)
{
    struct ra_report report = make_report();
    char *text;

    report.memory.sample_age = 35;
    text = text_of(&report);
    ck_assert_ptr_nonnull(strstr(text, "\nSTALE "));
    ck_assert_ptr_nonnull(strstr(text, " 35s old\n"));
    free(text);

    report.memory.sample_age = NAN;
    text = text_of(&report);
    ck_assert_ptr_nonnull(strstr(text, "no sample of jemalloc's figures"));
    free(text);
}
END_TEST

START_TEST(test_text_of_an_ended_process)
{
    struct ra_report report = make_report();
    char *text;

    report.process.state = "exited";
    report.memory.sample_age = 35;
    report.memory.sample_time = "2026-11-23T09:29:25Z";
    text = text_of(&report);
    ck_assert_ptr_nonnull(strstr(text, "  state exited  "));
    ck_assert_ptr_nonnull(strstr(
        text, "\nSTALE      the process has ended; last sampled 2026-11-23T09:29:25Z (35s ago)\n"));
    free(text);

    report.memory.sample_age = NAN;
    report.memory.sample_time = NULL;
    text = text_of(&report);
    ck_assert_ptr_nonnull(strstr(text, "\nSTALE      the process has ended, before "));
    free(text);
}
END_TEST

START_TEST(test_text_of_an_allocator_of_its_own)
{
    static const char warning[] = "\nwarning    allocations of this process bypass the library:\n"
                                  "           its executable has an allocator of its own\n";
    struct ra_report report = make_report();
    char *text = text_of(&report);

    ck_assert_ptr_null(strstr(text, "bypass"));
    free(text);
    report.process.own_allocator = -1;
    text = text_of(&report);
    ck_assert_ptr_null(strstr(text, "bypass"));
    free(text);
    report.process.own_allocator = 1;
    text = text_of(&report);
    ck_assert_ptr_nonnull(strstr(text, warning));
    free(text);
}
END_TEST

START_TEST(test_unknown_is_a_dash)
{
    struct ra_report report = make_unknown();
    char *text = text_of(&report);

    ck_assert_ptr_nonnull(strstr(text, "pid -  state -  uptime -  user -  comm -\n"));
    ck_assert_msg(strstr(text, "\nlive               -          -       -  rounding: ") != NULL,
                  "%s", text);
    ck_assert_ptr_nonnull(strstr(text, "\nlargest    -\n"));
    ck_assert_ptr_null(strstr(text, "nan"));
    ck_assert_ptr_null(strstr(text, "-9223372036854775808"));
    free(text);
}
END_TEST

/* As a recording may claim it: the difference of the two is no number. */
START_TEST(test_text_of_files_that_overflow)
{
    struct ra_report report = make_report();
    char *text;

    report.memory.rss = INT64_C(9000000000000000000);
    report.memory.rss_anon = -INT64_C(9000000000000000000);
    text = text_of(&report);
    ck_assert_msg(strstr(text, "\n                              -       -  files: ") != NULL, "%s",
                  text);
    free(text);
}
END_TEST

/* Each column shows a field that the catalogue has, and room for its title. */
START_TEST(test_columns_are_in_the_catalogue)
{
    static const struct ra_table *const tables[] = {&ra_table_sizes,    &ra_table_classes,
                                                    &ra_table_threads,  &ra_table_arenas,
                                                    &ra_table_settings, &ra_table_list};

    for (size_t t = 0; t < COUNT_OF(tables); t++) {
        ck_assert_ptr_nonnull(ra_group_find(tables[t]->group));
        for (size_t i = 0; i < tables[t]->column_count; i++) {
            const struct ra_column *column = &tables[t]->columns[i];
            const struct ra_group *group =
                ra_group_find(column->group ? column->group : tables[t]->group);
            const char *title = column->title ? column->title : column->field;

            ck_assert_msg(ra_field_find(group, column->field) != NULL, "%s", column->field);
            ck_assert_msg(column->last || column->width > (int)strlen(title), "%s", title);
            ck_assert_int_eq(column->last, column->last && i + 1 == tables[t]->column_count);
        }
    }
}
END_TEST

START_TEST(test_list_row)
{
    struct ra_report report = make_report();
    struct ra_page page = {.width = 1000};

    ra_list_draw_head(&page);
    ra_list_draw_row(&report, &page);
    ck_assert_uint_eq(page.count, 2);
    ck_assert_str_eq(page.lines[0].text,
                     "    PID  USER      STATE   UPTIME       RSS      LIVE RATIO "
                     "THREADS  COMMAND");
    ck_assert_str_eq(page.lines[1].text,
                     "   4242  root      running 30m00s  240.0MiB  120.0MiB  1.42 "
                     "      1  ruby \"caf\xc3\xa9\".rb");
    ra_page_clear(&page);
}
END_TEST

static const struct {
    double seconds;
    const char *lines[3];
} growth_rows[] = {
    {0,
     {"since         growth       lost          lost to\n",
      "\nlive        +40.0MiB    -4.0MiB          rounding: ",
      "\nrss                -          -          other: "}},
    {4,
     {"rates       growth/s     lost/s          lost to\n",
      "\nlive        +10.0MiB    -1.0MiB          rounding: ",
      "\nrss                -          -          other: "}},
    {NAN,
     {"rates       growth/s     lost/s          lost to\n",
      "\nlive               -          -          rounding: ",
      "\nrss                -          -          other: "}},
};

START_TEST(test_growth_in_all_and_a_second)
{
    struct ra_report from = make_report(), report = make_report();
    struct ra_page page = {.width = 80};
    char *text;

    from.memory.live = report.memory.live - 40 * MIB;
    from.fragmentation.rounding = report.fragmentation.rounding + 4 * MIB;
    from.memory.rss = RA_UNKNOWN;
    from.fragmentation.other = -INT64_MAX; /* as a recording may claim */
    ra_chain_draw_growth(&from, &report, growth_rows[_i].seconds, &page);
    text = joined(&page);
    for (size_t i = 0; i < COUNT_OF(growth_rows[_i].lines); i++) {
        ck_assert_msg(strstr(text, growth_rows[_i].lines[i]), "no %s in:\n%s",
                      growth_rows[_i].lines[i], text);
    }
    free(text);
    ra_page_clear(&page);
}
END_TEST

static const struct {
    int columns, lines;
    bool tables; /* both must be there, with rows */
} screens[] = {
    {80, 23, true}, {200, 59, true}, {132, 42, true}, {40, 9, false},
    {1, 1, false},  {0, 0, false},   {20, 200, true},
};

START_TEST(test_layout_at_size)
{
    struct ra_report report = make_report();
    struct ra_page page = {0};
    char *text;

    ra_layout_fill(&report, screens[_i].columns, screens[_i].lines, &page);
    text = joined(&page);
    ck_assert_ptr_nonnull(strstr(text, "pid 4242"));
    ck_assert_ptr_nonnull(strstr(text, "\nlive        120.0MiB"));
    if (screens[_i].tables) {
        ck_assert_int_le((int)page.count, screens[_i].lines);
        ck_assert_ptr_nonnull(strstr(text, "\n      33"));
        ck_assert_ptr_nonnull(strstr(text, "\n      48"));
    }
    free(text);
    ra_page_clear(&page);
}
END_TEST

static void add_text(Suite *suite)
{
    TCase *text = tcase_create("text");

    tcase_add_loop_test(text, test_text_has_line, 0, COUNT_OF(text_lines));
    tcase_add_test(text, test_text_sorts_rows);
    tcase_add_test(text, test_text_labels_stale_sample);
    tcase_add_test(text, test_text_of_an_ended_process);
    tcase_add_test(text, test_text_of_an_allocator_of_its_own);
    tcase_add_test(text, test_unknown_is_a_dash);
    tcase_add_test(text, test_text_of_files_that_overflow);
    tcase_add_test(text, test_columns_are_in_the_catalogue);
    tcase_add_test(text, test_list_row);
    tcase_add_loop_test(text, test_growth_in_all_and_a_second, 0, COUNT_OF(growth_rows));
    tcase_add_loop_test(text, test_layout_at_size, 0, COUNT_OF(screens));
    suite_add_tcase(suite, text);
}

int main(void)
{
    Suite *suite = suite_create("views");

    setlocale(LC_CTYPE, "C.UTF-8");
    add_text(suite);
    return run_suite(suite);
}
