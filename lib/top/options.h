/*
 * Options: one table, from which the parser, --help and the usage line are made.
 */
#ifndef RA_TOP_OPTIONS_H
#define RA_TOP_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include <ruby_alloc/region.h>

#include "top/columns.h"

enum { RA_EXIT_USAGE = 2, RA_EXIT_GREW = 10 };

enum { RA_PIDS_MAX = 64 };

struct ra_options {
    pid_t pid;               /* 0: none given, or several */
    pid_t pids[RA_PIDS_MAX]; /* all that were given */
    size_t pid_count;
    const char *user, *match; /* NULL: any */
    const char *replay;       /* the file; NULL: none */
    bool help, version;
    const char *topic; /* of --help; NULL: all */
    bool once, json, batch, prune, check;
    double delay;       /* seconds between reports */
    int64_t iterations; /* 0: until the process ends */
    bool iterations_given;
    enum ra_action_id action;
    int64_t argument;   /* of the action: --decay's milliseconds, -1 for never */
    const char *record; /* the file; NULL: none. As all texts here: of argv */
    int64_t max_bytes;  /* of that file; 0: any */
    bool csv;
    const char *html;      /* the file, or "-"; NULL: none */
    const char *html_from; /* a recording, in which pid chooses; NULL: process pid */
    bool compare;
    const char *sides[2]; /* of --compare, in which pid chooses among processes */
    int64_t fail_over;    /* bytes; -1: not given */
    char **command;       /* what follows --, ends with NULL; NULL: nothing to run */
    const char *output;   /* file for the command's report; NULL: standard error */
    bool top;             /* the screen while the command runs */
    struct ra_excerpt excerpt;
    bool bytes;           /* numbers without units */
    bool ignores_sigpipe; /* did so when it was started, and so will the command */
};

/*
 * Parse the command line; not for more than one thread (getopt).
 *
 * Returns 0; or -1 and one line in error that says what is wrong.
 */
int ra_options_parse(struct ra_options *options, int argc, char **argv, char *error, size_t size);

/* The text of --help, of --help metrics and of --version; write errors stay in the stream. */
void ra_options_print_help(FILE *stream);
void ra_options_print_metrics(FILE *stream);
void ra_options_print_version(FILE *stream);

#endif
