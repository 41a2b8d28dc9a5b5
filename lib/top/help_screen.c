/*
 * The help: the keys, from their table, in as many columns as there is room for.
 */
#include "top/ui.h"

#include <curses.h>
#include <stdio.h>

#include <ruby_alloc/version.h>

#include "top/format.h"
#include "top/keys.h"
#include "top/paint.h"
#include "top/sideways.h"

enum { COLUMN_WIDTH = 62, LABEL_WIDTH = 9 };

static const char title[] =
    "ruby_alloc_top " RUBY_ALLOC_VERSION ": keys (arrows scroll, any other key ends this)";
static const char short_title[] = "keys (arrows scroll, others end it)";

static void draw_key(const struct ra_key *key, int line, int column, int width, int shift)
{
    char text[RA_GRID_CELL_BYTES];

    snprintf(text, sizeof text, "%*s", LABEL_WIDTH, key->label);
    ra_paint_text(line, column, LABEL_WIDTH, RA_INK_LABEL, text);
    snprintf(text, sizeof text, "%s", key->help);
    ra_format_cut(text, shift);
    ra_paint_text(line, column + LABEL_WIDTH + 1, width - LABEL_WIDTH - 1, RA_PLAIN, text);
}

void ra_help_screen_draw(struct ra_ui *ui, int line, int end)
{
    int columns = COLS / COLUMN_WIDTH > 0 ? COLS / COLUMN_WIDTH : 1;
    int width = COLS / columns, count = 0, longest = 0, rows, first = 0, room;
    struct ra_grid_state *state = ra_ui_grid_state(ui);

    ra_paint_bar(line++, 0, COLS, RA_HEADING, ra_paint_choose(title, short_title));
    for (; ra_keys[count].label; count++) {
        int used = ra_format_columns(ra_keys[count].help);

        longest = used > longest ? used : longest;
    }
    ra_sideways_text(state, longest, width - LABEL_WIDTH - 1);
    room = end - line > 0 ? end - line : 1;
    rows = (count + columns - 1) / columns;
    if (rows > room) {
        ra_grid_settle(state, (size_t)rows, room);
        first = (int)state->selected < rows - room ? (int)state->selected : rows - room;
    }
    for (int i = 0; i < count; i++) {
        int at = line + i % rows - first;

        if (at >= line && at < end) {
            draw_key(&ra_keys[i], at, i / rows * width, width, state->shift);
        }
    }
}
