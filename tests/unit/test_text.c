/* Strings of a region, which anyone may have written, made fit for a terminal. */
#include <check.h>
#include <string.h>

#include "reader/text.h"

#include "suite.h"

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

int main(void)
{
    Suite *suite = suite_create("text");
    TCase *test_case = tcase_create("clean");

    tcase_add_loop_test(test_case, test_text_clean, 0, sizeof(texts) / sizeof(texts[0]));
    tcase_add_test(test_case, test_text_clean_bounded);
    suite_add_tcase(suite, test_case);
    return run_suite(suite);
}
