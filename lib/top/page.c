/*
 * A page: styled lines of text between the views and the outputs.
 */
#include "top/page.h"

#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "reader/grow.h"
#include "top/format.h"

static bool make_room(struct ra_page *page)
{
    struct ra_line *lines = ra_grown(page->lines, &page->room, page->count, sizeof *lines, 64);

    if (!lines) {
        return false;
    }
    page->lines = lines;
    return true;
}

/* A copy that the terminal can print; a replaced byte never grows, so the size is enough. */
static char *printable(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = malloc(size);

    if (copy) {
        ra_format_fit(copy, size, text, INT_MAX);
        for (size_t end = strlen(copy); end > 0 && copy[end - 1] == ' '; end--) {
            copy[end - 1] = '\0';
        }
    }
    return copy;
}

void ra_page_add(struct ra_page *page, enum ra_style style, const char *format, ...)
{
    va_list arguments;
    char *text = NULL, *line = NULL;

    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0) {
        text = NULL;
    }
    va_end(arguments);

    if (text && make_room(page)) {
        line = printable(text);
    }
    if (line) {
        page->lines[page->count++] = (struct ra_line){.style = style, .text = line};
    } else {
        page->failed = true;
    }
    free(text);
}

void ra_page_gap(struct ra_page *page)
{
    if (page->count > 0 && page->lines[page->count - 1].text[0] != '\0') {
        ra_page_add(page, RA_PLAIN, "%s", "");
    }
}

void ra_page_drop(struct ra_page *page, size_t from, size_t count)
{
    from = from < page->count ? from : page->count;
    count = count < page->count - from ? count : page->count - from;
    for (size_t i = from; i < from + count; i++) {
        free(page->lines[i].text);
    }
    memmove(&page->lines[from], &page->lines[from + count],
            (page->count - from - count) * sizeof *page->lines);
    page->count -= count;
}

/* Backwards, so that a heading knows whether a line below it was kept. */
void ra_page_filter(struct ra_page *page, const char *text)
{
    bool is_headed = false;

    for (size_t i = page->count; text[0] && i-- > 0;) {
        bool is_head = page->lines[i].style == RA_HEADING;
        bool is_kept = is_head ? is_headed : strcasestr(page->lines[i].text, text) != NULL;

        if (!is_kept) {
            ra_page_drop(page, i, 1);
        }
        is_headed = !is_head && (is_headed || is_kept);
    }
}

int ra_page_columns(const struct ra_page *page)
{
    int longest = 0;

    for (size_t i = 0; i < page->count; i++) {
        int columns = ra_format_columns(page->lines[i].text);

        longest = columns > longest ? columns : longest;
    }
    return longest;
}

void ra_page_print(const struct ra_page *page, FILE *stream)
{
    for (size_t i = 0; i < page->count; i++) {
        fprintf(stream, "%s\n", page->lines[i].text);
    }
}

void ra_page_clear(struct ra_page *page)
{
    for (size_t i = 0; i < page->count; i++) {
        free(page->lines[i].text);
    }
    free(page->lines);
    *page = (struct ra_page){.width = page->width, .height = page->height};
}
