/*
 * How jemalloc writes the values of its settings: whole numbers, fractions, and ranges of
 * sizes with a number each. What is read here is what its parser reads, to the last sign.
 *
 * A text is length bytes, neither terminated nor copied; all of it must be the value. All
 * functions are pure but for their result, and return false for what jemalloc refuses.
 */
#ifndef RA_SHIM_NOTATION_H
#define RA_SHIM_NOTATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

/* Decimal, octal (010) or hexadecimal (0x10); a minus makes it 2^64 less that. */
bool ra_notation_number(const char *text, size_t length, uint64_t *number);

/* Digits with a point: 0.25, .5, 3; in parts of 65536, rounded down. Below 65536. */
bool ra_notation_fraction(const char *text, size_t length, uint32_t *parts);

/* 1-64:4|128-512:2 and so on: takes the first of these away from the text. */
struct ra_notation_range {
    uint64_t first, last, number;
};
bool ra_notation_take_range(const char **text, size_t *length, struct ra_notation_range *range);

/* Write a number of 65536th parts with a point, as jemalloc does. */
void ra_notation_show_fraction(uint32_t parts, char *text, size_t bytes);

#pragma GCC visibility pop

#endif
