/*
 * One process on the screen: its tabs.
 */
#include "top/ui.h"

#include <curses.h>
#include <stdlib.h>
#include <string.h>

#include "top/field_grid.h"
#include "top/fields.h"
#include "top/hits.h"
#include "top/paint.h"
#include "top/sideways.h"
#include "top/tabs.h"
#include "top/views.h"

enum { TIME_BYTES = 24, TIME_AT = 11, TIME_WIDTH = 10 };

const struct ra_tab ra_tabs[RA_UI_TABS + 1] = {
    {.title = "overview"},
    {.title = "sizes", .table = &ra_table_sizes},
    {.title = "classes", .table = &ra_table_classes},
    {.title = "threads", .table = &ra_table_threads},
    {.title = "arenas", .table = &ra_table_arenas},
    {.title = "calls", .groups = {"calls", "totals"}},
    {.title = "configuration", .view = "configuration"},
    {0},
};

static const char nothing_matches[] = "nothing matches the filter";

static void draw_tabs(const struct ra_ui *ui, int line)
{
    int at = 0;

    for (size_t i = 0; i < RA_UI_TABS; i++) {
        bool is_current = i == ui->tab;
        char text[32];
        int used;

        /* Where they don't all fit, the others are their numbers. */
        snprintf(text, sizeof text, COLS >= 72 || is_current ? " %zu %s " : " %zu ", i + 1,
                 ra_tabs[i].title);
        used = ra_paint_text(line, at, COLS, is_current ? RA_INK_CURRENT : RA_PLAIN, text);
        ra_hits_add(line, at, used, RA_HIT_TAB, (int)i);
        at += used;
    }
}

/* The tab's grid; columns are none where it is drawn as lines. */
static struct ra_grid tab_grid(const struct ra_ui *ui, struct ra_field_grid *fields)
{
    const struct ra_tab *tab = &ra_tabs[ui->tab];

    ra_field_grid_begin(fields, ui);
    fields->table = tab->table;
    if (tab->table) {
        return ra_field_grid_table(fields);
    }
    for (size_t i = 0; i < RA_FIELD_GROUPS_MAX && tab->groups[i]; i++) {
        fields->groups[fields->group_count++] = ra_group_find(tab->groups[i]);
    }
    return fields->group_count > 0 ? ra_field_grid_groups(fields) : (struct ra_grid){0};
}

static void draw_grid(struct ra_ui *ui, const struct ra_grid *grid, int line, int end)
{
    struct ra_grid_state *state = &ui->tabs[ui->tab];
    size_t count = 0;
    size_t *order = ra_grid_order(grid, state, &count);

    if (order) {
        ra_grid_draw(grid, state, order, count, line, end);
    }
    if (count == 0 && line + 1 < end) {
        ra_paint_text(line + 1, 1, COLS - 1, RA_PLAIN,
                      state->filter[0] ? nothing_matches : "nothing to show here");
    }
    free(order);
}

/* Lines that can be scrolled; there is no selected one. */
static void draw_views(struct ra_ui *ui, int line, int end)
{
    const struct ra_tab *tab = &ra_tabs[ui->tab];
    struct ra_page page = {.width = COLS};
    struct ra_grid_state *state = &ui->tabs[ui->tab];
    size_t rows = end > line ? (size_t)(end - line) : 0, last;

    ra_view_draw(ra_view_find(tab->view), ui->model.report, 0, &page);
    ra_page_filter(&page, state->filter);
    if (page.count == 0 && line < end) {
        ra_paint_text(line, 1, COLS - 1, RA_PLAIN, nothing_matches);
    }
    ra_sideways_text(state, ra_page_columns(&page), COLS);
    last = page.count > rows ? page.count - rows : 0;
    state->selected = state->selected > last ? last : state->selected;
    state->top = state->selected;
    for (size_t i = 0; i < rows && state->top + i < page.count; i++) {
        ra_paint_line(line + (int)i, state->shift, &page.lines[state->top + i]);
    }
    ra_page_clear(&page);
}

/* Who it is, in the words of the text form. */
static void draw_identity(const struct ra_ui *ui, int line)
{
    struct ra_page page = {.width = COLS};
    char time[16];

    ra_view_draw(ra_view_find("identity"), ui->model.report, 0, &page);
    if (page.count > 0) {
        int used = ra_paint_whole(line, 0, COLS, (int)page.lines[0].style, page.lines[0].text);

        /* Of 2026-11-23T09:30:00.123Z the time of day. */
        if (COLS - used > TIME_WIDTH && strlen(ui->model.report->time) == TIME_BYTES) {
            snprintf(time, sizeof time, "%.8sZ", ui->model.report->time + TIME_AT);
            ra_paint_text(line, COLS - (int)strlen(time), TIME_WIDTH, RA_PLAIN, time);
        }
    }
    ra_page_clear(&page);
}

/* Why there is no growth to be seen; NULL where there is. */
static const char *missing_baseline(const struct ra_ui *ui)
{
    if (ui->mode != RA_MODE_SINCE || ui->model.baseline) {
        return NULL;
    }
    return ui->model.baseline_count > 0
               ? "no growth: it was not there yet at Space; press Space to count from now on"
               : "no growth: press Space to count it from now on";
}

void ra_process_screen_draw(struct ra_ui *ui, int line, int end)
{
    struct ra_field_grid fields;
    struct ra_grid grid;

    if (!ui->model.report) {
        ra_paint_text(line, 0, COLS, RA_WARNING,
                      ui->model.note[0] ? ui->model.note : "no report of this process");
        return;
    }
    draw_identity(ui, line++);
    if (line < end) {
        draw_tabs(ui, line++);
    }
    if (missing_baseline(ui) && line < end) {
        ra_paint_text(line++, 0, COLS, RA_WARNING, missing_baseline(ui));
    }
    grid = tab_grid(ui, &fields);
    if (grid.column_count > 0) {
        draw_grid(ui, &grid, line, end);
    } else if (ra_tabs[ui->tab].view) {
        draw_views(ui, line, end);
    } else {
        ra_overview_draw(ui, line, end);
    }
}

/* What sorting needs to know of columns that belong to a grid gone since. */
struct ra_grid ra_tab_grid_columns(const struct ra_ui *ui)
{
    static struct ra_field_grid fields;
    struct ra_grid grid = tab_grid(ui, &fields);

    grid.row_count = 0;
    return grid;
}

bool ra_tab_can_sort(size_t tab)
{
    return ra_tabs[tab].table || ra_tabs[tab].groups[0];
}

bool ra_tab_can_filter(size_t tab)
{
    return ra_tab_can_sort(tab) || ra_tabs[tab].view;
}

size_t ra_tab_first_sort(size_t tab)
{
    const struct ra_table *table = ra_tabs[tab].table;

    for (size_t i = 0; table && table->sort && i < table->column_count; i++) {
        if (strcmp(table->columns[i].field, table->sort) == 0) {
            return i;
        }
    }
    return RA_GRID_COLUMNS_MAX;
}
