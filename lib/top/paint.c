/*
 * Paint: text in its place on the terminal.
 */
#include "top/paint.h"

#include <curses.h>
#include <langinfo.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "top/format.h"

enum { LINE_BYTES = 4096 };

struct ink {
    attr_t attributes;
    short color; /* -1: the terminal's own */
};

static const struct ink inks[RA_INK_COUNT] = {
    [RA_PLAIN] = {A_NORMAL, -1},
    [RA_HEADING] = {A_REVERSE, -1},
    [RA_STRONG] = {A_BOLD, COLOR_CYAN},
    [RA_WARNING] = {A_BOLD, COLOR_RED},
    [RA_INK_SELECTED] = {A_REVERSE, COLOR_CYAN},
    [RA_INK_LABEL] = {A_NORMAL, COLOR_CYAN},
    [RA_INK_VALUE] = {A_BOLD, -1},
    [RA_INK_CURRENT] = {A_REVERSE | A_BOLD, COLOR_GREEN},
    [RA_INK_FADED] = {A_NORMAL, COLOR_MAGENTA},
    [RA_INK_METER] = {A_NORMAL, COLOR_GREEN},
    [RA_INK_SEGMENT] = {A_REVERSE, COLOR_GREEN},
    [RA_INK_SEGMENT + 1] = {A_REVERSE, COLOR_CYAN},
    [RA_INK_SEGMENT + 2] = {A_REVERSE, COLOR_BLUE},
    [RA_INK_SEGMENT + 3] = {A_REVERSE, COLOR_YELLOW},
    [RA_INK_SEGMENT + 4] = {A_REVERSE, COLOR_RED},
    [RA_INK_SEGMENT + 5] = {A_REVERSE, COLOR_MAGENTA},
    [RA_INK_SEGMENT + 6] = {A_REVERSE, COLOR_CYAN},
    [RA_INK_SEGMENT + 7] = {A_REVERSE, COLOR_BLUE},
    [RA_INK_SEGMENT + 8] = {A_REVERSE, COLOR_MAGENTA},
    [RA_INK_SEGMENT + 9] = {A_REVERSE, -1},
};

static bool has_colors_now, has_blocks;

/* A pair that is not set is black on black: every ink but the plain one has its own. */
static void start_colors(void)
{
    const char *no_color = getenv("NO_COLOR");

    has_colors_now = !(no_color && *no_color) && has_colors() && start_color() != ERR &&
                     use_default_colors() != ERR;
    for (int i = 1; has_colors_now && i < RA_INK_COUNT; i++) {
        init_pair((short)i, inks[i].color, -1);
    }
}

/* Of terminals too old for block characters, those of the VT series are still met. */
void ra_paint_start(void)
{
    const char *terminal = getenv("TERM");

    start_colors();
    has_blocks = strcmp(nl_langinfo(CODESET), "UTF-8") == 0 &&
                 !(terminal && (strncmp(terminal, "vt", 2) == 0 || strcmp(terminal, "ansi") == 0));
}

bool ra_paint_has_blocks(void)
{
    return has_blocks;
}

static attr_t attributes_of(int ink)
{
    return inks[ink].attributes | (has_colors_now ? (attr_t)COLOR_PAIR(ink) : 0);
}

static int room(int line, int column, int width)
{
    if (line < 0 || line >= LINES || column < 0 || column >= COLS) {
        return 0;
    }
    return width < COLS - column ? width : COLS - column;
}

int ra_paint_text(int line, int column, int width, int ink, const char *text)
{
    char fitted[LINE_BYTES];
    int wide = room(line, column, width);
    int used;

    if (wide <= 0) {
        return 0;
    }
    used = ra_format_fit(fitted, sizeof fitted, text, wide);
    attrset(attributes_of(ink));
    mvaddstr(line, column, fitted);
    attrset(A_NORMAL);
    return used;
}

int ra_paint_whole(int line, int column, int width, int ink, const char *text)
{
    char fitted[LINE_BYTES];
    size_t length, word;

    ra_format_fit(fitted, sizeof fitted, text, room(line, column, width));
    length = word = strlen(fitted);
    while (text[length] != '\0' && text[length] != ' ' && word > 0 && fitted[word - 1] != ' ') {
        word--;
    }
    if (strpbrk(&fitted[word], "0123456789")) {
        fitted[word] = '\0';
    }
    return ra_paint_text(line, column, width, ink, fitted);
}

void ra_paint_bar(int line, int column, int width, int ink, const char *text)
{
    int wide = room(line, column, width);
    int used = ra_paint_text(line, column, width, ink, text);

    attrset(attributes_of(ink));
    for (; used < wide; used++) {
        mvaddch(line, column + used, ' ');
    }
    attrset(A_NORMAL);
}

const char *ra_paint_choose(const char *text, const char *shorter)
{
    return ra_format_columns(text) <= COLS ? text : shorter;
}

void ra_paint_line(int line, int shift, const struct ra_line *shown)
{
    char part[LINE_BYTES];

    if (shown->style == RA_HEADING) {
        ra_paint_bar(line, 0, COLS, RA_HEADING, "");
    }
    ra_format_fit(part, sizeof part, shown->text, INT_MAX);
    ra_format_cut(part, shift);
    ra_paint_whole(line, 0, COLS, (int)shown->style, part);
}

/* In colours the letter stands once, in the middle; without, it is the bar itself. */
void ra_paint_segment(int line, int column, int width, int segment, char letter)
{
    int wide = room(line, column, width);

    attrset(has_colors_now ? attributes_of(RA_INK_SEGMENT + segment) : A_NORMAL);
    for (int i = 0; i < wide; i++) {
        bool is_shown = !has_colors_now || i == wide / 2;
        mvaddch(line, column + i, (chtype)(unsigned char)(is_shown ? letter : ' '));
    }
    attrset(A_NORMAL);
}
