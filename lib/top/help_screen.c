/*
 * The help: the keys and the letters of states, from their tables, in as many columns as there
 * is room for.
 */
#include "top/ui.h"

#include <curses.h>
#include <stdio.h>

#include <ruby_alloc/version.h>

#include "top/format.h"
#include "top/keys.h"
#include "top/paint.h"
#include "top/sideways.h"
#include "top/states.h"

enum { COLUMN_WIDTH = 62, LABEL_WIDTH = 9 };

static const char title[] =
    "ruby_alloc_top " RUBY_ALLOC_VERSION ": keys (arrows scroll, any other key ends this)";
static const char short_title[] = "keys (arrows scroll, others end it)";

struct entry {
    char label[16], help[RA_GRID_CELL_BYTES];
};

static int count_keys(void)
{
    int count = 0;

    while (ra_keys[count].label) {
        count++;
    }
    return count;
}

/* First the keys, then the states. */
static struct entry entry_of(int index, int keys)
{
    struct entry entry;

    if (index < keys) {
        snprintf(entry.label, sizeof entry.label, "%s", ra_keys[index].label);
        snprintf(entry.help, sizeof entry.help, "%s", ra_keys[index].help);
    } else {
        snprintf(entry.label, sizeof entry.label, "S: %s", ra_states[index - keys].letter);
        snprintf(entry.help, sizeof entry.help, "%s", ra_states[index - keys].meaning);
    }
    return entry;
}

static void draw_entry(struct entry *entry, int line, int column, int width, int shift)
{
    int used = ra_format_columns(entry->label);

    ra_paint_text(line, column + LABEL_WIDTH - used, used, RA_INK_LABEL, entry->label);
    ra_format_cut(entry->help, shift);
    ra_paint_text(line, column + LABEL_WIDTH + 1, width - LABEL_WIDTH - 1, RA_PLAIN, entry->help);
}

void ra_help_screen_draw(struct ra_ui *ui, int line, int end)
{
    int columns = COLS / COLUMN_WIDTH > 0 ? COLS / COLUMN_WIDTH : 1;
    int width = COLS / columns, longest = 0, rows, first = 0, room;
    int keys = count_keys(), count = keys + RA_STATE_COUNT;
    struct ra_grid_state *state = ra_ui_grid_state(ui);

    ra_paint_bar(line++, 0, COLS, RA_HEADING, ra_paint_choose(title, short_title));
    for (int i = 0; i < count; i++) {
        int used = ra_format_columns(entry_of(i, keys).help);

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
            struct entry entry = entry_of(i, keys);

            draw_entry(&entry, at, i / rows * width, width, state->shift);
        }
    }
}
