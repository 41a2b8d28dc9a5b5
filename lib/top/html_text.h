/*
 * Text and numbers for a page of HTML. Whatever comes from a process or a file goes
 * through here: no character of it is markup, changes the direction of text, or is none.
 * The page is well-formed XML too: elements are closed, attributes quoted.
 */
#ifndef RA_TOP_HTML_TEXT_H
#define RA_TOP_HTML_TEXT_H

#include <stdint.h>
#include <stdio.h>

#include <ruby_alloc/report.h>

/* For the content of an element, or a quoted attribute. NULL: "-". */
void ra_html_text(FILE *stream, const char *text);

/*
 * A report's value as people read it, in an element that holds the exact one, as the JSON
 * has it; what isn't known is "-" without such an element.
 */
void ra_html_value(FILE *stream, const struct ra_field *field, const void *record);

/* The same for bytes that aren't a field. */
void ra_html_bytes(FILE *stream, int64_t bytes);

/* A time in milliseconds since 1970, UTC. */
void ra_html_time(FILE *stream, int64_t time_ms);

#endif
