/*
 * Grids: tables on the screen.
 */
#include "top/grid.h"

#include <curses.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "top/bars.h"
#include "top/format.h"
#include "top/hits.h"
#include "top/paint.h"

enum {
    TEXT_WIDTH = 25,
    LAST_WIDTH = 14,
    METER_WIDTH = 20,
    NARROW_METER_WIDTH = 13,
    WIDE_SCREEN = 100
};

struct ranked {
    size_t row;
    double number;
    char text[64];
};

static int compare_rows(const void *left, const void *right)
{
    const struct ranked *a = left, *b = right;

    return a->row < b->row ? -1 : a->row > b->row;
}

static int compare_ranked(const void *left, const void *right)
{
    const struct ranked *a = left, *b = right;
    int order = strcasecmp(a->text, b->text);

    if (order == 0 && a->number != b->number) {
        order = a->number < b->number ? 1 : -1;
    }
    return order != 0 ? order : compare_rows(left, right);
}

static bool passes(const struct ra_grid *grid, const char *filter, size_t row)
{
    char text[RA_GRID_CELL_BYTES];

    for (size_t i = 0; filter[0] && i < grid->column_count; i++) {
        grid->cell(grid->context, row, i, text, sizeof text);
        if (strcasestr(text, filter)) {
            return true;
        }
    }
    return filter[0] == '\0';
}

static void rank(const struct ra_grid *grid, size_t sort, struct ranked *ranked)
{
    char text[RA_GRID_CELL_BYTES];

    ranked->number = 0;
    ranked->text[0] = '\0';
    if (sort >= grid->column_count) {
        return;
    }
    if (grid->columns[sort].is_left) {
        grid->cell(grid->context, ranked->row, sort, text, sizeof text);
        memcpy(ranked->text, text, sizeof ranked->text);
        ranked->text[sizeof ranked->text - 1] = '\0';
    } else {
        ranked->number = grid->number(grid->context, ranked->row, sort);
        ranked->number = isnan(ranked->number) ? -INFINITY : ranked->number;
    }
}

size_t *ra_grid_order(const struct ra_grid *grid, const struct ra_grid_state *state, size_t *count)
{
    struct ranked *ranked = calloc(grid->row_count + 1, sizeof *ranked);
    size_t *order = calloc(grid->row_count + 1, sizeof *order);

    *count = 0;
    for (size_t row = 0; ranked && order && row < grid->row_count; row++) {
        if (passes(grid, state->filter, row)) {
            ranked[*count].row = row;
            rank(grid, state->sort, &ranked[(*count)++]);
        }
    }
    if (ranked && order) {
        qsort(ranked, *count, sizeof *ranked, compare_ranked);
        for (size_t i = 0; i < *count; i++) {
            order[i] = ranked[state->is_inverted ? *count - 1 - i : i].row;
        }
    }
    free(ranked);
    return order;
}

void ra_grid_settle(struct ra_grid_state *state, size_t count, int rows)
{
    size_t shown = rows > 0 ? (size_t)rows : 1;

    if (state->selected >= count) {
        state->selected = count > 0 ? count - 1 : 0;
    }
    if (state->top > state->selected) {
        state->top = state->selected;
    }
    if (state->selected >= state->top + shown) {
        state->top = state->selected - shown + 1;
    }
    if (state->top + shown > count) {
        state->top = count > shown ? count - shown : 0;
    }
}

/* Each column's width for the rows that are shown; numbers are never cut. */
static void measure(const struct ra_grid *grid, const size_t *order, size_t from, size_t to,
                    int *widths)
{
    char text[RA_GRID_CELL_BYTES], fitted[RA_GRID_CELL_BYTES];

    for (size_t c = 0; c < grid->column_count; c++) {
        const struct ra_grid_column *column = &grid->columns[c];

        widths[c] = column->width;
        if ((int)strlen(column->title) + 1 > widths[c]) {
            widths[c] = (int)strlen(column->title) + 1;
        }
        if (column->is_meter) {
            widths[c] = 1 + (COLS < WIDE_SCREEN ? NARROW_METER_WIDTH : METER_WIDTH);
        }
        for (size_t i = from; i < to && !column->is_meter && !column->is_last; i++) {
            int used;

            grid->cell(grid->context, order[i], c, text, sizeof text);
            used = 1 + ra_format_fit(fitted, sizeof fitted, text, COLS);
            if (used > widths[c]) {
                widths[c] = column->is_left && used > TEXT_WIDTH ? TEXT_WIDTH : used;
            }
        }
        if (column->is_last) {
            widths[c] = LAST_WIDTH;
        }
    }
}

