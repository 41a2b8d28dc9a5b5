/*
 * Layout: the lines of a screen of a given size, from the views, without a
 * terminal. Fixed views keep their lines, tables share what is left.
 */
#ifndef RA_TOP_LAYOUT_H
#define RA_TOP_LAYOUT_H

#include <ruby_alloc/report.h>

#include "top/page.h"

/*
 * Fill page (its width and height are set here) for a screen of columns by lines. The page
 * may come out longer than lines where the screen is very low; cut it then.
 */
void ra_layout_fill(const struct ra_report *report, int columns, int lines, struct ra_page *page);

#endif
