/* The report's advice as lines: what would help, under the memory chain. */
#ifndef RA_TOP_ADVICE_H
#define RA_TOP_ADVICE_H

#include <ruby_alloc/report.h>

#include "top/page.h"

/*
 * Five lines at most, fewer on a low screen. A piece of advice that the width breaks
 * goes on below itself; one that doesn't fit whole is left out, but for the first.
 */
void ra_advice_draw(const struct ra_report *report, struct ra_page *page);

#endif
