/* Reading jemalloc's notation of values: see notation.h. */
#include "notation.h"

#include <inttypes.h>
#include <stdio.h>

enum { FRACTION_DIGITS = 14, FRACTION_BITS = 16 };

struct text {
    const char *at, *end;
};

/* The character that lies so many ahead; 0 behind the end. */
static char ahead(const struct text *text, size_t count)
{
    return count < (size_t)(text->end - text->at) ? text->at[count] : '\0';
}

/* 36 for what is no digit in any base. */
static unsigned digit_of(char letter)
{
    if (letter >= '0' && letter <= '9') {
        return (unsigned)(letter - '0');
    }
    letter |= 0x20;
    return letter >= 'a' && letter <= 'z' ? (unsigned)(letter - 'a') + 10 : 36;
}

static bool is_decimal(char letter)
{
    return digit_of(letter) < 10;
}

/* A number that is too large goes by only where it becomes smaller by what doesn't fit. */
static bool take_digits(struct text *text, unsigned base, uint64_t *number)
{
    const char *begin = text->at;

    for (*number = 0; digit_of(ahead(text, 0)) < base; text->at++) {
        uint64_t next = *number * base + digit_of(*text->at);

        if (next < *number) {
            return false;
        }
        *number = next;
    }
    return text->at > begin;
}

static bool take_number(struct text *text, uint64_t *number)
{
    unsigned base = 10;
    bool is_negative;

    while (ahead(text, 0) == ' ' || (ahead(text, 0) >= '\t' && ahead(text, 0) <= '\r')) {
        text->at++;
    }
    is_negative = ahead(text, 0) == '-';
    text->at += is_negative || ahead(text, 0) == '+';
    if (ahead(text, 0) == '0' && digit_of(ahead(text, 1)) < 8) {
        base = 8;
    } else if (ahead(text, 0) == '0' && (ahead(text, 1) | 0x20) == 'x' &&
               digit_of(ahead(text, 2)) < 16) {
        base = 16;
        text->at += 2;
    } else if (ahead(text, 0) == '0') {
        base = 1; /* a zero, and whatever follows is no part of it */
    }
    if (!take_digits(text, base, number)) {
        return false;
    }
    *number = is_negative ? -*number : *number;
    return true;
}

bool ra_notation_number(const char *begin, size_t length, uint64_t *number)
{
    struct text text = {begin, begin + length};

    return take_number(&text, number) && text.at == text.end;
}

static bool take(struct text *text, char letter)
{
    bool is_there = ahead(text, 0) == letter;

    text->at += is_there;
    return is_there;
}

/* In parts of 65536; of very long ones the first digits tell. */
static bool take_decimals(struct text *text, uint32_t *parts)
{
    uint64_t digits = 0, unit = 1;

    if (!is_decimal(ahead(text, 0))) {
        return false;
    }
    for (int i = 0; i < FRACTION_DIGITS; i++) {
        bool has_one = is_decimal(ahead(text, 0));

        digits = digits * 10 + (has_one ? digit_of(*text->at) : 0);
        unit *= 10;
        text->at += has_one;
    }
    while (is_decimal(ahead(text, 0))) {
        text->at++;
    }
    *parts = (uint32_t)((digits << FRACTION_BITS) / unit);
    return true;
}

bool ra_notation_fraction(const char *begin, size_t length, uint32_t *parts)
{
    struct text text = {begin, begin + length};
    uint32_t whole = 0, part = 0;

    if (ahead(&text, 0) != '.' && !is_decimal(ahead(&text, 0))) {
        return false;
    }
    for (; is_decimal(ahead(&text, 0)); text.at++) {
        whole = whole * 10 + digit_of(*text.at);
        if (whole >> FRACTION_BITS != 0) {
            return false;
        }
    }
    if (take(&text, '.') && !take_decimals(&text, &part)) {
        return false;
    }
    *parts = (whole << FRACTION_BITS) + part;
    return text.at == text.end;
}

bool ra_notation_take_range(const char **begin, size_t *length, struct ra_notation_range *range)
{
    struct text text = {*begin, *begin + *length};

    if (!take_number(&text, &range->first) || !take(&text, '-') ||
        !take_number(&text, &range->last) || !take(&text, ':') ||
        !take_number(&text, &range->number)) {
        return false;
    }
    take(&text, '|');
    *begin = text.at;
    *length = (size_t)(text.end - text.at);
    return true;
}

void ra_notation_show_fraction(uint32_t parts, char *text, size_t bytes)
{
    uint64_t unit = UINT64_C(100000000000000);
    uint64_t decimals = ((parts & ((1u << FRACTION_BITS) - 1)) * unit) >> FRACTION_BITS;
    int length = snprintf(text, bytes, "%" PRIu32 ".%0*" PRIu64, parts >> FRACTION_BITS,
                          FRACTION_DIGITS, decimals);

    while (length > 2 && (size_t)length < bytes && text[length - 1] == '0' &&
           text[length - 2] != '.') {
        text[--length] = '\0';
    }
}
