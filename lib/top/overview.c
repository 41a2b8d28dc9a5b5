/*
 * The overview of one process: what RSS is made of as a bar, the chain as its legend, what
 * to do about it, and how it went since the screen was opened. Lines, which scroll where
 * they are more than the screen has; on a low screen what tells most comes first.
 */
#include "top/ui.h"

#include <curses.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "top/bars.h"
#include "top/chain.h"
#include "top/format.h"
#include "top/layout.h"
#include "top/paint.h"
#include "top/sideways.h"
#include "top/views.h"

enum {
    LEGEND_AT = 32,    /* between a loss and its share, where the chain has only spaces */
    SERIES_WHOLE = 60, /* columns; below, the room is needed for numbers */
    LOW = 12,          /* lines; below, the chain has no heads and the verdict comes first */
    LOWEST = 5,        /* below, there is no bar either */
    SERIES_LABEL = 11, /* columns */
    SERIES_NUMBERS = 36,
    SERIES_VALUES = 10
};

static const char *const series_names[RA_SERIES_COUNT] = {
    [RA_SERIES_RSS] = "rss",
    [RA_SERIES_LIVE] = "live",
    [RA_SERIES_RATIO] = "ratio",
    [RA_SERIES_RATE] = "alloc/s",
};

enum part { PART_BAR, PART_PAGE, PART_SERIES };

/* A line: the bar, one of the page, or a series. */
struct piece {
    enum part part;
    size_t index;
};

enum { PIECES_MAX = 256 };

/* What the lines are drawn from; page has the layout of the text form without its first. */
struct overview {
    const struct ra_ui *ui;
    struct ra_page page;
    size_t chain, verdict; /* lines of the page: the head of the chain, the largest loss */
    size_t looked;         /* and what the rest are of; 0: none */
    size_t more;           /* and those that a screen of this height has below the series */
    bool is_identity_cut;  /* above the tabs */
    int shift;             /* columns of them out of sight at the left */
    struct ra_segment segments[RA_SEGMENTS_MAX];
    size_t segment_count;
    struct piece pieces[PIECES_MAX]; /* from the top of the screen on */
    size_t count;
};

static void draw_bar(const struct overview *view, int line)
{
    double parts[RA_SEGMENTS_MAX] = {0};
    int widths[RA_SEGMENTS_MAX];
    int at = 0;

    for (size_t i = 0; i < view->segment_count; i++) {
        parts[i] = view->segments[i].bytes == RA_UNKNOWN ? 0 : (double)view->segments[i].bytes;
    }
    ra_bars_share(widths, parts, view->segment_count, COLS - 1);
    for (size_t i = 0; i < view->segment_count; i++) {
        ra_paint_segment(line, at, widths[i], view->segments[i].number, view->segments[i].letter);
        at += widths[i];
    }
}

static void draw_page_line(const struct overview *view, size_t index, int line)
{
    int legend = LEGEND_AT - view->shift;

    ra_paint_line(line, view->shift, &view->page.lines[index]);
    if (index > view->chain && index - view->chain - 1 < view->segment_count && legend >= 0) {
        const struct ra_segment *segment = &view->segments[index - view->chain - 1];

        ra_paint_segment(line, legend, 1, segment->number, segment->letter);
    }
}

static struct ra_cell format(enum ra_series series, double value)
{
    struct ra_cell cell = {"-"};

    if (!isfinite(value)) {
        return cell;
    }
    if (series == RA_SERIES_RSS || series == RA_SERIES_LIVE) {
        return ra_format_bytes(ra_format_whole(value));
    }
    if (series == RA_SERIES_RATE) {
        return ra_format_rate(value);
    }
    snprintf(cell.text, sizeof cell.text, "%.2f", value);
    return cell;
}

static void draw_series(const struct overview *view, enum ra_series series, int line)
{
    const struct ra_member *member = ra_model_find(&view->ui->model, view->ui->model.watched);
    int width = COLS - SERIES_LABEL - (COLS >= SERIES_WHOLE ? SERIES_NUMBERS : SERIES_VALUES + 1);
    char text[4 * RA_HISTORY_MAX + 1], numbers[256];
    double values[RA_HISTORY_MAX], least, greatest;
    size_t count;

    if (!member || width < 1) {
        return;
    }
    width = width < RA_HISTORY_MAX ? width : RA_HISTORY_MAX;
    count = ra_history_last(&member->history, series, values, (size_t)width);
    ra_bars_bounds(values, count, &least, &greatest);
    ra_bars_line(text, sizeof text, values, count, ra_paint_has_blocks());
    snprintf(numbers, sizeof numbers, COLS >= SERIES_WHOLE ? "%10s  %s to %s" : "%10s",
             format(series, count > 0 ? values[count - 1] : NAN).text, format(series, least).text,
             format(series, greatest).text);
    ra_paint_text(line, 0, COLS, RA_INK_LABEL, series_names[series]);
    ra_paint_text(line, SERIES_LABEL - 3, COLS, RA_PLAIN, numbers);
    ra_paint_text(line, COLS - (int)count, width, RA_INK_METER, text);
}

static void draw_piece(const struct overview *view, const struct piece *piece, int line)
{
    switch (piece->part) {
    case PART_BAR:
        draw_bar(view, line);
        break;
    case PART_PAGE:
        draw_page_line(view, piece->index, line);
        break;
    case PART_SERIES:
        draw_series(view, (enum ra_series)piece->index, line);
        break;
    }
}

