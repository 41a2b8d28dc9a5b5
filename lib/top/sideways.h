/*
 * Sideways: what is wider than the screen, seen in parts. A table leaves out columns behind
 * the one that names its rows, then the start of its last column's text; lines of text leave
 * out their start.
 */
#ifndef RA_TOP_SIDEWAYS_H
#define RA_TOP_SIDEWAYS_H

#include "top/grid.h"

enum { RA_SIDEWAYS_COLUMNS = 8 /* of text, at a step */ };

/*
 * Take the steps that were asked for since: at most so many columns are left out, the rest
 * of the steps go to the text. How far that can go is known once the columns are.
 */
void ra_sideways_step(struct ra_grid_state *state, int most_columns);

/* Keep the text's shift between none and most columns. */
void ra_sideways_settle(struct ra_grid_state *state, int most);

/* Both, for text alone: such that of longest columns the last ones can be seen in width. */
void ra_sideways_text(struct ra_grid_state *state, int longest, int width);

#endif
