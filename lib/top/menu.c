/*
 * The menu of columns to sort by.
 */
#include "top/menu.h"

#include <stdio.h>
#include <string.h>

#include "top/hits.h"
#include "top/paint.h"

static const char heading[] = " Sort by ";

void ra_menu_open(struct ra_ui *ui)
{
    size_t sort = ra_ui_grid_state(ui)->sort;

    ui->menu = (struct ra_grid_state){.selected = sort < ra_ui_grid(ui).column_count ? sort : 0};
    ui->shows_menu = true;
}

void ra_menu_choose(struct ra_ui *ui, size_t column)
{
    struct ra_grid_state *state = ra_ui_grid_state(ui);

    if (state->sort != column) {
        state->is_inverted = false;
    }
    state->sort = column;
    ui->shows_menu = false;
}

static int width_of(const struct ra_grid *grid)
{
    size_t width = strlen(heading);

    for (size_t i = 0; i < grid->column_count; i++) {
        size_t needed = strlen(grid->columns[i].title) + 4;

        width = needed > width ? needed : width;
    }
    return (int)width;
}

void ra_menu_draw(struct ra_ui *ui, int line, int end)
{
    struct ra_grid grid = ra_ui_grid(ui);
    const struct ra_grid_state *sorted = ra_ui_grid_state(ui);
    int width = width_of(&grid), rows = end - line - 1;

    ra_grid_settle(&ui->menu, grid.column_count, rows);
    ra_paint_bar(line, 0, width, RA_HEADING, heading);
    for (size_t i = ui->menu.top; i < grid.column_count && ++line < end; i++) {
        bool is_selected = i == ui->menu.selected;
        char text[64];

        snprintf(text, sizeof text, " %c %s", i == sorted->sort ? '*' : ' ', grid.columns[i].title);
        ra_paint_bar(line, 0, width, is_selected ? RA_INK_SELECTED : RA_PLAIN, text);
        ra_hits_add(line, 0, width, RA_HIT_CHOICE, (int)i);
    }
}
