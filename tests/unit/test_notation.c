/* Values as jemalloc writes them: what its parser takes, and what it makes of it. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "shim/notation.h"
#include "shim/ranges.h"

#include "suite.h"

static const struct {
    const char *text;
    bool is_number;
    uint64_t number;
} numbers[] = {
    {"0", true, 0},
    {"7", true, 7},
    {"+7", true, 7},
    {"-1", true, UINT64_MAX},
    {"-0", true, 0},
    {" \t5", true, 5},
    {"010", true, 8},
    {"00", true, 0},
    {"0x1F", true, 31},
    {"0Xa", true, 10},
    {"18446744073709551615", true, UINT64_MAX},
    {"", false, 0},
    {"-", false, 0},
    {" ", false, 0},
    {"5 ", false, 0},
    {"08", false, 0},
    {"09", false, 0},
    {"0x", false, 0},
    {"0xg", false, 0},
    {"- 5", false, 0},
    {"--5", false, 0},
    {"1e3", false, 0},
    {"5a", false, 0},
    {"18446744073709551616", false, 0},
    {"40000000000000000000", false, 0},
    {"30000000000000000000", true, UINT64_C(11553255926290448384)}, /* larger by what was cut off */
};

/* What follows in the text is another pair, and no part of the value. */
START_TEST(test_number)
{
    char text[64];
    uint64_t number = 0;

    snprintf(text, sizeof text, "%s7,x", numbers[_i].text);
    ck_assert_int_eq(ra_notation_number(text, strlen(numbers[_i].text), &number),
                     numbers[_i].is_number);
    if (numbers[_i].is_number) {
        ck_assert_uint_eq(number, numbers[_i].number);
    }
}
END_TEST

static const struct {
    const char *text;
    bool is_fraction;
    uint32_t parts;
    const char *shown;
} fractions[] = {
    {"0", true, 0, "0.0"},
    {"3", true, 3 << 16, "3.0"},
    {"0.25", true, 16384, "0.25"},
    {".5", true, 32768, "0.5"},
    {"1.0", true, 1 << 16, "1.0"},
    {"0.1", true, 6553, "0.09999084472656"},
    {"0.0001", true, 6, "0.00009155273437"},
    {"65535.99999999999999999", true, UINT32_MAX, "65535.99998474121093"},
    {"65536", false, 0, NULL},
    {"1.", false, 0, NULL},
    {".", false, 0, NULL},
    {"", false, 0, NULL},
    {"-1", false, 0, NULL},
    {"+1", false, 0, NULL},
    {"0.5x", false, 0, NULL},
    {" 1", false, 0, NULL},
};

START_TEST(test_fraction)
{
    char shown[40], text[64];
    uint32_t parts = 0;

    snprintf(text, sizeof text, "%s7,x", fractions[_i].text);
    ck_assert_int_eq(ra_notation_fraction(text, strlen(fractions[_i].text), &parts),
                     fractions[_i].is_fraction);
    if (fractions[_i].is_fraction) {
        ck_assert_uint_eq(parts, fractions[_i].parts);
        ra_notation_show_fraction(parts, shown, sizeof shown);
        ck_assert_str_eq(shown, fractions[_i].shown);
    }
}
END_TEST

static const struct {
    const char *text;
    bool are_ranges;
} ranges[] = {
    {"1-64:4", true},    {"1-64:1", true}, {"1-64:64", true},     {"1-64:4|128-256:2", true},
    {"1-64:4|", true},   {"64-1:4", true}, {"0x10-020: 4", true}, {"1-64:0", false},
    {"1-64:65", false},  {"1-64", false},  {"1-64:", false},      {"1-64:4|128-256", false},
    {"1-64:4|x", false}, {"1:4", false},   {"", false},           {"|", false},
    {"-1:4", false},
};

START_TEST(test_ranges)
{
    char text[64];

    snprintf(text, sizeof text, "%s7,x", ranges[_i].text);
    ck_assert_int_eq(ra_ranges_are_valid(text, strlen(ranges[_i].text), 1, 64),
                     ranges[_i].are_ranges);
}
END_TEST

START_TEST(test_take_range)
{
    const char *text = "1-64:4|128-256:2,x";
    size_t length = strlen(text) - 2;
    struct ra_notation_range range;

    ck_assert(ra_notation_take_range(&text, &length, &range));
    ck_assert(range.first == 1 && range.last == 64 && range.number == 4);
    ck_assert_str_eq(text, "128-256:2,x");
    ck_assert(ra_notation_take_range(&text, &length, &range));
    ck_assert(range.first == 128 && range.last == 256 && range.number == 2);
    ck_assert_uint_eq(length, 0);
    ck_assert(!ra_notation_take_range(&text, &length, &range));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("notation");
    TCase *values = tcase_create("values");

    tcase_add_loop_test(values, test_number, 0, sizeof numbers / sizeof *numbers);
    tcase_add_loop_test(values, test_fraction, 0, sizeof fractions / sizeof *fractions);
    tcase_add_loop_test(values, test_ranges, 0, sizeof ranges / sizeof *ranges);
    tcase_add_test(values, test_take_range);
    suite_add_tcase(suite, values);
    return run_suite(suite);
}
