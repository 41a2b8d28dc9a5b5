/*
 * A page: styled lines of text that a view fills and an output (a stream, the
 * screen) shows. Lines hold only what a terminal of this locale can print.
 *
 * Errors: without memory a page stops growing and says so in failed, so that
 * callers check once, at the end.
 */
#ifndef RA_TOP_PAGE_H
#define RA_TOP_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum ra_style { RA_PLAIN, RA_HEADING, RA_STRONG, RA_WARNING, RA_STYLE_COUNT };

struct ra_line {
    enum ra_style style;
    char *text;
};

struct ra_page {
    int width;  /* columns that views lay out for; a line may be longer */
    int height; /* lines of the screen; 0: as many as there are */
    struct ra_line *lines;
    size_t count, room;
    bool failed;
};

/* Append a line; trailing spaces are dropped. */
void ra_page_add(struct ra_page *page, enum ra_style style, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Append an empty line, unless the page is empty or ends with one. */
void ra_page_gap(struct ra_page *page);

/* Take out the count lines from number from on, or as many as there are. */
void ra_page_drop(struct ra_page *page, size_t from, size_t count);

/* Keep the lines that hold text, in whichever case, and the headings above them; "": all. */
void ra_page_filter(struct ra_page *page, const char *text);

/* The columns that the longest line takes on a terminal. */
int ra_page_columns(const struct ra_page *page);

/* Write all lines; errors stay in the stream. */
void ra_page_print(const struct ra_page *page, FILE *stream);

/* Free all lines; the page may be used again. */
void ra_page_clear(struct ra_page *page);

#endif
