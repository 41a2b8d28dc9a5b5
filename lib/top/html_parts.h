/* Inside the HTML page: its parts, each in a file of its own. Errors stay in the stream. */
#ifndef RA_TOP_HTML_PARTS_H
#define RA_TOP_HTML_PARTS_H

#include <stdbool.h>
#include <stdio.h>

#include "top/html.h"

/* What fmax does, which would take another library. */
static inline double ra_larger(double a, double b)
{
    return a > b ? a : b;
}

/* Whether there is anything to show over time. */
bool ra_html_has_time(const struct ra_html *html);

/* The chain now, as a bar with its legend; and over time, as areas and as a table. */
void ra_html_chain(const struct ra_html *html, FILE *stream);
void ra_html_chain_over_time(const struct ra_html *html, FILE *stream);

/* The hottest sizes; over time a strip each. Returns 0, or -1 without memory. */
int ra_html_sizes(const struct ra_html *html, FILE *stream);

/* All tables and all other groups, by the catalogue. */
void ra_html_tables(const struct ra_html *html, FILE *stream);
void ra_html_groups(const struct ra_html *html, FILE *stream);

/* The source files html.css and html.js. */
extern const char ra_html_css[], ra_html_js[];

#endif
