/*
 * One setting of jemalloc: the value it has, and what jemalloc made of a text given for
 * it. jemalloc says so at start-up alone, on stderr; here it is told from the type of the
 * setting and the value that mallctl shows ("opt.*"; jemalloc(3), "MALLCTL NAMESPACE").
 *
 * Nothing here allocates; errno may change. Any thread.
 */
#ifndef RA_SHIM_OPTION_H
#define RA_SHIM_OPTION_H

#include <stdbool.h>
#include <stddef.h>

#include "base.h"

#pragma GCC visibility push(hidden)

/* A part of a configuration text: neither copied nor terminated. */
struct ra_pair {
    const char *key;
    size_t key_length;
    const char *value; /* NULL: not a pair, and jemalloc reads no further */
    size_t value_length;
};

enum ra_verdict {
    RA_VERDICT_UNKNOWN, /* jemalloc has no such setting */
    RA_VERDICT_INVALID, /* no value of its type */
    RA_VERDICT_OTHER,   /* a value of its type, but not the one that jemalloc has */
    RA_VERDICT_FITTED,  /* jemalloc takes it, but has changed it */
    RA_VERDICT_EQUAL,   /* the value that jemalloc has */
    RA_VERDICT_SILENT   /* a setting that jemalloc reads, but doesn't show */
};

/* effective: the value that jemalloc has, cut off if longer; empty where it shows none. */
enum ra_verdict ra_option_judge(const struct ra_pair *pair, char effective[RA_SETTING_BYTES]);

/* Whether two pairs set the same thing. */
bool ra_option_same(const struct ra_pair *one, const struct ra_pair *other);

/* Whether a pair sets name. */
bool ra_option_is(const struct ra_pair *pair, const char *name);

#pragma GCC visibility pop

#endif
