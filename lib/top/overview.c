/*
 * The overview of one process: what RSS is made of as a bar, the chain as its legend, what
 * to do about it, and how it went since the screen was opened. Lines, which scroll where
 * they are more than the screen has.
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

enum {
    LEGEND_AT = 32,    /* between a loss and its share, where the chain has only spaces */
    SERIES_WHOLE = 60, /* columns; below, the room is needed for numbers */
    LOW = 12,          /* lines; below, numbers alone */
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

/* What the lines are drawn from; page has the layout of the text form without its first. */
struct overview {
    const struct ra_ui *ui;
    struct ra_page page;
    size_t chain; /* the line of the page that the chain begins below */
    struct ra_segment segments[RA_SEGMENTS_MAX];
    size_t segment_count;
    bool is_low;
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
    const struct ra_line *shown = &view->page.lines[index];

    if (shown->style == RA_HEADING) {
        ra_paint_bar(line, 0, COLS, RA_HEADING, "");
    }
    ra_paint_text(line, 0, COLS, (int)shown->style, shown->text);
    if (index - view->chain > 0 && index - view->chain - 1 < view->segment_count) {
        const struct ra_segment *segment = &view->segments[index - view->chain - 1];

        ra_paint_segment(line, LEGEND_AT, 1, segment->number, segment->letter);
    }
}

static struct ra_cell format(enum ra_series series, double value)
{
    struct ra_cell cell = {"-"};

    if (!isfinite(value)) {
        return cell;
    }
    if (series == RA_SERIES_RSS || series == RA_SERIES_LIVE) {
        return ra_format_bytes((int64_t)value);
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

/* Line index of all: the bar, the page, the lines over time. */
static void draw_line(const struct overview *view, size_t index, int line)
{
    if (!view->is_low && index-- == 0) {
        draw_bar(view, line);
    } else if (index < view->page.count) {
        draw_page_line(view, index, line);
    } else {
        draw_series(view, (enum ra_series)(index - view->page.count), line);
    }
}

static void drop_lines(struct ra_page *page, size_t from, size_t count)
{
    for (size_t i = from; i < from + count && i < page->count; i++) {
        free(page->lines[i].text);
    }
    count = from + count <= page->count ? count : page->count - from;
    memmove(&page->lines[from], &page->lines[from + count],
            (page->count - from - count) * sizeof *page->lines);
    page->count -= count;
}

/* Who it is stands above the tabs already; on a low screen the chain needs no heads. */
static void fill(struct overview *view, int columns, int lines)
{
    const struct ra_report *report = view->ui->model.report;

    ra_layout_fill(report, columns, lines + 1, &view->page);
    view->segment_count = ra_chain_segments(report, view->segments);
    drop_lines(&view->page, 0, 1);
    while (view->chain < view->page.count && view->page.lines[view->chain].style != RA_HEADING) {
        view->chain++;
    }
    if (view->is_low) {
        drop_lines(&view->page, view->chain, 1);
        view->chain = (size_t)-1;
    }
}

void ra_overview_draw(struct ra_ui *ui, int line, int end)
{
    struct overview view = {.ui = ui, .is_low = end - line < LOW};
    struct ra_grid_state *state = &ui->tabs[ui->tab];
    size_t rows = end > line ? (size_t)(end - line) : 0;
    size_t count, last;
    int fixed = view.is_low ? 0 : 1 + RA_SERIES_COUNT;

    fill(&view, COLS, (int)rows - fixed);
    count = (view.is_low ? 0 : 1) + view.page.count + RA_SERIES_COUNT;
    last = count > rows ? count - rows : 0;
    state->selected = state->selected < last ? state->selected : last;
    for (size_t i = 0; i < rows && state->selected + i < count; i++) {
        draw_line(&view, state->selected + i, line + (int)i);
    }
    ra_page_clear(&view.page);
}
