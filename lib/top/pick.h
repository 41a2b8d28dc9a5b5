/*
 * Pick: which processes are meant, by pids, user and a regular expression. What isn't
 * given restricts nothing.
 */
#ifndef RA_TOP_PICK_H
#define RA_TOP_PICK_H

#include <regex.h>
#include <stdbool.h>

#include <ruby_alloc/report.h>

#include "top/options.h"

struct ra_pick {
    const pid_t *pids; /* the options' */
    size_t pid_count;
    bool has_user, has_match;
    int64_t uid;
    regex_t match;
};

/*
 * options must live as long. Returns false, with one line in error that says what is wrong:
 * no such user, no regular expression. Only then nothing is to be freed.
 */
bool ra_pick_make(struct ra_pick *pick, const struct ra_options *options, char *error, size_t size);
void ra_pick_free(struct ra_pick *pick);

/* To spare opening what will not be shown. */
bool ra_pick_has_pid(const struct ra_pick *pick, int64_t pid);

/* The expression is looked for in the command line, or in the short name without one. */
bool ra_pick_admits(const struct ra_pick *pick, const struct ra_report *report);

#endif
