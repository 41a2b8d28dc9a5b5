/*
 * Inside the parser of options: the values that they take, and which go together.
 * Each returns 0, or -1; what takes error leaves one line there.
 */
#ifndef RA_TOP_OPTION_PARTS_H
#define RA_TOP_OPTION_PARTS_H

#include "top/options.h"

/* A day: longer is more likely a mistake (milliseconds?) than a wish. */
#define RA_LONGEST_DELAY 86400.0

/* Put a line without control characters into error. Returns -1. */
int ra_option_fail(char *error, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A whole number up to max; seconds above 0. */
int ra_option_whole(const char *text, int64_t max, int64_t *value);
int ra_option_delay(const char *text, double *value);

/* -1 for never. jemalloc has a limit of its own, of 584 years, and says so itself. */
int ra_option_milliseconds(const char *text, int64_t *value);

/* An amount of memory: 1000, 64K, 10M, 2G. */
int ra_option_amount(const char *text, int64_t *value);

/* Process ids with commas between them, to those that were given before. */
int ra_option_pids(struct ra_options *options, const char *text, char *error, size_t size);

/* Whether the options given go together. */
int ra_option_rules(const struct ra_options *options, char *error, size_t size);

#endif
