/*
 * --check: the examination of a process as text and as JSON. Its fields are those of
 * ruby_alloc_examine_groups, which gives names, units and help.
 */
#ifndef RA_TOP_CHECK_H
#define RA_TOP_CHECK_H

#include <stdio.h>

#include <jansson.h>
#include <ruby_alloc/examine.h>

#include "top/page.h"

#define RA_JSON_CHECK_SCHEMA "ruby_alloc.check/1"

/* The examination as a JSON object (a new reference), or NULL without memory. */
json_t *ra_check_json(const struct ra_examination *seen);

/* All of it as lines. */
void ra_check_draw(const struct ra_examination *seen, struct ra_page *page);

/* The list of Rubies: column heads and a line for each. */
void ra_check_draw_head(struct ra_page *page);
void ra_check_draw_row(const struct ra_examination *seen, struct ra_page *page);

/* What the names mean, for --help. */
void ra_check_explain(FILE *stream);

#endif
