/*
 * Standard output, written whole and past stdio, which forgets why a write failed;
 * and messages for people on standard error.
 */
#ifndef RA_TOP_OUTPUT_H
#define RA_TOP_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>
#include <ruby_alloc/report.h>

#include "top/page.h"

enum ra_output {
    RA_OUTPUT_GOOD,
    RA_OUTPUT_CLOSED, /* nobody reads any more (a broken pipe): a reason to end, no error */
    RA_OUTPUT_FAILED  /* no space, no memory, ...: said so on standard error */
};

/* Write one report, as a line of JSON or as text. */
enum ra_output ra_output_report(const struct ra_report *report, bool json);

/* Write object, whose reference is taken over (NULL: no memory), as a line. */
enum ra_output ra_output_json(json_t *object);

/* Write all lines of a page. */
enum ra_output ra_output_page(const struct ra_page *page);

/* The same, but lines are cut at a terminal's edge; a pipe gets them whole. */
enum ra_output ra_output_lines(struct ra_page *page);

/* Write size bytes of text; NULL: there was no memory for it, which is said. */
enum ra_output ra_output_bytes(const char *text, size_t size);

/* Text that is being put together in memory: written whole, or not at all. */
struct ra_draft {
    char *text;
    size_t size;
    FILE *stream; /* to print to */
};

/* Returns false without memory, which is said: RA_OUTPUT_FAILED. */
bool ra_draft_begin(struct ra_draft *draft);

/* Write it, unless it isn't complete for want of memory, which is said. Frees what begin took. */
enum ra_output ra_draft_finish(struct ra_draft *draft, bool complete);

/* Write what print prints. */
enum ra_output ra_output_text(void (*print)(FILE *stream));

/* The exit status that goes with it. */
int ra_output_exit(enum ra_output output);

/* Wait for seconds, but no longer than standard output has a reader. False: it has none. */
bool ra_output_wait(double seconds);

/* One line on standard error, beginning with the tool's name. */
void ra_output_message(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
