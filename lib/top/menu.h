/*
 * The menu of the columns that the list or a tab can be sorted by (F6), drawn over its left.
 */
#ifndef RA_TOP_MENU_H
#define RA_TOP_MENU_H

#include "top/ui.h"

/* Open it, at the present column; the first where there is none. */
void ra_menu_open(struct ra_ui *ui);

/* From line on, and not on the line end. */
void ra_menu_draw(struct ra_ui *ui, int line, int end);

/* Sort by the column of that number, and close the menu. */
void ra_menu_choose(struct ra_ui *ui, size_t column);

#endif
