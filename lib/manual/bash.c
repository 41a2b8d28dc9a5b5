/*
 * Completion for bash. Works without the package bash-completion, too.
 */
#include "manual/manual.h"

static const char start[] =
    "# Completion for ruby_alloc_top; made from its table of options.\n"
    "\n"
    "# The processes that have a region.\n"
    "_ruby_alloc_top_pids() {\n"
    "    local file\n"
    "    for file in \"${RUBY_ALLOC_DIR:-/dev/shm}\"/ruby_alloc.*; do\n"
    "        file=${file##*/ruby_alloc.} && file=${file%%.*}\n"
    "        case $file in *[!0-9]*) ;; *) echo \"$file\" ;; esac\n"
    "    done\n"
    "}\n"
    "\n"
    "# Words for the last of a list with commas between.\n"
    "_ruby_alloc_top_list() {\n"
    "    local before=\n"
    "    case $1 in *,*) before=${1%,*}, ;; esac\n"
    "    compgen -P \"$before\" -W \"$2\" -- \"${1##*,}\"\n"
    "}\n"
    "\n"
    "# The fields of the view that is on the line; without one, of the list of processes.\n"
    "_ruby_alloc_top_fields() {\n"
    "    local view= i\n"
    "    for ((i = 1; i < ${#COMP_WORDS[@]}; i++)); do\n"
    "        case ${COMP_WORDS[i]} in\n"
    "        --) break ;;\n"
    "        --view=*) view=${COMP_WORDS[i]#*=} ;;\n"
    "        --view)\n"
    "            view=${COMP_WORDS[i + 1]-}\n"
    "            [[ $view != = ]] || view=${COMP_WORDS[i + 2]-}\n"
    "            ;;\n"
    "        esac\n"
    "    done\n"
    "    case $view in\n";

static const char middle[] =
    "    esac\n"
    "}\n"
    "\n"
    "_ruby_alloc_top() {\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} i files=\n"
    "    COMPREPLY=()\n"
    "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
    "        if [[ ${COMP_WORDS[i]} == -- ]]; then\n"
    "            if declare -F _command_offset >/dev/null; then\n"
    "                _command_offset $((i + 1))\n"
    "            elif ((i + 1 == COMP_CWORD)); then\n"
    "                mapfile -t COMPREPLY < <(compgen -c -- \"$cur\")\n"
    "            else\n"
    "                compopt -o default 2>/dev/null\n"
    "            fi\n"
    "            return\n"
    "        fi\n"
    "        [[ ${COMP_WORDS[i]} == --@(compare|html) ]] && files=yes\n"
    "    done\n"
    "    # --name=value comes as three words.\n"
    "    if [[ $cur == = ]]; then\n"
    "        cur=\n"
    "    elif [[ $prev == = ]]; then\n"
    "        prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
    "    fi\n"
    "    case $prev in\n";

static const char finish[] =
    "    -*)\n"
    "        mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$cur\")\n"
    "        ;;\n"
    "    *)\n"
    "        mapfile -t COMPREPLY < <(\n"
    "            compgen -W \"$(_ruby_alloc_top_pids)\" -- \"$cur\"\n"
    "            [[ -z $files ]] || compgen -f -- \"$cur\"\n"
    "        )\n"
    "        [[ -z $files ]] || compopt -o filenames 2>/dev/null\n"
    "        ;;\n"
    "    esac\n"
    "}\n"
    "complete -F _ruby_alloc_top ruby_alloc_top\n";

static void put_value(const struct ra_option *option, FILE *stream)
{
    fprintf(stream, "    --%s", option->name);
    if (option->letter) {
        fprintf(stream, " | -%c", option->letter);
    }
    fputs(")\n", stream);
    switch (ra_manual_kind(option)) {
    case RA_TAKES_FILE:
        fputs("        compopt -o filenames 2>/dev/null\n"
              "        mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n",
              stream);
        break;
    case RA_TAKES_USER:
        fputs("        mapfile -t COMPREPLY < <(compgen -u -- \"$cur\")\n", stream);
        break;
    case RA_TAKES_WORD:
        fputs("        mapfile -t COMPREPLY < <(compgen -W \"", stream);
        ra_manual_words(option, " ", stream);
        fputs("\" -- \"$cur\")\n", stream);
        break;
    case RA_TAKES_FIELD:
        fputs("        mapfile -t COMPREPLY < <(compgen -W \"$(_ruby_alloc_top_fields)\" -- "
              "\"$cur\")\n",
              stream);
        break;
    case RA_TAKES_FIELDS:
        fputs("        mapfile -t COMPREPLY < <(\n"
              "            _ruby_alloc_top_list \"$cur\" \"$(_ruby_alloc_top_fields)\"\n"
              "        )\n",
              stream);
        break;
    default:
        break;
    }
    fputs("        return\n        ;;\n", stream);
}

static void put_fields(const char *name, const struct ra_view *view, FILE *stream)
{
    fprintf(stream, "    %s) echo \"", name);
    ra_manual_fields(view, " ", stream);
    fputs("\" ;;\n", stream);
}

void ra_manual_bash(FILE *stream)
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
        if (ra_manual_kind(&ra_option_table[i]) != RA_TAKES_NOTHING) {
            put_value(&ra_option_table[i], stream);
        }
    }
    fputs("    esac\n    local options=\"", stream);
    for (size_t i = 0; i < RA_OPTION_COUNT; i++) {
        fprintf(stream, "--%s ", ra_option_table[i].name);
    }
    fputs("--\"\n    case $cur in\n", stream);
    fputs(finish, stream);
}
