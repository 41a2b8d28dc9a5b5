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
    "    set -q before[1]; or set before ''\n"
    "    printf '%s\\n' $before$argv\n"
    "end\n"
    "\n"
    "# Behind -- a command of its own.\n"
    "function __ruby_alloc_top_runs\n"
    "    contains -- -- (commandline -opc)\n"
    "end\n"
    "function __ruby_alloc_top_command\n"
    "    set -l words (commandline -opc)\n"
    "    set -l at (contains -i -- -- $words)\n"
    "    set -e words[1..$at]\n"
    "    complete -C (string join ' ' -- (string escape -- $words) (commandline -ct))\n"
    "end\n"
    "\n"
    "# What --help may be followed by, as a word of its own.\n"
    "function __ruby_alloc_top_helps\n"
    "    contains -- (commandline -opc)[-1] --help -h\n"
    "end\n"
    "\n"
    "# The fields of the view that is on the line; without one, of the list of processes.\n"
    "function __ruby_alloc_top_fields\n"
    "    set -l view\n"
    "    set -l words (commandline -op)\n"
    "    for i in (seq (count $words))\n"
    "        switch $words[$i]\n"
    "            case --\n"
    "                break\n"
    "            case '--view=*'\n"
    "                set view (string replace -- --view= '' $words[$i])\n"
    "            case --view\n"
    "                set view $words[(math $i + 1)]\n"
    "        end\n"
    "    end\n"
    "    switch \"$view\"\n";

static const char finish[] =
    "    end\n"
    "end\n"
    "\n"
    "complete -c ruby_alloc_top -f\n"
    "complete -c ruby_alloc_top -n 'not __ruby_alloc_top_runs' -a '(__ruby_alloc_top_pids)' -d "
    "process\n"
    "complete -c ruby_alloc_top -n 'string match -qr -- \"^--(compare|html)\" (commandline -opc)' "
    "-F\n";

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
    case RA_TAKES_USER:
        fputs(" -x -a '(__fish_complete_users)'", stream);
        break;
    case RA_TAKES_WORD:
        fputs(option->argument[0] == '[' ? " -a '" : " -x -a '", stream);
        ra_manual_words(option, " ", stream);
        fputs("'", stream);
        break;
    case RA_TAKES_FIELD:
        fputs(" -x -a '(__ruby_alloc_top_fields)'", stream);
        break;
    case RA_TAKES_FIELDS:
        fputs(" -x -a '(__ruby_alloc_top_list (__ruby_alloc_top_fields))'", stream);
        break;
    case RA_TAKES_ANY:
        fputs(" -x", stream);
        break;
    }
    fputs(" -d '", stream);
    put_quoted(ra_manual_brief(option).text, stream);
    fputs("'\n", stream);
}

static void put_fields(const char *name, const struct ra_view *view, FILE *stream)
{
    fprintf(stream, "        case %s\n            printf '%%s\\n' ", name);
    ra_manual_fields(view, " ", stream);
    fputc('\n', stream);
}

void ra_manual_fish(FILE *stream)
{
    fputs(start, stream);
    put_fields("''", NULL, stream);
    for (const struct ra_view *view = ra_views; view->name; view++) {
        if (view->table) {
            put_fields(view->name, view, stream);
        }
    }
    fputs(finish, stream);
    for (size_t i = 0; i < RA_OPTION_COUNT; i++) {
        put_option(&ra_option_table[i], stream);
    }
    fputs("complete -c ruby_alloc_top -n 'not __ruby_alloc_top_runs; and __ruby_alloc_top_helps' "
          "-a '",
          stream);
    ra_manual_words(&ra_option_table[RA_OPTION_HELP], " ", stream);
    fputs(
        "'\n"
        "complete -c ruby_alloc_top -n __ruby_alloc_top_runs -x -a '(__ruby_alloc_top_command)'\n",
        stream);
}
