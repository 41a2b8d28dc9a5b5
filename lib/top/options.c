/*
 * Options: the table and its parser.
 */
#include "top/options.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "top/options_table.h"

/* A day: longer is more likely a mistake (milliseconds?) than a wish. */
static const double longest_delay = 86400;

enum { OPTION_BASE = 256 }; /* getopt's values for options without a letter: base + index */

static int fail(char *error, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int fail(char *error, size_t size, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(error, size, format, arguments);
    va_end(arguments);
    for (char *c = error; *c; c++) {
        if ((unsigned char)*c < ' ' || *c == 127) {
            *c = '?';
        }
    }
    return -1;
}

static int parse_whole(const char *text, int64_t max, int64_t *value)
{
    char *end;

    if (text[0] == '\0' || text[strspn(text, "0123456789")] != '\0') {
        return -1;
    }
    errno = 0;
    *value = strtoll(text, &end, 10);
    return errno == 0 && *value <= max ? 0 : -1;
}

static int parse_delay(const char *text, double *value)
{
    char *end;

    if (text[strspn(text, "0123456789.")] != '\0') {
        return -1;
    }
    *value = strtod(text, &end);
    return end != text && *end == '\0' && *value > 0 && *value <= longest_delay ? 0 : -1;
}

/* What getopt_long takes, made from the table. */
static void make_getopt_tables(char *letters, struct option *longs)
{
    *letters++ = ':';
    for (size_t i = 0; i < RA_OPTION_COUNT; i++) {
        const struct ra_option *option = &ra_option_table[i];

        longs[i] = (struct option){.name = option->name,
                                   .has_arg = option->argument ? required_argument : no_argument,
                                   .val = OPTION_BASE + (int)i};
        if (option->letter) {
            *letters++ = option->letter;
            if (option->argument) {
                *letters++ = ':';
            }
        }
    }
    *letters = '\0';
    longs[RA_OPTION_COUNT] = (struct option){0};
}

static const struct ra_option *option_of(int value)
{
    for (size_t i = 0; i < RA_OPTION_COUNT; i++) {
        if (value == OPTION_BASE + (int)i || value == ra_option_table[i].letter) {
            return &ra_option_table[i];
        }
    }
    return NULL;
}

static int apply(struct ra_options *options, const struct ra_option *option, const char *argument,
                 char *error, size_t size)
{
    switch (option->id) {
    case RA_OPTION_ONCE:
        options->once = true;
        return 0;
    case RA_OPTION_JSON:
        options->json = true;
        return 0;
    case RA_OPTION_BATCH:
        options->batch = true;
        return 0;
    case RA_OPTION_DELAY:
        if (parse_delay(argument, &options->delay) != 0) {
            return fail(error, size, "--delay takes seconds above 0, up to %.0f, not '%.60s'",
                        longest_delay, argument);
        }
        return 0;
    case RA_OPTION_ITERATIONS:
        if (parse_whole(argument, INT64_MAX, &options->iterations) != 0) {
            return fail(error, size, "--iterations takes a number, 0 or more, not '%.60s'",
                        argument);
        }
        return 0;
    case RA_OPTION_PRUNE:
        options->prune = true;
        return 0;
    case RA_OPTION_HELP:
        options->help = true;
        return 0;
    case RA_OPTION_VERSION:
        options->version = true;
        return 0;
    case RA_OPTION_COUNT:
        break;
    }
    return 0;
}

/* getopt's two complaints in our words. given: the argument that it stopped at. */
static int complain(int kind, const char *given, char *error, size_t size)
{
    const struct ra_option *option = option_of(optopt);

    if (kind == ':' && option) {
        return fail(error, size, "--%s needs a value: %s", option->name, option->argument);
    }
    if (option && optopt >= OPTION_BASE) {
        return fail(error, size, "--%s takes no value", option->name);
    }
    if (optopt > 0 && optopt < OPTION_BASE) {
        return fail(error, size, "unknown option '-%c'", optopt);
    }
    return fail(error, size, "unknown or ambiguous option '%.60s'", given);
}

static int parse_pid(struct ra_options *options, int count, char **words, char *error, size_t size)
{
    int64_t pid;

    if (count == 0) {
        return 0;
    }
    if (count > 1) {
        return fail(error, size, "one PID at a time, not also '%.60s'", words[1]);
    }
    if (parse_whole(words[0], INT_MAX, &pid) != 0 || pid == 0) {
        return fail(error, size, "'%.60s' is not a process id", words[0]);
    }
    options->pid = (pid_t)pid;
    return 0;
}

static int check_together(const struct ra_options *options, bool iterations_given, char *error,
                          size_t size)
{
    if (options->prune && (options->once || options->batch || options->pid != 0)) {
        return fail(error, size, "--prune goes with --json alone");
    }
    if (options->once && options->batch) {
        return fail(error, size, "--once and --batch exclude each other");
    }
    if (iterations_given && !options->batch) {
        return fail(error, size, "--iterations needs --batch");
    }
    if (options->batch && options->pid == 0) {
        return fail(error, size, "--batch needs a PID");
    }
    return 0;
}

int ra_options_parse(struct ra_options *options, int argc, char **argv, char *error, size_t size)
{
    struct option longs[RA_OPTION_COUNT + 1];
    char letters[2 * RA_OPTION_COUNT + 2];
    bool iterations_given = false;
    int value;

    *options = (struct ra_options){.delay = 1};
    make_getopt_tables(letters, longs);
    optind = 0; /* glibc: start anew, with the order of arguments free */
    opterr = 0;
    while ((value = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
        const struct ra_option *option = option_of(value);

        if (value == '?' || value == ':' || !option) {
            return complain(value, optind > 0 ? argv[optind - 1] : "", error, size);
        }
        if (apply(options, option, optarg, error, size) != 0) {
            return -1;
        }
        iterations_given |= option->id == RA_OPTION_ITERATIONS;
        if (options->help || options->version) {
            return 0;
        }
    }
    if (parse_pid(options, argc - optind, argv + optind, error, size) != 0) {
        return -1;
    }
    return check_together(options, iterations_given, error, size);
}
