/*
 * The footer of the screen: the keys that do something here, and on its right how it goes;
 * above them, in lines of its own, what has to be said.
 */
#ifndef RA_TOP_FOOTER_H
#define RA_TOP_FOOTER_H

#include "top/ui.h"

/* Draw it. Returns its first line, which is the end of what else is drawn. */
int ra_footer_draw(struct ra_ui *ui);

#endif
