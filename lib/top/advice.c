/*
 * The report's advice as lines of a page.
 */
#include "top/advice.h"

#include <stdbool.h>
#include <string.h>

enum {
    LINES_MAX = 5,
    LABEL_WIDTH = 11, /* of "advice", as of "largest" and "ratio" above it */
    NARROWEST = 20
};

/* On a low screen the tables below need the room. */
static size_t line_limit(const struct ra_page *page)
{
    enum { FEW = 2, HIGH = 30 };

    return page->height == 0 || page->height >= HIGH ? LINES_MAX : FEW;
}

/* The verdict's warnings say these already; a recording may lack what a report has. */
static bool is_silent(const struct ra_report_advice *advice)
{
    return advice->id == NULL || advice->text == NULL || strcmp(advice->id, "sample_old") == 0 ||
           strcmp(advice->id, "own_allocator") == 0;
}

/* The bytes of text up to the last space that fits into width; a longer word stays whole. */
static size_t break_at(const char *text, size_t width)
{
    size_t at = 0;

    while (text[at] != '\0') {
        size_t word = at + strspn(text + at, " ");

        word += strcspn(text + word, " ");
        if (word > width && at > 0) {
            break;
        }
        at = word;
    }
    return at;
}

static size_t text_width(const struct ra_page *page)
{
    int width = page->width - LABEL_WIDTH;

    return (size_t)(width < NARROWEST ? NARROWEST : width);
}

static size_t count_lines(const char *text, size_t width)
{
    size_t lines = 0;

    while (*text != '\0') {
        text += break_at(text, width);
        text += strspn(text, " ");
        lines++;
    }
    return lines;
}

/* At most lines of them; dots stand for the rest. */
static void draw_text(const char *text, size_t lines, struct ra_page *page)
{
    const char *label = "advice";

    for (size_t i = 0; i < lines && *text != '\0'; i++) {
        size_t bytes = break_at(text, text_width(page));
        const char *rest = text + bytes + strspn(text + bytes, " ");
        bool is_cut = i + 1 == lines && *rest != '\0';

        if (is_cut) {
            bytes = break_at(text, text_width(page) - strlen(" ..."));
        }
        ra_page_add(page, RA_PLAIN, "%-*s%.*s%s", LABEL_WIDTH, label, (int)bytes, text,
                    is_cut ? " ..." : "");
        text = rest;
        label = "";
    }
}

void ra_advice_draw(const struct ra_report *report, struct ra_page *page)
{
    size_t left = line_limit(page);
    bool is_first = true;

    for (size_t i = 0; i < report->advice_count && left > 0; i++) {
        const struct ra_report_advice *advice = &report->advice[i];
        size_t lines;

        if (is_silent(advice)) {
            continue;
        }
        lines = count_lines(advice->text, text_width(page));
        if (lines > left) {
            if (!is_first) {
                continue;
            }
            lines = left;
        }
        draw_text(advice->text, lines, page);
        left -= lines;
        is_first = false;
    }
}
