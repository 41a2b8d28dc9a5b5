/*
 * Views: the parts that text and screen are put together from, one table for both.
 * A view draws a part of one report as lines of a page, and nothing else.
 */
#ifndef RA_TOP_VIEWS_H
#define RA_TOP_VIEWS_H

#include <stddef.h>

#include <ruby_alloc/report.h>

#include "top/columns.h"
#include "top/page.h"

enum {
    RA_NEVER = 1 << 20, /* higher than any screen */
    RA_VIEW_MAX = 32,   /* views there may be */
    RA_VIEW_PARTS_MAX = 8
};

struct ra_view {
    const char *name;
    const char *help;
    /* Either draws lines of its own making ... */
    void (*draw)(const struct ra_report *report, struct ra_page *page);
    /* ... or shows a table, text_rows rows of it in text and what fits on a screen ... */
    const struct ra_table *table;
    size_t text_rows;
    /* ... or all fields of a group that occurs once ... */
    const char *group;
    /* ... or is several views, as a tab of the screen shows them; NULL ends their names. */
    const char *parts[RA_VIEW_PARTS_MAX + 1];

    int screen_from; /* the lowest screen, in lines, that shows it; RA_NEVER: text only */
    int text_gap;    /* in text an empty line before it */
};

/* In the order in which they are shown; ends with a NULL name. */
extern const struct ra_view ra_views[];

/* Draw a view; rows limits a table. */
void ra_view_draw(const struct ra_view *view, const struct ra_report *report, size_t rows,
                  struct ra_page *page);

/* A view by its name; NULL: there is none. */
const struct ra_view *ra_view_find(const char *name);

/* A view as in the text form: with its gap; nothing where it has nothing to say. */
void ra_view_draw_text(const struct ra_view *view, const struct ra_report *report,
                       struct ra_page *page);

/* The whole report as text. */
void ra_views_draw_text(const struct ra_report *report, struct ra_page *page);

#endif
