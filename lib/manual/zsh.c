/*
 * Completion for zsh.
 */
#include "manual/manual.h"

#include <stdbool.h>
#include <string.h>

static const char start[] =
    "#compdef ruby_alloc_top\n"
    "# Completion for ruby_alloc_top; made from its table of options.\n"
    "\n"
    "# The processes that have a region; with --compare and --html files, too.\n"
    "_ruby_alloc_top_processes() {\n"
    "    local -a pids\n"
    "    pids=(${RUBY_ALLOC_DIR:-/dev/shm}/ruby_alloc.<->.*(N:t))\n"
    "    pids=(${${pids#ruby_alloc.}%%.*})\n"
    "    (( $#pids )) && compadd -a pids\n"
    "    (( ${words[(I)--(compare|html)*]} )) && _files\n"
    "}\n"
    "\n"
    "# The fields of the view that is on the line; without one, of the list of processes.\n"
    "_ruby_alloc_top_fields() {\n"
    "    local view= i\n"
    "    local -a fields\n"
    "    for ((i = 2; i <= $#words; i++)); do\n"
    "        case $words[i] in\n"
    "        --) break ;;\n"
    "        --view=*) view=${words[i]#*=} ;;\n"
    "        --view) view=$words[i+1] ;;\n"
    "        esac\n"
    "    done\n"
    "    case $view in\n";

static const char middle[] =
    "    esac\n"
    "    (( $#fields )) || return\n"
    "    if [[ $1 == list ]]; then\n"
    "        _values -s , field $fields\n"
    "    else\n"
    "        compadd -a fields\n"
    "    fi\n"
    "}\n"
    "\n"
    "_ruby_alloc_top() {\n"
    "    local at=${words[(i)--]}\n"
    "    if (( at < CURRENT )); then # what follows is a command of its own\n"
    "        shift at words\n"
    "        (( CURRENT -= at ))\n"
    "        _normal\n"
    "        return\n"
    "    fi\n"
    "    _arguments -s \\\n";

static const char finish[] = "        '*:process:_ruby_alloc_top_processes'\n"
                             "}\n"
                             "\n"
                             "if [[ $funcstack[1] == _ruby_alloc_top ]]; then\n"
                             "    _ruby_alloc_top \"$@\"\n"
                             "else\n"
                             "    compdef _ruby_alloc_top ruby_alloc_top\n"
                             "fi\n";

/* Text inside '[...]': a bracket needs a backslash, the quote that ends a word a word of its own. */
static void put_quoted(const char *text, FILE *stream)
{
    for (; *text; text++) {
        if (*text == '\'') {
            fputs("'\\''", stream);
        } else {
            fprintf(stream, strchr("[]:\\", *text) ? "\\%c" : "%c", *text);
        }
    }
}

static void put_value(const struct ra_option *option, FILE *stream)
{
    switch (ra_manual_kind(option)) {
    case RA_TAKES_NOTHING:
        return;
    case RA_TAKES_FILE:
        fputs(":file:_files", stream);
        return;
    case RA_TAKES_WORD:
        fputs(option->argument[0] == '[' ? "::topic:(" : ":name:(", stream);
        ra_manual_words(option, " ", stream);
        fputc(')', stream);
        return;
    case RA_TAKES_USER:
        fputs(":user:_users", stream);
        return;
    case RA_TAKES_FIELD: /* the space: called as it stands */
        fputs(":field: _ruby_alloc_top_fields", stream);
        return;
    case RA_TAKES_FIELDS:
        fputs(":fields: _ruby_alloc_top_fields list", stream);
        return;
    case RA_TAKES_ANY:
        fprintf(stream, ":%s: ", option->argument);
        return;
    }
}

static void put_option(const struct ra_option *option, FILE *stream)
{
    bool takes = ra_manual_kind(option) != RA_TAKES_NOTHING;

    if (option->letter) {
        fprintf(stream, "        '(-%c --%s)'{-%c%s,--%s%s}'[", option->letter, option->name,
                option->letter, takes ? "+" : "", option->name, takes ? "=" : "");
    } else {
        fprintf(stream, "        '--%s%s[", option->name, takes ? "=" : "");
    }
    put_quoted(ra_manual_brief(option).text, stream);
    fputc(']', stream);
    put_value(option, stream);
    fputs("' \\\n", stream);
}

static void put_fields(const char *name, const struct ra_view *view, FILE *stream)
{
    fprintf(stream, "    %s) fields=(", name);
    ra_manual_fields(view, " ", stream);
    fputs(") ;;\n", stream);
}

void ra_manual_zsh(FILE *stream)
{
    fputs(start, stream);
    put_fields("''", NULL, stream);
    for (const struct ra_view *view = ra_views; view->name; view++) {
        if (view->table) {
            put_fields(view->name, view, stream);
        }
    }
    fputs(middle, stream);
    for (size_t i = 0; i < RA_OPTION_COUNT; i++) {
        put_option(&ra_option_table[i], stream);
    }
    fputs(finish, stream);
}
