/*
 * Tabs: the parts of the screen of one process, declared once.
 */
#ifndef RA_TOP_TABS_H
#define RA_TOP_TABS_H

#include "top/columns.h"
#include "top/ui.h"

enum { RA_TAB_PARTS_MAX = 8 };

/* Either a table, or groups of single values, or a view as lines; none: the overview. */
struct ra_tab {
    const char *title;
    const struct ra_table *table;
    const char *groups[RA_TAB_PARTS_MAX]; /* names; NULL ends them */
    const char *view;
};

/* Ends with a NULL title. */
extern const struct ra_tab ra_tabs[RA_UI_TABS + 1];

/* The columns of the list, and those of the tab that is shown; rows are none. */
struct ra_grid ra_list_grid_columns(const struct ra_ui *ui);
struct ra_grid ra_tab_grid_columns(const struct ra_ui *ui);

/* A tab has rows with columns, which can be sorted; or lines of text. Of either some can be chosen. */
bool ra_tab_can_sort(size_t tab);
bool ra_tab_can_filter(size_t tab);

/* The column by which a tab's grid is sorted at first; as in its text. */
size_t ra_tab_first_sort(size_t tab);

#endif
