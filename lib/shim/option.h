/*
 * One setting of jemalloc: the value it has, and what jemalloc made of a text given for
 * it. jemalloc says so at start-up alone, on stderr; here it is told from what its parser
 * accepts and the value that mallctl shows ("opt.*"; jemalloc(3), "MALLCTL NAMESPACE"): one
 * that was accepted and is another now was changed by jemalloc.
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
    RA_VERDICT_UNKNOWN, /* this jemalloc has no such setting */
    RA_VERDICT_INVALID, /* jemalloc refuses such a value */
    RA_VERDICT_FITTED,  /* jemalloc takes it, but has changed it */
    RA_VERDICT_EQUAL,   /* the value that jemalloc has */
    RA_VERDICT_SILENT   /* jemalloc takes it, but doesn't show what it has */
};

/* effective: the value that jemalloc has, cut off if longer; empty where it shows none. */
enum ra_verdict ra_option_judge(const struct ra_pair *pair, char effective[RA_SETTING_BYTES]);

/* Whether two pairs set the same thing. */
bool ra_option_same(const struct ra_pair *one, const struct ra_pair *other);

/* Whether a later pair of the same key only added to this one, of which this is the verdict. */
bool ra_option_adds(const struct ra_pair *pair, enum ra_verdict verdict);

/* Whether a pair sets name. */
bool ra_option_is(const struct ra_pair *pair, const char *name);

#pragma GCC visibility pop

#endif
