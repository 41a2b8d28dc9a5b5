/* The lines of advice under the memory chain, in text and on screens of several sizes. */
#include <check.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "top/layout.h"
#include "top/views.h"

#include "suite.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

#define OLD "The process does not answer: jemalloc's figures are 35 s old"
#define PURGE "60.0MiB of free pages surely go back by ruby_alloc_top --purge 4242"
#define GAPS "40.0MiB of gaps between live objects, most in classes 48 and 1024,"
#define STAY "likely stay until a restart"
#define CLASS "look at class 1024"
#define LINE "\nadvice     "
#define MORE "\n           "

static struct ra_report_size sizes[] = {{0, 8, 8, 100, 800, 0.1, NAN},
                                        {33, 40, 48, 800, 32000, 0.8, NAN}};
static struct ra_report_class classes[] = {{16, 100, 40, 60, 960, 1, 256, 0.25, 3136, NAN, NAN},
                                           {48, 100, 0, 100, 4800, 1, 85, 1, 0, NAN, NAN}};
static struct ra_report_advice usual[] = {
    {"sample_old", OLD, RA_UNKNOWN},
    {"purge", PURGE, 60 << 20},
    {"slab_gaps", GAPS " " STAY, 40 << 20},
    {"live", CLASS, RA_UNKNOWN},
};
/* Two lines each at 80 columns. */
static struct ra_report_advice lengthy[] = {
    {"slab_gaps", GAPS " " STAY, 40 << 20},
    {"other", PURGE " " PURGE, RA_UNKNOWN},
    {"swap", GAPS " " STAY, RA_UNKNOWN},
    {"live", CLASS, RA_UNKNOWN},
};
/* As a recording may have them. */
static struct ra_report_advice nameless[] = {{NULL, "text", 1}, {"id", NULL, 1}};
static struct ra_report_advice warned[] = {
    {"sample_old", OLD, RA_UNKNOWN},
    {"own_allocator", OLD, RA_UNKNOWN},
};

static const struct {
    struct ra_report_advice *advice;
    size_t count;
    int columns, lines; /* 0 lines: text */
    const char *text;   /* from the end of the line before to the beginning of the next */
} cases[] = {
    {usual, COUNT_OF(usual), 80, 0, LINE PURGE LINE GAPS MORE STAY LINE CLASS "\nalso "},
    {usual, COUNT_OF(usual), 80, 15, NULL},
    {usual, COUNT_OF(usual), 80, 16, LINE PURGE LINE CLASS "\n"},
    {usual, COUNT_OF(usual), 80, 18, LINE PURGE LINE CLASS "\n"},
    {usual, COUNT_OF(usual), 80, 19, LINE PURGE LINE CLASS "\nsizes"},
    {usual, COUNT_OF(usual), 80, 23, LINE PURGE LINE CLASS "\nsizes"},
    {usual, COUNT_OF(usual), 80, 29, LINE PURGE LINE CLASS "\nsizes"},
    {usual, COUNT_OF(usual), 80, 30, LINE PURGE LINE GAPS MORE STAY LINE CLASS "\nsizes"},
    {usual, COUNT_OF(usual), 200, 59, LINE PURGE LINE GAPS " " STAY LINE CLASS "\nalso"},
    {lengthy, COUNT_OF(lengthy), 80, 0,
     LINE GAPS MORE STAY LINE PURGE MORE PURGE LINE CLASS "\nalso"},
    {lengthy, COUNT_OF(lengthy), 80, 23, LINE GAPS MORE STAY "\nsizes"},
    {lengthy, COUNT_OF(lengthy), 40, 23,
     LINE "40.0MiB of gaps between live" MORE "objects, most in classes ...\nsizes"},
    {warned, COUNT_OF(warned), 80, 0, NULL},
    {nameless, COUNT_OF(nameless), 80, 0, NULL},
    {NULL, 0, 80, 0, NULL},
};

static char *draw(const struct ra_report *report, int columns, int lines)
{
    struct ra_page page = {.width = columns};
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    if (lines == 0) {
        ra_views_draw_text(report, &page);
    } else {
        ra_layout_fill(report, columns, lines, &page);
        ck_assert_uint_le(page.count, (size_t)lines);
    }
    ck_assert(!page.failed);
    ra_page_print(&page, stream);
    ck_assert_int_eq(fclose(stream), 0);
    ra_page_clear(&page);
    return text;
}

START_TEST(test_advice_on_a_page)
{
    struct ra_report report = {.sizes = sizes,
                               .sizes_count = COUNT_OF(sizes),
                               .classes = classes,
                               .classes_count = COUNT_OF(classes),
                               .advice = cases[_i].advice,
                               .advice_count = cases[_i].count};
    char *text = draw(&report, cases[_i].columns, cases[_i].lines);

    if (cases[_i].text) {
        ck_assert_msg(strstr(text, cases[_i].text), "no %s in:\n%s", cases[_i].text, text);
    } else {
        ck_assert_msg(!strstr(text, LINE), "advice in:\n%s", text);
    }
    ck_assert_msg(!strstr(text, OLD), "a warning twice in:\n%s", text);
    free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("verdict");
    TCase *tcase = tcase_create("verdict");

    setlocale(LC_CTYPE, "C.UTF-8");
    tcase_add_loop_test(tcase, test_advice_on_a_page, 0, COUNT_OF(cases));
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
