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
#include "top/sideways.h"

enum {
    TEXT_WIDTH = 25,
    TEXT_LEAST = 5,
    LAST_WIDTH = 14,
    METER_WIDTH = 20,
    NARROW_METER_WIDTH = 13,
    WIDE_SCREEN = 100
};

struct ranked {
    size_t row;
    bool is_unknown, is_inverted;
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

    if (a->is_unknown != b->is_unknown) {
        return a->is_unknown ? 1 : -1;
    }
    if (order == 0 && a->number != b->number) {
        order = a->number < b->number ? 1 : -1;
    }
    order = a->is_inverted ? -order : order;
    return order != 0 ? order : compare_rows(left, right);
}

static bool passes(const struct ra_grid *grid, const char *filter, size_t row)
{
    char text[RA_GRID_CELL_BYTES];

    if (grid->hides && grid->hides(grid->context, row)) {
        return false;
    }
    if (filter[0] == '\0' || (grid->stays && grid->stays(grid->context, row))) {
        return true;
    }
    for (size_t i = 0; i < grid->column_count; i++) {
        grid->cell(grid->context, row, i, text, sizeof text);
        if (strcasestr(text, filter)) {
            return true;
        }
    }
    return false;
}

static void rank(const struct ra_grid *grid, const struct ra_grid_state *state,
                 struct ranked *ranked)
{
    size_t sort = state->sort;
    char text[RA_GRID_CELL_BYTES];

