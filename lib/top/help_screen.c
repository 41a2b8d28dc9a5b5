/*
 * The help: the keys, from their table, in as many columns as there is room for.
 */
#include "top/ui.h"

#include <curses.h>
#include <stdio.h>

#include <ruby_alloc/version.h>

#include "top/keys.h"
#include "top/paint.h"

enum { COLUMN_WIDTH = 62, LABEL_WIDTH = 9 };

void ra_help_screen_draw(struct ra_ui *ui, int line, int end)
{
    int columns = COLS / COLUMN_WIDTH > 0 ? COLS / COLUMN_WIDTH : 1;
    int width = COLS / columns, count = 0, rows, first = 0, room;
    struct ra_grid_state *state = ra_ui_grid_state(ui);

    ra_paint_bar(line, 0, COLS, RA_HEADING,
                 "ruby_alloc_top " RUBY_ALLOC_VERSION
                 ": keys (arrows scroll, any other key ends this)");
    line++;
    while (ra_keys[count].label) {
        count++;
    }
    room = end - line > 0 ? end - line : 1;
    rows = (count + columns - 1) / columns;
    if (rows > room) {
        ra_grid_settle(state, (size_t)rows, room);
        first = (int)state->selected < rows - room ? (int)state->selected : rows - room;
    }
    for (int i = 0; i < count; i++) {
        int at = line + i % rows - first;
        char text[16];

        if (at < line || at >= end) {
            continue;
        }
        snprintf(text, sizeof text, "%*s", LABEL_WIDTH, ra_keys[i].label);
        ra_paint_text(at, i / rows * width, LABEL_WIDTH, RA_INK_LABEL, text);
        ra_paint_text(at, i / rows * width + LABEL_WIDTH + 1, width - LABEL_WIDTH - 1, RA_PLAIN,
                      ra_keys[i].help);
    }
}