/* Instead of the chain's lines those of its growth or its rates, which are as many. */
static void show_growth(struct overview *view)
{
    const struct ra_model *model = &view->ui->model;
    bool is_since = view->ui->mode == RA_MODE_SINCE;
    const struct ra_report *before = model->before ? model->before : model->report;
    const struct ra_report *from = is_since ? model->baseline : before;
    double seconds = is_since ? 0 : ra_model_seconds(before, model->report);
    struct ra_page growth = {.width = view->page.width};

    ra_chain_draw_growth(from, model->report, seconds, &growth);
    for (size_t i = 0; i < growth.count && view->chain + i < view->page.count; i++) {
        struct ra_line old = view->page.lines[view->chain + i];

        view->page.lines[view->chain + i] = growth.lines[i];
        growth.lines[i] = old;
    }
    ra_page_clear(&growth);
}

/* Of whom the kernel can't be asked any more: since when. */
static void add_looked(struct overview *view)
{
    const struct ra_member *member = ra_model_find(&view->ui->model, view->ui->model.watched);

    if (member && member->has_ended && member->looked[0]) {
        view->looked = view->page.count;
        ra_page_add(&view->page, RA_WARNING,
                    "ENDED      rss, other, files are of the last look, %s", member->looked);
    }
}

/* What a higher screen would show at once, and who it is where that is cut above the tabs. */
static void add_more(struct overview *view, int lines)
{
    const struct ra_report *report = view->ui->model.report;
    const struct ra_view *verdict = ra_view_find("verdict");

    view->more = view->page.count;
    view->page.height = 0;
    if (view->is_identity_cut) {
        ra_view_draw(ra_view_find("identity"), report, 0, &view->page);
    }
    for (const struct ra_view *other = ra_views; other->name; other++) {
        bool is_text = !other->table && other != verdict && other->screen_from != RA_NEVER;

        if (is_text && lines < other->screen_from) {
            ra_view_draw(other, report, 0, &view->page);
        }
    }
}

/* Who it is stands above the tabs already; the verdict is there on a screen of any height. */
static void fill_page(struct overview *view, int columns, int lines)
{
    const struct ra_report *report = view->ui->model.report;
    const struct ra_view *verdict = ra_view_find("verdict");

    ra_layout_fill(report, columns, lines, &view->page);
    view->segment_count = ra_chain_segments(report, view->segments);
    view->is_identity_cut =
        view->page.count > 0 && ra_format_columns(view->page.lines[0].text) > columns;
    ra_page_drop(&view->page, 0, 1);
    while (view->chain < view->page.count && view->page.lines[view->chain].style != RA_HEADING) {
        view->chain++;
    }
    view->verdict = view->chain + 1 + view->segment_count;
    if (lines < verdict->screen_from) {
        ra_view_draw(verdict, report, 0, &view->page);
    }
    if (view->ui->mode == RA_MODE_RATES ||
        (view->ui->mode == RA_MODE_SINCE && view->ui->model.baseline)) {
        show_growth(view);
    }
    add_looked(view);
    add_more(view, lines);
}

static void add_piece(struct overview *view, enum part part, size_t index)
{
    if (view->count < PIECES_MAX) {
        view->pieces[view->count++] = (struct piece){.part = part, .index = index};
    }
}

/* For a low screen: the largest loss, and what jemalloc and the kernel measured. */
static void add_short(struct overview *view)
{
    if (view->verdict < view->more) {
        add_piece(view, PART_PAGE, view->verdict);
    }
    for (size_t i = view->chain + 2; i < view->verdict && i < view->more; i++) {
        if (view->page.lines[i].text[0] != ' ') {
            add_piece(view, PART_PAGE, i);
        }
    }
}

/* The lines above the chain's, where the screen would end before the last of the series. */
static size_t find_later(const struct overview *view, size_t rows)
{
    return rows >= LOW && 1 + view->more + RA_SERIES_COUNT > rows ? view->chain : 0;
}

/*
 * All of it in its order comes after the short form of it, if there is one. Who it is stands
 * above the tabs in short: where a line is too many, that of the command comes behind the series.
 */
static void arrange(struct overview *view, size_t rows)
{
    size_t later = find_later(view, rows);

    if (rows >= LOWEST) {
        add_piece(view, PART_BAR, 0);
    }
    if (rows < LOW) {
        add_short(view);
    } else if (view->looked > 0) {
        add_piece(view, PART_PAGE, view->looked);
    }
    for (size_t i = later; i < view->more; i++) {
        if (i != view->looked || i == 0 || rows < LOW) {
            add_piece(view, PART_PAGE, i);
        }
    }
    for (size_t i = 0; i < RA_SERIES_COUNT; i++) {
        add_piece(view, PART_SERIES, i);
    }
    for (size_t i = 0; i < later; i++) {
        add_piece(view, PART_PAGE, i);
    }
    for (size_t i = view->more; i < view->page.count; i++) {
        add_piece(view, PART_PAGE, i);
    }
}

void ra_overview_draw(struct ra_ui *ui, int line, int end)
{
    struct overview view = {.ui = ui};
    struct ra_grid_state *state = &ui->tabs[ui->tab];
    size_t rows = end > line ? (size_t)(end - line) : 0;
    int fixed = rows < LOW ? 0 : 1 + RA_SERIES_COUNT;
    size_t last;

    fill_page(&view, COLS, (int)rows - fixed + 1);
    arrange(&view, rows);
    ra_sideways_text(state, ra_page_columns(&view.page), COLS);
    view.shift = state->shift;
    last = view.count > rows ? view.count - rows : 0;
    state->selected = state->selected < last ? state->selected : last;
    for (size_t i = 0; i < rows && state->selected + i < view.count; i++) {
        draw_piece(&view, &view.pieces[state->selected + i], line + (int)i);
    }
    ra_page_clear(&view.page);
}
