/*
 * The options' table, and --help and --version, which are made from it.
 */
#include "top/options.h"

#include <string.h>

#include <ruby_alloc/environment.h>
#include <ruby_alloc/reader.h>

#include "top/chain.h"
#include "top/fields.h"
#include "top/keys.h"
#include "top/options_table.h"

const struct ra_option ra_option_table[] = {
    {RA_OPTION_ONCE, "once", 0, NULL, "print one report as text and end"},
    {RA_OPTION_JSON, "json", 0, NULL,
     "print JSON, one object a line, sizes in bytes;\nimplies --once unless --batch is given"},
    {RA_OPTION_BATCH, "batch", 0, NULL, "print a report every second until the process ends"},
    {RA_OPTION_DELAY, "delay", 'd', "SECONDS",
     "time between two reports, for --batch and the screen\n(0.5 is allowed; default 1)"},
    {RA_OPTION_ITERATIONS, "iterations", 'n', "COUNT",
     "with --batch: end after COUNT reports\n(default 0: never)"},
    {RA_OPTION_PRUNE, "prune", 0, NULL,
     "remove what killed processes left behind (yours; as\nroot: everyone's), and end"},
    {RA_OPTION_HELP, "help", 'h', NULL, "print this text"},
    {RA_OPTION_VERSION, "version", 'V', NULL, "print the version"},
};

_Static_assert(sizeof ra_option_table / sizeof *ra_option_table == RA_OPTION_COUNT,
               "every option is in the table");

static void print_option(FILE *stream, const struct ra_option *option)
{
    char names[64];

    snprintf(names, sizeof names, "%s%c%s--%s%s%s", option->letter ? "-" : " ",
             option->letter ? option->letter : ' ', option->letter ? ", " : "  ", option->name,
             option->argument ? "=" : "", option->argument ? option->argument : "");
    fprintf(stream, "  %-24s ", names);
    for (const char *c = option->help; *c; c++) {
        fputc(*c, stream);
        if (*c == '\n') {
            fprintf(stream, "%27s", "");
        }
    }
    fputc('\n', stream);
}

/* Several statuses of the reader may end in the same exit status: one line for it. */
static void print_exit_status(FILE *stream, int status)
{
    static const struct {
        int status;
        const char *meaning;
    } meanings[] = {
#define EXIT_MEANING(name, status, meaning) {status, meaning},
        RA_STATUSES(EXIT_MEANING){RA_EXIT_USAGE, "bad usage"},
#undef EXIT_MEANING
    };
    const char *separator = NULL;

    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++) {
        if (meanings[i].status != status) {
            continue;
        }
        if (separator) {
            fprintf(stream, "%s%s", separator, meanings[i].meaning);
        } else {
            fprintf(stream, "  %d  %s", status, meanings[i].meaning);
        }
        separator = "; or\n     ";
    }
    if (separator) {
        fputc('\n', stream);
    }
}

static const char purpose[] =
    "Shows where the memory of a running (or just killed) Ruby went, and which sizes\n"
    "it allocates most. The Ruby must run with LD_PRELOAD=libruby_alloc.so; it is not\n"
    "stopped or slowed down.\n";

static const char usage[] =
    "Usage:\n"
    "  ruby_alloc_top [--delay=SECONDS] PID    a screen that is refreshed each second\n"
    "  ruby_alloc_top --once [--json] PID      one report\n"
    "  ruby_alloc_top --batch [--json] PID     a report every second\n"
    "  ruby_alloc_top [--json]                 all processes that can be looked at\n"
    "  ruby_alloc_top --prune [--json]         remove the regions of dead processes\n"
    "Where input or output is not a terminal, --once is the default.\n";

static const char examples[] = "Examples:\n"
                               "  LD_PRELOAD=libruby_alloc.so ruby app.rb &\n"
                               "  ruby_alloc_top $!\n"
                               "  ruby_alloc_top --once 4242 | less\n"
                               "  ruby_alloc_top --json 4242 | jq .fragmentation\n"
                               "  ruby_alloc_top --batch --json -d 60 4242 >>memory.jsonl\n";

void ra_options_print_help(FILE *stream)
{
    fprintf(stream, "%s\n%s\nOptions:\n", purpose, usage);
    for (size_t i = 0; i < RA_OPTION_COUNT; i++) {
        print_option(stream, &ra_option_table[i]);
    }
    fputs("\nKeys on the screen:\n", stream);
    for (const struct ra_key *key = ra_keys; key->label; key++) {
        fprintf(stream, "  %-24s %s\n", key->label, key->help);
    }
    fputs("\nThe numbers (~ marks an estimate, - what is not known), each at least as\n"
          "large as the one above it:\n",
          stream);
    ra_chain_explain(stream);
    fputs("\nEnvironment of the Ruby process:\n", stream);
#define PRINT_VARIABLE(name, value, meaning)                                                       \
    fprintf(stream, "  %s\n      %s\n", #name "=" value, meaning);
    RA_ENVIRONMENT(PRINT_VARIABLE)
    fputs("\nExit status:\n", stream);
    for (int status = 0; status < 128; status++) {
        print_exit_status(stream, status);
    }
    fprintf(stream, "\n%s", examples);
}

void ra_options_print_version(FILE *stream)
{
    fprintf(stream, "%s %s\n", RA_TOP_NAME, RUBY_ALLOC_VERSION);
}