    ranked->is_inverted = state->is_inverted;
    if (sort >= grid->column_count) {
        ranked->number = -(double)ranked->row;
        return;
    }
    if (grid->columns[sort].is_left) {
        grid->cell(grid->context, ranked->row, sort, text, sizeof text);
        memcpy(ranked->text, text, sizeof ranked->text);
        ranked->text[sizeof ranked->text - 1] = '\0';
        ranked->is_unknown = strcmp(text, "-") == 0;
    } else {
        ranked->number = grid->number(grid->context, ranked->row, sort);
        ranked->is_unknown = !isfinite(ranked->number);
        ranked->number = ranked->is_unknown ? 0 : ranked->number;
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
            rank(grid, state, &ranked[(*count)++]);
        }
    }
    if (ranked && order) {
        qsort(ranked, *count, sizeof *ranked, compare_ranked);
        for (size_t i = 0; i < *count; i++) {
            order[i] = ranked[i].row;
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

/* Widths of columns, 0: not shown. */
struct widths {
    int wanted[RA_GRID_COLUMNS_MAX], needed[RA_GRID_COLUMNS_MAX];
    int longest;   /* text of the last column */
    size_t pinned; /* the column that is never left out, though it has a rank; 0: none */
};

/* The columns that the text of column takes in the rows that are shown. */
static int measure_text(const struct ra_grid *grid, size_t column, const size_t *order, size_t from,
                        size_t to)
{
    char text[RA_GRID_CELL_BYTES];
    int longest = 0;

    for (size_t i = from; i < to; i++) {
        int used;

        grid->cell(grid->context, order[i], column, text, sizeof text);
        used = ra_format_columns(text);
        longest = used > longest ? used : longest;
    }
    return longest;
}

/* Each column's width for the rows that are shown; numbers are never cut. */
static void measure(const struct ra_grid *grid, const size_t *order, size_t from, size_t to,
                    struct widths *widths)
{
    for (size_t c = 0; c < grid->column_count; c++) {
        const struct ra_grid_column *column = &grid->columns[c];
        int title = (int)strlen(column->title) + 1, meter, used;

        if (column->is_meter) {
            meter = 1 + (COLS < WIDE_SCREEN ? NARROW_METER_WIDTH : METER_WIDTH);
            widths->needed[c] = widths->wanted[c] = meter;
            continue;
        }
        used = 1 + measure_text(grid, c, order, from, to);
        if (column->is_last) {
            widths->longest = used - 1;
            widths->needed[c] = widths->wanted[c] = LAST_WIDTH;
            continue;
        }
        used = column->is_left && used > TEXT_WIDTH ? TEXT_WIDTH : used;
        widths->needed[c] = used > title ? used : title;
        widths->wanted[c] = widths->needed[c] > column->width ? widths->needed[c] : column->width;
    }
}

static int total_of(const struct ra_grid *grid, const int *widths)
{
    int total = 0;

    for (size_t c = 0; c < grid->column_count; c++) {
        total += widths[c];
    }
    return total;
}

/* The shown column that is left out first; -1: none may be. */
static int find_worst(const struct ra_grid *grid, const struct widths *widths)
{
    int worst = -1;

    for (size_t c = 0; c < grid->column_count; c++) {
        if (widths->wanted[c] > 0 && grid->columns[c].rank > 0 && c != widths->pinned &&
            (worst < 0 || grid->columns[c].rank >= grid->columns[worst].rank)) {
            worst = (int)c;
        }
    }
    return worst;
}

/* No column may be left out any more: texts give way to numbers, then the last to the first. */
static void squeeze(const struct ra_grid *grid, struct widths *widths)
{
    int *wanted = widths->wanted;

    for (size_t c = 0; c < grid->column_count; c++) {
        wanted[c] = wanted[c] > 0 ? widths->needed[c] : 0;
    }
    for (size_t c = 0; c < grid->column_count; c++) {
        int over = total_of(grid, wanted) - COLS;

        if (over > 0 && grid->columns[c].is_left && wanted[c] > TEXT_LEAST) {
            wanted[c] = wanted[c] - over > TEXT_LEAST ? wanted[c] - over : TEXT_LEAST;
        }
    }
    for (size_t c = grid->column_count; c-- > 1 && total_of(grid, wanted) > COLS;) {
        wanted[c] = 0;
    }
    wanted[0] = wanted[0] < COLS ? wanted[0] : COLS;
}

/* Leave out what doesn't fit, the highest rank first; then the last column gets the rest. */
static void fit(const struct ra_grid *grid, struct widths *widths)
{
    int *wanted = widths->wanted, worst;

    while (total_of(grid, wanted) > COLS && (worst = find_worst(grid, widths)) >= 0) {
        wanted[worst] = 0;
    }
    if (total_of(grid, wanted) > COLS) {
        squeeze(grid, widths);
    }
    for (size_t c = 0; c < grid->column_count; c++) {
        if (grid->columns[c].is_last && wanted[c] > 0) {
            wanted[c] += COLS - total_of(grid, wanted);
        }
    }
}

/* How far the last column can be shifted, and which are not there to be sorted by. */
static void settle_columns(const struct ra_grid *grid, const struct widths *widths,
                           struct ra_grid_state *state)
{
    int most = 0;

    state->hidden = 0;
    for (size_t c = 0; c < grid->column_count; c++) {
        state->hidden |= widths->wanted[c] == 0 ? 1U << c : 0;
        if (grid->columns[c].is_last && widths->wanted[c] > 0) {
            most = widths->longest - (widths->wanted[c] - 1);
        }
    }
    ra_sideways_settle(state, most);
}

/* The column that names the row: the first that is never left out. */
static size_t find_name(const struct ra_grid *grid)
{
    for (size_t c = 0; c < grid->column_count; c++) {
        if (grid->columns[c].rank == 0) {
            return c;
        }
    }
    return 0;
}

/* Leave out that many columns behind the one that names the row. */
static void skip_columns(const struct ra_grid *grid, int skipped, int *widths)
{
    size_t from = find_name(grid) + 1;

    for (size_t c = from; c < grid->column_count && c < from + (size_t)skipped; c++) {
        widths[c] = 0;
    }
}

/* How many have to be left out at the left for the rightmost ones to be there. */
static int most_skipped(const struct ra_grid *grid, const struct widths *widths)
{
    int last = (int)(grid->column_count - find_name(grid)) - 2; /* it and one more stay */

    for (int skipped = 0; skipped < last; skipped++) {
        int left[RA_GRID_COLUMNS_MAX];

        memcpy(left, widths->wanted, sizeof left);
        skip_columns(grid, skipped, left);
        if (total_of(grid, left) <= COLS) {
            return skipped;
        }
    }
    return last > 0 ? last : 0;
}

/*
 * Go as far aside as was asked for. Each step goes to the next column behind the name, and shows
 * it for certain: the first to the second one behind, unless the first one itself had no room.
 */
static void step_aside(const struct ra_grid *grid, struct ra_grid_state *state,
                       struct widths *widths)
{
    size_t first = find_name(grid) + 1;
    int most = most_skipped(grid, widths), skipped, had_no_room;
    struct widths unmoved = *widths;

    fit(grid, &unmoved);
    had_no_room = first < grid->column_count && unmoved.wanted[first] == 0;
    ra_sideways_step(state, most > 0 ? most + had_no_room : 0);
    if (state->skipped > 0) {
        skipped = state->skipped - had_no_room;
        skip_columns(grid, skipped, widths->wanted);
        widths->pinned = first + (size_t)skipped;
    }
}

/* Of a number no digit is left out: the mark stands for all of it. */
static void mark_cut(const struct ra_grid_column *column, int room, char *fitted, size_t size)
{
    const char *mark = ra_paint_has_blocks() ? "…" : "~";
    char whole[RA_GRID_CELL_BYTES];

    if (room < 1 || column->is_last ||
        ra_format_fit(whole, sizeof whole, fitted, RA_GRID_CELL_BYTES) <= room) {
        return;
    }
    ra_format_fit(fitted, size - strlen(mark), whole, column->is_left ? room - 1 : 0);
    strcat(fitted, mark);
}

static void put(const struct ra_grid_column *column, int line, int at, int width, int ink,
                const char *text)
{
    char whole[RA_GRID_CELL_BYTES], fitted[RA_GRID_CELL_BYTES];
    int used;

    if ((int)strlen(text) >= width) { /* only then may it be too wide */
        ra_format_fit(whole, sizeof whole, text, RA_GRID_CELL_BYTES);
        mark_cut(column, width - 1, whole, sizeof whole);
        text = whole;
    }
    used = ra_format_fit(fitted, sizeof fitted, text, width - 1);
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

static void draw_row(const struct ra_grid *grid, const int *widths, int shift, size_t row, int line,
                     bool is_selected)
{
    int ink = is_selected ? RA_INK_SELECTED : grid->ink ? grid->ink(grid->context, row) : RA_PLAIN;
    char text[RA_GRID_CELL_BYTES];
    int at = 0;

    ra_paint_bar(line, 0, COLS, ink, "");
    for (size_t c = 0; c < grid->column_count; c++) {
        const struct ra_grid_column *column = &grid->columns[c];

        if (widths[c] == 0) {
            continue;
        }
        if (column->is_meter) {
            ra_bars_meter(text, sizeof text, grid->number(grid->context, row, c), widths[c] - 1);
        } else {
            grid->cell(grid->context, row, c, text, sizeof text);
            ra_format_cut(text, column->is_last ? shift : 0);
        }
        put(column, line, at, widths[c], column->is_meter && ink == RA_PLAIN ? RA_INK_METER : ink,
            text);
        at += widths[c];
    }
}

void ra_grid_draw(const struct ra_grid *grid, struct ra_grid_state *state, const size_t *order,
                  size_t count, int line, int end)
{
    struct widths widths = {0};
    int rows = end - line - 1;
    size_t to;

    ra_grid_settle(state, count, rows);
    to = state->top + (size_t)(rows > 0 ? rows : 0);
    to = to < count ? to : count;
    measure(grid, order, state->top, to, &widths);
    step_aside(grid, state, &widths);
    fit(grid, &widths);
    settle_columns(grid, &widths, state);
    if (line < end) {
        draw_heads(grid, state, widths.wanted, line);
    }
    for (size_t i = state->top; i < to; i++) {
        int at = line + 1 + (int)(i - state->top);

        draw_row(grid, widths.wanted, state->shift, order[i], at, i == state->selected);
        ra_hits_add(at, 0, COLS, RA_HIT_ROW, (int)i);
    }
}

void ra_grid_move_sort(const struct ra_grid *grid, struct ra_grid_state *state, int by)
{
    size_t count = grid->column_count;

    for (size_t steps = 0; steps < count; steps++) {
        if (state->sort >= count) {
            state->sort = by > 0 ? 0 : count - 1;
        } else {
            state->sort = (state->sort + count + (size_t)(by + (int)count)) % count;
        }
        if (!(state->hidden >> state->sort & 1)) {
            break;
        }
    }
    state->is_inverted = false;
}
