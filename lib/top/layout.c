/*
 * Layout: which views a screen shows, and how many rows of each table.
 */
#include "top/layout.h"

#include <stdbool.h>

#include "top/views.h"

enum { TABLE_HEAD_LINES = 2 }; /* title and column heads */

static bool is_shown(const struct ra_view *view, int lines)
{
    return lines >= view->screen_from;
}

/* The lines that the views without a table take; measured, as some vary. */
static int fixed_lines(const struct ra_report *report, int columns, int lines)
{
    struct ra_page page = {.width = columns, .height = lines};
    int count;

    for (const struct ra_view *view = ra_views; view->name; view++) {
        if (is_shown(view, lines) && !view->table) {
            ra_view_draw(view, report, 0, &page);
        }
    }
    count = (int)page.count;
    ra_page_clear(&page);
    return count;
}

/*
 * Deal out room lines to the shown tables, a row to each in turn, so that a table
 * of few rows leaves its share to the others. Each gets one row at least.
 */
static void share_rows(const struct ra_report *report, int lines, int room, size_t *rows)
{
    bool dealt = true;

    for (size_t i = 0; ra_views[i].name; i++) {
        rows[i] = is_shown(&ra_views[i], lines) && ra_views[i].table;
        room -= rows[i] ? TABLE_HEAD_LINES + 1 : 0;
    }
    while (dealt) {
        dealt = false;
        for (size_t i = 0; ra_views[i].name && room > 0; i++) {
            if (rows[i] > 0 && rows[i] < ra_table_rows(ra_views[i].table, report)) {
                rows[i]++;
                room--;
                dealt = true;
            }
        }
    }
}

void ra_layout_fill(const struct ra_report *report, int columns, int lines, struct ra_page *page)
{
    size_t rows[RA_VIEW_MAX];

    share_rows(report, lines, lines - fixed_lines(report, columns, lines), rows);
    page->width = columns;
    page->height = lines;
    for (size_t i = 0; ra_views[i].name; i++) {
        if (is_shown(&ra_views[i], lines)) {
            ra_view_draw(&ra_views[i], report, rows[i], page);
        }
    }
}
