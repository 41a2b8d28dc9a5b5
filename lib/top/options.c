/*
 * Options: what getopt makes of the command line, by the table.
 */
#include "top/options.h"

#include <getopt.h>
#include <limits.h>
#include <string.h>

#include "top/option_parts.h"
#include "top/options_table.h"

/* getopt's values: a word that is no option; options without a letter, base + index. */
enum { WORD = 1, OPTION_BASE = 256 };

/* As getopt_long wants it, which is also the number of colons behind a letter. */
static int argument_of(const struct ra_option *option)
{
    if (!option->argument) {
        return no_argument;
    }
    return option->argument[0] == '[' ? optional_argument : required_argument;
}

/* What getopt_long takes, made from the table. */
static void make_getopt_tables(char *letters, struct option *longs)
{
    *letters++ = '-'; /* words that are no options come in their order, as WORD */
    *letters++ = ':';
    for (size_t i = 0; i < RA_OPTION_COUNT; i++) {
        const struct ra_option *option = &ra_option_table[i];

        longs[i] = (struct option){
            .name = option->name, .has_arg = argument_of(option), .val = OPTION_BASE + (int)i};
        if (option->letter) {
            *letters++ = option->letter;
            for (int colons = argument_of(option); colons > 0; colons--) {
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

static int take_record(struct ra_options *options, const char *path, char *error, size_t size)
{
    if (strcmp(path, "-") == 0 || path[0] == '\0') {
        return ra_option_fail(
            error, size,
            "--record needs the name of a file; --batch --json writes to standard output");
    }
    options->record = path;
    return 0;
}

static int choose(struct ra_options *options, enum ra_action_id action, char *error, size_t size)
{
    if (options->action != RA_ACTION_NONE && options->action != action) {
        return ra_option_fail(
            error, size, "--purge, --decay, --tcache-flush and --malloc-trim exclude each other");
    }
    options->action = action;
    return 0;
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
    case RA_OPTION_CSV:
        options->csv = true;
        return 0;
    case RA_OPTION_HTML:
        options->html = argument;
        return argument[0] ? 0 : ra_option_fail(error, size, "--html needs the name of a file");
    case RA_OPTION_BATCH:
        options->batch = true;
        return 0;
    case RA_OPTION_DELAY:
        if (ra_option_delay(argument, &options->delay) != 0) {
            return ra_option_fail(error, size,
                                  "--delay takes seconds above 0, up to %.0f, not '%.60s'",
                                  RA_LONGEST_DELAY, argument);
        }
        return 0;
    case RA_OPTION_ITERATIONS:
        if (ra_option_whole(argument, INT64_MAX, &options->iterations) != 0) {
            return ra_option_fail(error, size,
                                  "--iterations takes a number, 0 or more, not '%.60s'", argument);
        }
        return 0;
    case RA_OPTION_PID:
        return ra_option_pids(options, argument, error, size);
    case RA_OPTION_USER:
        options->user = argument;
        return 0;
    case RA_OPTION_MATCH:
        options->match = argument;
        return 0;
    case RA_OPTION_REPLAY:
        options->replay = argument;
        return 0;
    case RA_OPTION_PRUNE:
        options->prune = true;
        return 0;
    case RA_OPTION_CHECK:
        options->check = true;
        return 0;
    case RA_OPTION_PURGE:
        return choose(options, RA_ACTION_purge, error, size);
    case RA_OPTION_DECAY:
        if (ra_option_milliseconds(argument, &options->argument) != 0) {
            return ra_option_fail(
                error, size, "--decay takes milliseconds, 0 or more, or -1 for never, not '%.60s'",
                argument);
        }
        return choose(options, RA_ACTION_decay, error, size);
    case RA_OPTION_TCACHE_FLUSH:
        return choose(options, RA_ACTION_tcache_flush, error, size);
    case RA_OPTION_MALLOC_TRIM:
        return choose(options, RA_ACTION_malloc_trim, error, size);
    case RA_OPTION_OUTPUT:
        options->output = argument;
        return 0;
    case RA_OPTION_TOP:
        options->top = true;
        return 0;
    case RA_OPTION_RECORD:
        return take_record(options, argument, error, size);
    case RA_OPTION_MAX_SIZE:
        if (ra_option_amount(argument, &options->max_bytes) != 0 || options->max_bytes == 0) {
            return ra_option_fail(
                error, size, "--max-size takes bytes above 0, as in 10M, not '%.60s'", argument);
        }
        return 0;
    case RA_OPTION_COMPARE:
        options->compare = true;
        return 0;
    case RA_OPTION_FAIL_OVER:
        if (ra_option_amount(argument, &options->fail_over) != 0) {
            return ra_option_fail(error, size, "--fail-over takes bytes, as in 10M, not '%.60s'",
                                  argument);
        }
        return 0;
    case RA_OPTION_VIEW:
        options->excerpt.view = argument;
        return 0;
    case RA_OPTION_SORT:
        options->excerpt.sort = argument;
        return 0;
    case RA_OPTION_FIELDS:
        options->excerpt.fields = argument;
        return 0;
    case RA_OPTION_LIMIT:
        if (ra_option_whole(argument, INT64_MAX, &options->excerpt.limit) != 0 ||
            options->excerpt.limit == 0) {
            return ra_option_fail(error, size, "--limit takes a number above 0, not '%.60s'",
                                  argument);
        }
        return 0;
    case RA_OPTION_BYTES:
        options->bytes = true;
        return 0;
    case RA_OPTION_HELP:
        options->help = true;
        options->topic = argument;
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
        return ra_option_fail(error, size, "--%s needs a value: %s", option->name,
                              option->argument);
    }
    if (option && optopt >= OPTION_BASE) {
        return ra_option_fail(error, size, "--%s takes no value", option->name);
    }
    if (optopt > 0 && optopt < OPTION_BASE) {
        return ra_option_fail(error, size, "unknown option '-%c'", optopt);
    }
    return ra_option_fail(error, size, "unknown or ambiguous option '%.60s'", given);
}

static int parse_pid(struct ra_options *options, int count, char **words, char *error, size_t size)
{
    int64_t pid;

    if (options->compare && count < 2) {
        return ra_option_fail(error, size,
                              "--compare takes two, A and B: files of reports or PIDs");
    }
    if (options->compare) {
        options->sides[0] = *words++;
        options->sides[1] = *words++;
        count -= 2;
    }
    if (options->html && count > 0 && ra_option_whole(words[0], INT64_MAX, &pid) != 0) {
        options->html_from = *words++;
        count--;
    }
    for (int i = 0; i < count; i++) {
        if (ra_option_pids(options, words[i], error, size) != 0) {
            return -1;
        }
    }
    options->pid = options->pid_count == 1 ? options->pids[0] : 0;
    return 0;
}

/* Words that are no options, among the first words of argv. */
static void gather_word(char **argv, int count, int at)
{
    char *word = argv[at];

    argv[at] = argv[1 + count];
    argv[1 + count] = word;
}

/* --help metrics, as well as --help=metrics; any other word behind --help is let be. */
static int read_topic(struct ra_options *options, const char *next, char *error, size_t size)
{
    static const char metrics[] = "metrics";

    if (!options->topic && next && strcmp(next, metrics) == 0) {
        options->topic = next;
    }
    if (options->topic && strcmp(options->topic, metrics) != 0) {
        return ra_option_fail(error, size, "--help knows the topic metrics, not '%.60s'",
                              options->topic);
    }
    return 0;
}

/* What getopt finds, up to --help or --version. Words come to the front of argv, *words of them. */
static int read_options(struct ra_options *options, int argc, char **argv, int *words, char *error,
                        size_t size)
{
    struct option longs[RA_OPTION_COUNT + 1];
    char letters[3 * RA_OPTION_COUNT + 3];
    const char *last_value = NULL;
    int value;

    make_getopt_tables(letters, longs);
    optind = 0; /* glibc: start anew */
    opterr = 0;
    while ((value = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
        const struct ra_option *option = option_of(value);

        last_value = optarg;
        if (value == WORD) {
            gather_word(argv, (*words)++, optind - 1);
            continue;
        }
        if (value == '?' || value == ':' || !option) {
            return complain(value, optind > 0 ? argv[optind - 1] : "", error, size);
        }
        if (apply(options, option, optarg, error, size) != 0) {
            return -1;
        }
        options->iterations_given |= option->id == RA_OPTION_ITERATIONS;
        if (options->help) {
            return read_topic(options, argv[optind], error, size);
        }
        if (options->version) {
            return 0;
        }
    }
    if (optind > 1 && argv[optind - 1] != last_value && strcmp(argv[optind - 1], "--") == 0) {
        options->command = argv + optind;
    }
    return 0;
}

int ra_options_parse(struct ra_options *options, int argc, char **argv, char *error, size_t size)
{
    int words = 0;

    *options = (struct ra_options){.delay = 1, .fail_over = -1};
    if (read_options(options, argc, argv, &words, error, size) != 0) {
        return -1;
    }
    if (options->help || options->version) {
        return 0;
    }
    if (parse_pid(options, words, argv + 1, error, size) != 0) {
        return -1;
    }
    return ra_option_rules(options, error, size);
}