/* Leave out what doesn't fit, the highest rank first; then the last column gets the rest. */
static void fit(const struct ra_grid *grid, int *widths)
{
    int total, worst;

    for (;;) {
        total = 0;
        worst = -1;
        for (size_t c = 0; c < grid->column_count; c++) {
            total += widths[c];
            if (widths[c] > 0 && grid->columns[c].rank > 0 &&
                (worst < 0 || grid->columns[c].rank >= grid->columns[worst].rank)) {
                worst = (int)c;
            }
        }
        if (total <= COLS || worst < 0) {
            break;
        }
        widths[worst] = 0;
    }
    for (size_t c = 0; c < grid->column_count; c++) {
        if (grid->columns[c].is_last && widths[c] > 0) {
            widths[c] = widths[c] + COLS - total > 0 ? widths[c] + COLS - total : 0;
        }
    }
}

static void put(const struct ra_grid_column *column, int line, int at, int width, int ink,
                const char *text)
{
    char fitted[RA_GRID_CELL_BYTES];
    int used = ra_format_fit(fitted, sizeof fitted, text, width - 1);

    ra_paint_text(line, column->is_left ? at + 1 : at + width - used, width, ink, fitted);
}

static void draw_heads(const struct ra_grid *grid, const struct ra_grid_state *state,
                       const int *widths, int line)
{
    int at = 0;

    ra_paint_bar(line, 0, COLS, RA_HEADING, "");
    for (size_t c = 0; c < grid->column_count; c++) {
        const struct ra_grid_column *column = &grid->columns[c];
        bool is_sorted = c == state->sort;

        if (widths[c] == 0) {
            continue;
        }
        if (is_sorted) {
            ra_paint_bar(line, at + 1, widths[c] - 1, RA_INK_CURRENT, "");
        }
        put(column, line, at, widths[c], is_sorted ? RA_INK_CURRENT : RA_HEADING, column->title);
        ra_hits_add(line, at, widths[c], RA_HIT_COLUMN, (int)c);
        at += widths[c];
    }
}

static void draw_row(const struct ra_grid *grid, const int *widths, size_t row, int line,
                     bool is_selected)
{
    int ink = is_selected ? RA_INK_SELECTED : grid->ink ? grid->ink(grid->context, row) : RA_PLAIN;
    char text[RA_GRID_CELL_BYTES];
    int at = 0;

    ra_paint_bar(line, 0, COLS, ink, "");
    for (size_t c = 0; c < grid->column_count; c++) {
        if (widths[c] == 0) {
            continue;
        }
        if (grid->columns[c].is_meter) {
            ra_bars_meter(text, sizeof text, grid->number(grid->context, row, c), widths[c] - 1);
        } else {
            grid->cell(grid->context, row, c, text, sizeof text);
        }
        put(&grid->columns[c], line, at, widths[c],
            grid->columns[c].is_meter && ink == RA_PLAIN ? RA_INK_METER : ink, text);
        at += widths[c];
    }
}

void ra_grid_draw(const struct ra_grid *grid, struct ra_grid_state *state, const size_t *order,
                  size_t count, int line, int end)
{
    int widths[RA_GRID_COLUMNS_MAX];
    int rows = end - line - 1;
    size_t to;

    ra_grid_settle(state, count, rows);
    to = state->top + (size_t)(rows > 0 ? rows : 0);
    to = to < count ? to : count;
    measure(grid, order, state->top, to, widths);
    fit(grid, widths);
    if (line < end) {
        draw_heads(grid, state, widths, line);
    }
    for (size_t i = state->top; i < to; i++) {
        int at = line + 1 + (int)(i - state->top);

        draw_row(grid, widths, order[i], at, i == state->selected);
        ra_hits_add(at, 0, COLS, RA_HIT_ROW, (int)i);
    }
}

void ra_grid_move_sort(const struct ra_grid *grid, struct ra_grid_state *state, int by)
{
    size_t count = grid->column_count;

    if (state->sort >= count) {
        state->sort = by > 0 ? 0 : count - 1;
    } else {
        state->sort = (state->sort + count + (size_t)(by + (int)count)) % count;
    }
    state->is_inverted = false;
}
