/*
 * The memory chain: requested <= live <= allocated <= active <= resident <= rss,
 * with what is lost at each step. Each loss has a line of its own.
 */
#ifndef RA_TOP_CHAIN_H
#define RA_TOP_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <ruby_alloc/report.h>

#include "top/page.h"

/* Heading and a line for each loss. */
void ra_chain_draw(const struct ra_report *report, struct ra_page *page);

/*
 * The same lines, with what each step and each loss has grown by since the report from.
 * seconds: not in all, but in each of so many, which have passed between the two; 0: in all;
 * NAN: it isn't known how many.
 */
void ra_chain_draw_growth(const struct ra_report *from, const struct ra_report *report,
                          double seconds, struct ra_page *page);

/* The largest loss, the ratio, the sample's age; a warning where that is old. */
void ra_chain_draw_verdict(const struct ra_report *report, struct ra_page *page);

/* Code and files: rss less rss_anon; RA_UNKNOWN, also where that is no number. */
int64_t ra_chain_files(const struct ra_report *report);

/* The share of RSS that bytes are; NAN where either can't be known. */
double ra_chain_share(int64_t bytes, const struct ra_report *report);

/* What RSS is made of, a part for each line of the chain but the heading, in that order. */
struct ra_segment {
    char letter;   /* that stands for it in a bar */
    int number;    /* of the line, were none left out */
    int64_t bytes; /* RA_UNKNOWN; the parts add up to RSS, as far as they are known */
};

enum { RA_SEGMENTS_MAX = 10 };

/* Returns how many there are. */
size_t ra_chain_segments(const struct ra_report *report,
                         struct ra_segment segments[RA_SEGMENTS_MAX]);

/* What the names mean, for --help. */
void ra_chain_explain(FILE *stream);

#endif
