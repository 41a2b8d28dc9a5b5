/*
 * A page of HTML that stands alone: one report, and the series that it ends. No script is
 * needed to read it, nothing is fetched, and its policy forbids both to whatever might
 * have got into it.
 */
#ifndef RA_TOP_HTML_H
#define RA_TOP_HTML_H

#include <stddef.h>
#include <stdio.h>

#include <ruby_alloc/report.h>

#include "top/series.h"

struct ra_html {
    const struct ra_report *report; /* the last */
    const struct ra_series *series; /* NULL: there is only that one */
    const char *source;             /* the recording; NULL: the process itself */
    const char *damage;             /* what is wrong with it; NULL: nothing */
};

/* Write the page; errors stay in the stream. Returns 0, or -1 without memory. */
int ra_html_print(const struct ra_html *html, FILE *stream);

#endif
