/*
 * Bars: drawings made of characters.
 */
#include "top/bars.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "top/format.h"

static const char *const blocks_levels[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
static const char *const ascii_levels[] = {"_", ".", "-", "~", "=", "+", "*", "#"};

enum { LEVELS = sizeof blocks_levels / sizeof *blocks_levels };

void ra_bars_bounds(const double *values, size_t count, double *least, double *greatest)
{
    *least = INFINITY;
    *greatest = -INFINITY;
    for (size_t i = 0; i < count; i++) {
        if (isfinite(values[i])) {
            *least = values[i] < *least ? values[i] : *least;
            *greatest = values[i] > *greatest ? values[i] : *greatest;
        }
    }
}

void ra_bars_line(char *text, size_t size, const double *values, size_t count, bool blocks)
{
    double least, greatest, span;
    size_t used = 0;

    ra_bars_bounds(values, count, &least, &greatest);
    span = greatest - least;
    if (size > 0) {
        text[0] = '\0';
    }
    for (size_t i = 0; i < count && used + 4 < size; i++) {
        int level = LEVELS / 2 - 1;
        const char *mark = " ";

        if (isfinite(values[i]) && span > fabs(greatest) / 100) {
            level = (int)((values[i] - least) / span * (LEVELS - 1) + 0.5);
        }
        if (isfinite(values[i])) {
            mark = blocks ? blocks_levels[level] : ascii_levels[level];
        }
        used += (size_t)snprintf(text + used, size - used, "%s", mark);
    }
}

void ra_bars_meter(char *text, size_t size, double share, int width)
{
    struct ra_cell number = ra_format_share(share);
    int inside = width - 2;
    int marks = isfinite(share) ? (int)(share * inside + 0.5) : 0;
    int start = inside - (int)strlen(number.text);

    if (inside < (int)strlen(number.text) || (size_t)width >= size) {
        snprintf(text, size, "%s", number.text);
        return;
    }
    marks = marks < 0 ? 0 : marks > inside ? inside : marks;
    text[0] = '[';
    memset(text + 1, ' ', (size_t)inside);
    memset(text + 1, '|', (size_t)marks);
    memcpy(text + 1 + start, number.text, strlen(number.text));
    text[inside + 1] = ']';
    text[inside + 2] = '\0';
}

void ra_bars_share(int *columns, const double *parts, size_t count, int width)
{
    double total = 0, before = 0;
    int left = width, shown = 0;

    for (size_t i = 0; i < count; i++) {
        columns[i] = 0;
        total += parts[i] > 0 ? parts[i] : 0;
        shown += parts[i] > 0;
    }
    if (!(total > 0)) {
        return;
    }
    for (size_t i = 0; i < count && left > 0; i++) {
        int wanted;

        if (!(parts[i] > 0)) {
            continue;
        }
        before += parts[i];
        shown--;
        wanted = (int)(before / total * width + 0.5) - (width - left);
        wanted = wanted < 1 ? 1 : wanted;
        wanted = wanted > left - shown && left > shown ? left - shown : wanted;
        columns[i] = shown == 0 ? left : wanted > left ? left : wanted;
        left -= columns[i];
    }
}
