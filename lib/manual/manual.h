/*
 * The generator of what is installed beside the programs: parts of the man pages and the
 * shells' completions, from the tables that the tool is made of. Runs while building.
 *
 * All functions write to stream and leave its errors there.
 */
#ifndef RA_MANUAL_H
#define RA_MANUAL_H

#include <stdio.h>

#include "top/options_table.h"
#include "top/views.h"

/* Copy an mdoc(7) template; a line such as @OPTIONS@ becomes that part. Returns 0, or -1 for a
 * part that isn't known, which was said on standard error. */
int ra_manual_page(FILE *template, FILE *stream);

/* Completions for a shell. */
void ra_manual_bash(FILE *stream);
void ra_manual_zsh(FILE *stream);
void ra_manual_fish(FILE *stream);

/* What an option takes, as far as a completion can help. */
enum ra_manual_kind {
    RA_TAKES_NOTHING,
    RA_TAKES_FILE,
    RA_TAKES_USER,
    RA_TAKES_WORD,
    RA_TAKES_FIELD,  /* of the view that the line has */
    RA_TAKES_FIELDS, /* with commas between */
    RA_TAKES_ANY
};

enum ra_manual_kind ra_manual_kind(const struct ra_option *option);

/* The words that an option of RA_TAKES_WORD may be given, each with end behind it. */
void ra_manual_words(const struct ra_option *option, const char *end, FILE *stream);

/*
 * The names of fields to choose from, likewise: of a view, none where it is no table; NULL: of the
 * list of processes, which is shown without a view.
 */
void ra_manual_fields(const struct ra_view *view, const char *end, FILE *stream);

/* An option's help in a few words, by value. */
struct ra_manual_brief {
    char text[128];
};

struct ra_manual_brief ra_manual_brief(const struct ra_option *option);

#endif
