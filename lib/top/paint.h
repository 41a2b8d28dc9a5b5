/*
 * Paint: text in its place on the terminal, in one of a few inks. An ink is a colour where
 * there are colours, and bold or reverse where not, so that nothing is told by colour
 * alone. No black or white: on any background the terminal's own.
 */
#ifndef RA_TOP_PAINT_H
#define RA_TOP_PAINT_H

#include <stdbool.h>

#include "top/page.h"

/* The styles of pages come first, and those of the segments of the chain's bar last. */
enum ra_ink {
    RA_INK_SELECTED = RA_STYLE_COUNT,
    RA_INK_LABEL, /* a key's name and what surrounds a value */
    RA_INK_VALUE,
    RA_INK_CURRENT, /* the tab shown, the column sorted by */
    RA_INK_FADED,   /* what has ended */
    RA_INK_METER,
    RA_INK_SEGMENT,
    RA_INK_SEGMENTS = 10,
    RA_INK_COUNT = RA_INK_SEGMENT + RA_INK_SEGMENTS
};

/* Once the terminal is a screen. */
void ra_paint_start(void);

/* The terminal can show block and line characters: else ASCII is used. */
bool ra_paint_has_blocks(void);

/* Write text at most width columns wide, and not beyond the edge. Returns the columns. */
int ra_paint_text(int line, int column, int width, int ink, const char *text);

/* The same, but of a number that doesn't fit there is nothing, rather than another number. */
int ra_paint_whole(int line, int column, int width, int ink, const char *text);

/*
 * A page's line without its first shift columns, over the whole width: no number that is cut
 * at either end, and a bar behind a heading.
 */
void ra_paint_line(int line, int shift, const struct ra_line *shown);

/* Of two texts that say the same the first that the terminal is wide enough for. */
const char *ra_paint_choose(const char *text, const char *shorter);

/* As ra_paint_text, and spaces up to width. */
void ra_paint_bar(int line, int column, int width, int ink, const char *text);

/* The letter of a segment, repeated over width columns. */
void ra_paint_segment(int line, int column, int width, int segment, char letter);

#endif
