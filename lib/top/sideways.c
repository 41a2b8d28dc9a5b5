/*
 * Sideways: what is wider than the screen, seen in parts.
 */
#include "top/sideways.h"

void ra_sideways_step(struct ra_grid_state *state, int most_columns)
{
    for (; state->steps > 0; state->steps--) {
        if (state->skipped < most_columns) {
            state->skipped++;
        } else {
            state->shift += RA_SIDEWAYS_COLUMNS;
        }
    }
    for (; state->steps < 0; state->steps++) {
        if (state->shift > 0) {
            state->shift -= RA_SIDEWAYS_COLUMNS;
        } else if (state->skipped > 0) {
            state->skipped--;
        }
    }
    if (state->skipped > most_columns) {
        state->skipped = most_columns;
    }
}

void ra_sideways_settle(struct ra_grid_state *state, int most)
{
    state->shift = state->shift > most ? most : state->shift;
    state->shift = state->shift < 0 ? 0 : state->shift;
}

void ra_sideways_text(struct ra_grid_state *state, int longest, int width)
{
    ra_sideways_step(state, 0);
    ra_sideways_settle(state, longest - width);
}
