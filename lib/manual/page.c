/*
 * Man pages: a template in mdoc, and the parts of it that are made from tables.
 */
#include "manual/manual.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <ruby_alloc/advice.h>
#include <ruby_alloc/environment.h>

#include "top/chain.h"
#include "top/check.h"
#include "top/fields.h"
#include "top/keys.h"
#include "top/metrics.h"
#include "top/states.h"
#include "top/views.h"

enum { LINE_WIDTH = 76 };

/* One character of text; a '-' that begins a word stays an ASCII one, to be copied and pasted. */
static int put_character(const char *text, const char *c, FILE *stream)
{
    bool starts = c == text || strchr(" (-", c[-1]) != NULL;

    if (*c == '\\') {
        return fputs("\\e", stream), 2;
    }
    if (*c == '-' && starts) {
        return fputs("\\-", stream), 2;
    }
    return fputc(*c, stream), 1;
}

/*
 * Text as a paragraph's lines, beginning with a capital where it is a sentence. No line
 * begins with a character that would make it a request, or is long.
 */
static void put_text(const char *text, bool sentence, FILE *stream)
{
    int column = 0;

    for (const char *c = text; *c; c++) {
        size_t word = strcspn(c + 1, " \n");

        if ((*c == ' ' || *c == '\n') && column + (int)word + 1 > LINE_WIDTH) {
            fputc('\n', stream);
            column = 0;
        } else if (*c == ' ' || *c == '\n') {
            fputc(' ', stream);
            column++;
        } else if (column == 0 && (*c == '.' || *c == '\'')) {
            column += fprintf(stream, "\\&%c", *c);
        } else if (c == text && sentence && c[1] != '.') {
            column += fprintf(stream, "%c", toupper((unsigned char)*c));
        } else {
            column += put_character(text, c, stream);
        }
    }
    fputs(sentence ? ".\n" : "\n", stream);
}

static void put_list(FILE *stream)
{
    fputs(".Bl -tag -width Ds\n", stream);
}

static void put_option(const struct ra_option *option, FILE *stream)
{
    const char *argument = option->argument;
    bool optional = argument && argument[0] == '[';
    int length = argument ? (int)strlen(argument) - 2 * optional : 0;

    fputs(".It ", stream);
    if (option->letter) {
        fprintf(stream, "Fl %c", option->letter);
        if (argument) {
            fprintf(stream, optional ? " Oo Ar %.*s Oc" : " Ar %.*s", length, argument + optional);
        }
        fputs(" , ", stream);
    }
    fprintf(stream, "Fl Fl %s", option->name);
    if (argument) {
        fprintf(stream, optional ? " Oo Ar %.*s Oc" : " Ns = Ns Ar %.*s", length,
                argument + optional);
    }
    fputc('\n', stream);
    put_text(option->help, true, stream);
}

static void put_options(FILE *stream)
{
    const struct ra_option_theme *theme = ra_option_themes;

    for (size_t i = 0; i < RA_OPTION_COUNT; i++) {
        if (theme->name && theme->first == ra_option_table[i].id) {
            fprintf(stream, "%s.Ss %s\n", i > 0 ? ".El\n" : "", theme->name);
            put_list(stream);
            theme++;
        }
        put_option(&ra_option_table[i], stream);
    }
    fputs(".El\n", stream);
}

static void put_keys(FILE *stream)
{
    put_list(stream);
    for (const struct ra_key *key = ra_keys; key->label; key++) {
        /* \\&: a '.' alone, or at the end, would be punctuation. */
        fputs(".It Li \"\\&", stream);
        for (const char *c = key->label; *c; c++) {
            put_character(key->label, c, stream);
        }
        fputs("\\&\"\n", stream);
        put_text(key->help, false, stream);
    }
    fputs(".El\n", stream);
}

static void put_states(FILE *stream)
{
    put_list(stream);
    for (size_t i = 0; i < RA_STATE_COUNT; i++) {
        fprintf(stream, ".It Li \"\\&%s\"\n", ra_states[i].letter);
        put_text(ra_states[i].meaning, false, stream);
    }
    fputs(".El\n", stream);
}

