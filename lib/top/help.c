/*
 * The options' table, and --help and --version, which are made from it.
 */
#include "top/options.h"

#include <string.h>

#include <ruby_alloc/environment.h>
#include <ruby_alloc/reader.h>

#include "top/chain.h"
#include "top/check.h"
#include "top/fields.h"
#include "top/keys.h"
#include "top/options_table.h"
#include "top/states.h"

const struct ra_option ra_option_table[] = {
    {RA_OPTION_BATCH, "batch", 0, NULL,
     "print a report every second until the process ends;\nof several PIDs a list, or what --json "
     "and --csv say"},
    {RA_OPTION_DELAY, "delay", 'd', "SECONDS",
     "time between two reports, for the screen, --batch,\n--record and -- COMMAND (0.5 is allowed; "
     "default 1)"},
    {RA_OPTION_ITERATIONS, "iterations", 'n', "COUNT",
     "with --batch or --record: end after COUNT reports\n(default 0: never)"},
    {RA_OPTION_PID, "pid", 'p', "PID", "only this process, or these (-p 1 -p 2, or -p 1,2)"},
    {RA_OPTION_USER, "user", 'u', "USER", "only processes of this user"},
    {RA_OPTION_MATCH, "match", 0, "REGEX",
     "only processes whose command line matches, as an\nextended regular expression"},
    {RA_OPTION_REPLAY, "replay", 0, "FILE",
     "the screen over what --record or --batch --json wrote"},
    {RA_OPTION_ONCE, "once", 0, NULL, "print one report as text and end"},
    {RA_OPTION_JSON, "json", 0, NULL,
     "print JSON, one object a line, sizes in bytes;\nimplies --once unless --batch is given"},
    {RA_OPTION_CSV, "csv", 0, NULL,
     "the same as comma-separated values, a line each; with\n--view: that part of it, a line for "
     "each row"},
    {RA_OPTION_VIEW, "view", 0, "NAME",
     "print this part of the report alone, tables whole;\nhelp: list the parts"},
    {RA_OPTION_SORT, "sort", 0, "FIELD",
     "with a --view that is a table, or the list of\nprocesses: largest FIELD first; -FIELD: "
     "smallest"},
    {RA_OPTION_FIELDS, "fields", 0, "FIELDS", "with these: the columns, as in size,live_bytes"},
    {RA_OPTION_LIMIT, "limit", 0, "COUNT", "with these: the first COUNT rows"},
    {RA_OPTION_BYTES, "bytes", 0, NULL,
     "print whole numbers of bytes, not KiB and MiB; the\nsentences of advice stay as they are"},
    {RA_OPTION_RECORD, "record", 0, "FILE",
     "append a report a line to FILE, of each PID every\nsecond, until all of them have ended or "
     "^C"},
    {RA_OPTION_MAX_SIZE, "max-size", 0, "BYTES",
     "with --record: begin a new FILE before it exceeds\nBYTES (10M; K, M, G); FILE.1 to FILE.3 "
     "are kept"},
    {RA_OPTION_HTML, "html", 0, "FILE",
     "write a page to FILE (-: standard output) that a\nbrowser shows: of a PID, or over time of a "
     "recording"},
    {RA_OPTION_COMPARE, "compare", 0, NULL,
     "what has grown from A to B: each a PID, or a FILE of\nsaved reports (its last one; "
     "FILE@first, FILE@N;\n-: standard input)"},
    {RA_OPTION_FAIL_OVER, "fail-over", 0, "BYTES",
     "with --compare: exit status 10 if live memory grew by\nmore than BYTES (10M; K, M, G)"},
    {RA_OPTION_OUTPUT, "output", 'o', "FILE",
     "with -- COMMAND: write the report to FILE, not to\nstandard error (-: to standard output)"},
    {RA_OPTION_TOP, "top", 0, NULL,
     "with -- COMMAND: show the screen while it runs; its\ninput and output must be redirected"},
    {RA_OPTION_CHECK, "check", 0, NULL,
     "say which allocator a process really uses, with the\nlibrary or without, how it got there, "
     "and "
     "what to do;\nwithout a PID: a line for each Ruby"},
    {RA_OPTION_PURGE, "purge", 0, NULL,
     "have the process give its unused pages back now, and\nshow its memory before and after"},
    {RA_OPTION_DECAY, "decay", 0, "MS",
     "have it give unused pages back after MS milliseconds\nfrom now on (-1: never)"},
    {RA_OPTION_TCACHE_FLUSH, "tcache-flush", 0, NULL, "have each of its threads empty its cache"},
    {RA_OPTION_MALLOC_TRIM, "malloc-trim", 0, NULL, "have it call malloc_trim(0)"},
    {RA_OPTION_PRUNE, "prune", 0, NULL,
     "remove what killed processes left behind (yours; as\nroot: everyone's), and end"},
    {RA_OPTION_HELP, "help", 'h', "[TOPIC]",
     "print this text; --help metrics: each value of a\nreport, its unit and its meaning"},
    {RA_OPTION_VERSION, "version", 'V', NULL, "print the version"},
};

_Static_assert(sizeof ra_option_table / sizeof *ra_option_table == RA_OPTION_COUNT,
               "every option is in the table");

