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

enum { RA_EXIT_USAGE = 2 };

struct ra_options {
    pid_t pid; /* 0: none given */
    bool help, version;
    bool once, json, batch, prune;
    double delay;       /* seconds between reports */
    int64_t iterations; /* 0: until the process ends */
};

/*
 * Parse the command line; not for more than one thread (getopt).
 *
 * Returns 0; or -1 and one line in error that says what is wrong.
 */
int ra_options_parse(struct ra_options *options, int argc, char **argv, char *error, size_t size);

/* The text of --help and of --version; write errors stay in the stream. */
void ra_options_print_help(FILE *stream);
void ra_options_print_version(FILE *stream);

#endif