static void put_views(FILE *stream)
{
    put_list(stream);
    for (const struct ra_view *view = ra_views; view->name; view++) {
        fprintf(stream, ".It Cm %s\n", view->name);
        put_text(view->help, false, stream);
        if (view->table) {
            fputs("(a table)\n", stream);
        }
    }
    fputs(".El\n", stream);
}

static void put_metrics(FILE *stream)
{
    for (const struct ra_group *group = ruby_alloc_report_groups; group->name; group++) {
        fprintf(stream, ".Ss %s%s\n", group->name, group->row_bytes > 0 ? " (a table)" : "");
        put_list(stream);
        for (size_t i = 0; i < group->field_count; i++) {
            const struct ra_field *field = &group->fields[i];
            const char *unit = ra_metric_unit(field);

            fprintf(stream, ".It Va %s Pq %s%s%s\n", field->name, ra_metric_type(field),
                    *unit ? ", " : "", unit);
            put_text(field->help, false, stream);
        }
        fputs(".El\n", stream);
    }
}

static void put_literal(void (*print)(FILE *stream), FILE *stream)
{
    fputs(".Bd -literal\n", stream);
    print(stream);
    fputs(".Ed\n", stream);
}

static void put_chain(FILE *stream)
{
    put_literal(ra_chain_explain, stream);
}

static void put_check(FILE *stream)
{
    put_literal(ra_check_explain, stream);
}

static void put_advice(FILE *stream)
{
    put_list(stream);
#define PUT_ADVICE(id, meaning)                                                                    \
    fputs(".It Li " #id "\n", stream);                                                             \
    put_text(meaning, false, stream);
    RA_ADVICE(PUT_ADVICE)
    fputs(".El\n", stream);
}

static void put_environment(FILE *stream)
{
    put_list(stream);
#define PUT_VARIABLE(name, value, meaning)                                                         \
    fputs(".It Ev " #name " Ns = Ns Ar " value "\n", stream);                                      \
    put_text(meaning, false, stream);
    RA_ENVIRONMENT(PUT_VARIABLE)
    fputs(".El\n", stream);
}

static void put_statuses(FILE *stream)
{
    put_list(stream);
    for (int status = 0; status < 125; status++) {
        bool named = false;

        for (const struct ra_exit_meaning *one = ra_exit_meanings; one->meaning; one++) {
            if (one->status == status) {
                fprintf(stream, named ? "or:\n" : ".It %d\n", status);
                put_text(one->meaning, false, stream);
                named = true;
            }
        }
    }
    fputs(".El\n", stream);
}

static const struct {
    const char *line;
    void (*put)(FILE *stream);
} parts[] = {
    {"@OPTIONS@\n", put_options},
    {"@KEYS@\n", put_keys},
    {"@STATES@\n", put_states},
    {"@VIEWS@\n", put_views},
    {"@METRICS@\n", put_metrics},
    {"@CHAIN@\n", put_chain},
    {"@CHECK@\n", put_check},
    {"@ADVICE@\n", put_advice},
    {"@ENVIRONMENT@\n", put_environment},
    {"@EXIT_STATUSES@\n", put_statuses},
};

/* Returns -1 for a line that looks like a part and is none. */
static int put_line(const char *line, FILE *stream)
{
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (strcmp(line, parts[i].line) == 0) {
            parts[i].put(stream);
            return 0;
        }
    }
    if (line[0] == '@') {
        fprintf(stderr, "generate: no part is called %s", line);
        return -1;
    }
    fputs(line, stream);
    return 0;
}

int ra_manual_page(FILE *template, FILE *stream)
{
    char *line = NULL;
    size_t room = 0;
    int result = 0;

    while (result == 0 && getline(&line, &room, template) > 0) {
        result = put_line(line, stream);
    }
    free(line);
    return result;
}