const struct ra_option_theme ra_option_themes[] = {
    {RA_OPTION_BATCH, "Watching"},    {RA_OPTION_ONCE, "One report, or a list without a PID"},
    {RA_OPTION_RECORD, "Files"},      {RA_OPTION_OUTPUT, "Running a command"},
    {RA_OPTION_CHECK, "Any process"}, {RA_OPTION_PURGE, "Acting on a process"},
    {RA_OPTION_HELP, "Help"},         {0},
};

static void print_option(FILE *stream, const struct ra_option *option)
{
    char names[64];

    snprintf(names, sizeof names, "%s%c%s--%s%s%s", option->letter ? "-" : " ",
             option->letter ? option->letter : ' ', option->letter ? ", " : "  ", option->name,
             !option->argument            ? ""
             : option->argument[0] == '[' ? " "
                                          : "=",
             option->argument ? option->argument : "");
    fprintf(stream, "  %-24s ", names);
    for (const char *c = option->help; *c; c++) {
        fputc(*c, stream);
        if (*c == '\n') {
            fprintf(stream, "%27s", "");
        }
    }
    fputc('\n', stream);
}

static void print_options(FILE *stream)
{
    const struct ra_option_theme *theme = ra_option_themes;

    for (size_t i = 0; i < RA_OPTION_COUNT; i++) {
        if (theme->name && theme->first == ra_option_table[i].id) {
            fprintf(stream, "\n%s:\n", theme->name);
            theme++;
        }
        print_option(stream, &ra_option_table[i]);
    }
}

const struct ra_exit_meaning ra_exit_meanings[] = {
#define EXIT_MEANING(name, status, meaning) {status, meaning},
    RA_STATUSES(EXIT_MEANING){RA_EXIT_USAGE, "bad usage"},
    {RA_EXIT_GREW, "live memory grew by more than --fail-over"},
#undef EXIT_MEANING
    {0, NULL},
};

/* Several statuses of the reader may end in the same exit status: one line for it. */
static void print_exit_status(FILE *stream, int status)
{
    const char *separator = NULL;

    for (const struct ra_exit_meaning *one = ra_exit_meanings; one->meaning; one++) {
        if (one->status != status) {
            continue;
        }
        if (separator) {
            fprintf(stream, "%s%s", separator, one->meaning);
        } else {
            fprintf(stream, "  %d  %s", status, one->meaning);
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
    "  ruby_alloc_top --batch [--json] PID...  a report every second\n"
    "  ruby_alloc_top [--json]                 all processes that can be looked at\n"
    "  ruby_alloc_top --check [--json] [PID]   which allocator any process uses\n"
    "  ruby_alloc_top --purge [--json] PID     act on one: also --decay=MS,\n"
    "                                          --tcache-flush, --malloc-trim\n"
    "  ruby_alloc_top --record=FILE PID...     a report every second into a file\n"
    "  ruby_alloc_top --replay=FILE [PID]      the screen over such a file\n"
    "  ruby_alloc_top --html=PAGE PID|FILE     a page for a browser\n"
    "  ruby_alloc_top --compare [--json] A B   what has grown between two reports\n"
    "  ruby_alloc_top [-o FILE] -- COMMAND     run it, and report at its end\n"
    "  ruby_alloc_top --prune [--json]         remove the regions of dead processes\n"
    "Where input or output is not a terminal, --once is the default.\n";

static const char exit_status_of_command[] =
    "With -- COMMAND: the command's own; 128 and the signal's number if one ended it;\n"
    "127 if it is not found, 126 if it can't be run, 125 if that is our own fault: no\n"
    "library, no place for regions or the report.\n";

static const char examples[] = "Examples:\n"
                               "  LD_PRELOAD=libruby_alloc.so ruby app.rb &\n"
                               "  ruby_alloc_top $!\n"
                               "  ruby_alloc_top --once 4242 | less\n"
                               "  ruby_alloc_top --json 4242 | jq .fragmentation\n"
                               "  ruby_alloc_top -o report.txt -- bundle exec rspec\n"
                               "  ruby_alloc_top --batch --json -d 60 4242 >>memory.jsonl\n";

void ra_options_print_help(FILE *stream)
{
    fprintf(stream, "%s\n%s\n%s", purpose, usage, examples);
    print_options(stream);
    fputs("\nKeys on the screen:\n", stream);
    for (const struct ra_key *key = ra_keys; key->label; key++) {
        fprintf(stream, "  %-24s %s\n", key->label, key->help);
    }
    fputs("\nStates, in the column S of the list:\n", stream);
    for (size_t i = 0; i < RA_STATE_COUNT; i++) {
        fprintf(stream, "  %-24s %s\n", ra_states[i].letter, ra_states[i].meaning);
    }
    fputs("\nThe numbers (~ marks an estimate, - what is not known), each at least as\n"
          "large as the one above it:\n",
          stream);
    ra_chain_explain(stream);
    fputs("\nWhat --check tells, of any process:\n", stream);
    ra_check_explain(stream);
    fputs("\nEnvironment of the Ruby process:\n", stream);
#define PRINT_VARIABLE(name, value, meaning)                                                       \
    fprintf(stream, "  %s\n      %s\n", #name "=" value, meaning);
    RA_ENVIRONMENT(PRINT_VARIABLE)
    fputs("\nExit status:\n", stream);
    for (int status = 0; status < 128; status++) {
        print_exit_status(stream, status);
    }
    fputs(exit_status_of_command, stream);
}

void ra_options_print_version(FILE *stream)
{
    fprintf(stream, "%s %s\n", RA_TOP_NAME, RUBY_ALLOC_VERSION);
}
