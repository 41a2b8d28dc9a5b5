/*
 * Menus, drawn over the left of the list or a tab: of the columns to sort by (F6), and of the
 * users whose processes the list may be narrowed to (u).
 */
#ifndef RA_TOP_MENU_H
#define RA_TOP_MENU_H

#include "top/ui.h"

/* Open it, at the present choice; the first where there is none. */
void ra_menu_open(struct ra_ui *ui, enum ra_ui_menu menu);

/* From line on, and not on the line end. */
void ra_menu_draw(struct ra_ui *ui, int line, int end);

/* What keys do there, for the last line. */
const char *ra_menu_hint(const struct ra_ui *ui);

/* Do what the choice of that number says, and close the menu. */
void ra_menu_choose(struct ra_ui *ui, size_t choice);

#endif
