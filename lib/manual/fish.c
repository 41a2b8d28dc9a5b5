/*
 * Completion for fish.
 */
#include "manual/manual.h"

static const char start[] =
    "# Completion for ruby_alloc_top; made from its table of options.\n"
    "\n"
    "# The processes that have a region.\n"
    "function __ruby_alloc_top_pids\n"
    "    set -l directory /dev/shm\n"
    "    set -q RUBY_ALLOC_DIR; and set directory $RUBY_ALLOC_DIR\n"
    "    for file in $directory/ruby_alloc.*\n"
    "        string match -rg '/ruby_alloc\\.(\\d+)\\.[^/]*$' -- $file\n"
    "    end\n"
    "end\n"
    "\n"
    "# Words for the last of a list with commas between.\n"
    "function __ruby_alloc_top_list\n"
    "    set -l before (commandline -ct | string match -rg '^(?:--[a-z-]+=)?(.*,)')\n"
    "    printf '%s\\n' $before$argv\n"
    "end\n"
    "\n"
    "# Behind -- a command of its own.\n"
    "function __ruby_alloc_top_runs\n"
    "    contains -- -- (commandline -opc)\n"
    "end\n"
    "\n"
    "complete -c ruby_alloc_top -f\n"
    "complete -c ruby_alloc_top -n 'not __ruby_alloc_top_runs' -a '(__ruby_alloc_top_pids)' -d "
    "process\n"
    "complete -c ruby_alloc_top -n '__fish_contains_opt compare' -F\n";

/* Text inside '...'. */
static void put_quoted(const char *text, FILE *stream)
{
    for (; *text; text++) {
        fprintf(stream, *text == '\'' || *text == '\\' ? "\\%c" : "%c", *text);
    }
}

static void put_option(const struct ra_option *option, FILE *stream)
{
    fprintf(stream, "complete -c ruby_alloc_top -n 'not __ruby_alloc_top_runs' -l %s",
            option->name);
    if (option->letter) {
        fprintf(stream, " -s %c", option->letter);
    }
    switch (ra_manual_kind(option)) {
    case RA_TAKES_NOTHING:
        break;
    case RA_TAKES_FILE:
        fputs(" -r -F", stream);
        break;
    case RA_TAKES_WORD:
        if (option->argument[0] == '[') {
            break;
        }
        fputs(option->id == RA_OPTION_FIELDS ? " -x -a '(__ruby_alloc_top_list " : " -x -a '",
              stream);
        ra_manual_words(option, " ", stream);
        fputs(option->id == RA_OPTION_FIELDS ? ")'" : "'", stream);
        break;
    case RA_TAKES_ANY:
        fputs(" -x", stream);
        break;
    }
    fputs(" -d '", stream);
    put_quoted(ra_manual_brief(option).text, stream);
    fputs("'\n", stream);
}

void ra_manual_fish(FILE *stream)
{
    fputs(start, stream);
    for (size_t i = 0; i < RA_OPTION_COUNT; i++) {
        put_option(&ra_option_table[i], stream);
    }
    /* The words that would look like the command to run: those that belong to an option. */
    fputs("complete -c ruby_alloc_top -n __ruby_alloc_top_runs -x -a "
          "'(__fish_complete_subcommand --",
          stream);
    for (size_t i = 0; i < RA_OPTION_COUNT; i++) {
        const struct ra_option *option = &ra_option_table[i];

        if (ra_manual_kind(option) != RA_TAKES_NOTHING && option->argument[0] != '[') {
            fprintf(stream, " --%s", option->name);
            if (option->letter) {
                fprintf(stream, " -%c", option->letter);
            }
        }
    }
    fputs(")'\n", stream);
}
