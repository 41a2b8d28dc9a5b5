/*
 * Numbers and text for people. Values that can't be known (RA_UNKNOWN, NAN, NULL,
 * a flag of -1) come out as "-". Nothing here depends on LC_NUMERIC; only
 * ra_format_fit asks the locale, for the width of characters.
 *
 * Example:
 *     printf("%s of %s\n", ra_format_bytes(lost).text, ra_format_bytes(rss).text);
 */
#ifndef RA_TOP_FORMAT_H
#define RA_TOP_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ruby_alloc/report.h>

/* A short text by value: one call may format several. */
struct ra_cell {
    char text[64];
};

/*
 * From now on sizes, amounts, counts and rates as plain numbers without a unit (--bytes), or
 * for people again. One for the whole program; not for more than one thread.
 */
void ra_format_plain(bool plain);

/* An amount of memory, IEC units: 0B, 640B, 1.5KiB, 12.0MiB. */
struct ra_cell ra_format_bytes(int64_t bytes);

/*
 * The size of an object, always exact: 40, 4096, 20KiB, and >16KiB for the
 * smallest size of a bucket (one byte more).
 */
struct ra_cell ra_format_size(int64_t bytes);

/* 999999, 1.23M, 45.6G */
struct ra_cell ra_format_count(int64_t count);

/* A difference with its sign; format: ra_format_bytes or ra_format_count. */
struct ra_cell ra_format_growth(struct ra_cell (*format)(int64_t value), int64_t value);

/* The nearest integer; RA_UNKNOWN for NAN and what no integer holds. */
int64_t ra_format_whole(double value);

/* now less before; RA_UNKNOWN where one of them is, or where no integer holds it. */
int64_t ra_format_difference(int64_t now, int64_t before);

/* 0.5/s, 1234/s, 1.23M/s */
struct ra_cell ra_format_rate(double per_second);

/* A share of 1: 42.0% */
struct ra_cell ra_format_share(double share);

/* 0.012s, 12s, 30m01s, 5h02m, 12d03h */
struct ra_cell ra_format_duration(double seconds);

/* A report's value by its type and unit; text is cut at the size of a cell. */
struct ra_cell ra_format_value(const struct ra_field *field, const void *record);

/* The user's name, or the number where it has none. */
struct ra_cell ra_format_user(int64_t uid);

/* A copy in which nothing acts on a terminal (ra_text_clean), to be freed; NULL: no memory. */
char *ra_format_clean(const char *text);

/*
 * Copy text for a terminal of this locale: what it can't print becomes '?', and it
 * ends before it takes more than columns columns or size bytes with the final NUL.
 *
 * Returns the columns it takes.
 */
int ra_format_fit(char *out, size_t size, const char *text, int columns);

/* The columns that all of text takes on a terminal of this locale. */
int ra_format_columns(const char *text);

/*
 * Take that many columns from the start of text. Of a number that would lose its start
 * nothing is left but spaces, lest it be taken for another one.
 */
void ra_format_cut(char *text, int columns);

#endif
