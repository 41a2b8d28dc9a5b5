/*
 * The memory chain: requested <= live <= allocated <= active <= resident <= rss,
 * with what is lost at each step. Each loss has a line of its own.
 */
#ifndef RA_TOP_CHAIN_H
#define RA_TOP_CHAIN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <ruby_alloc/report.h>

#include "top/page.h"

/* A sample is called stale from this age on: a process that runs answers at once. */
#define RA_STALE_SECONDS 3.0

/* Heading and a line for each loss. */
void ra_chain_draw(const struct ra_report *report, struct ra_page *page);

/* The largest loss, the ratio, the sample's age; a warning where that is old. */
void ra_chain_draw_verdict(const struct ra_report *report, struct ra_page *page);

/* What the names mean, for --help. */
void ra_chain_explain(FILE *stream);

#endif
