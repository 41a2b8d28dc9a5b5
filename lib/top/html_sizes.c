/*
 * The hottest requested sizes on the page: over time a heat map, a strip for each; of one
 * report a bar.
 */
#include "top/html_parts.h"

#include <inttypes.h>
#include <stdlib.h>

#include "top/format.h"
#include "top/html_text.h"

/* A level of heat is a factor of FACTOR; what is below the lowest is drawn as it. */
enum { ROWS = 32, LEVELS = 7, FACTOR = 2, WIDTH = 1000 };

/* A size with what it is ranked by. */
struct hot {
    int64_t min, max;
    double allocations;
    const struct ra_series_size *size; /* NULL: of one report */
};

static int by_allocations(const void *left, const void *right)
{
    const struct hot *a = left, *b = right;

    return a->allocations != b->allocations ? (a->allocations < b->allocations ? 1 : -1)
                                            : (a->min > b->min) - (a->min < b->min);
}

static int by_size(const void *left, const void *right)
{
    const struct hot *a = left, *b = right;

    return a->min != b->min ? (a->min > b->min) - (a->min < b->min)
                            : (a->max > b->max) - (a->max < b->max);
}

/* All sizes with an allocation, hottest first; NULL without memory. */
static struct hot *rank(const struct ra_html *html, size_t *count)
{
    const struct ra_series *series = ra_html_has_time(html) ? html->series : NULL;
    size_t rows = series ? series->size_count : html->report->sizes_count;
    struct hot *hot = calloc(rows + 1, sizeof *hot);

    *count = 0;
    for (size_t i = 0; hot && i < rows; i++) {
        const struct ra_report_size *row = series ? NULL : &html->report->sizes[i];
        const struct ra_series_size *size = series ? series->sizes[i] : NULL;
        struct hot next = {.min = size ? size->min : row->min,
                           .max = size ? size->max : row->max,
                           .allocations = size ? size->total : (double)row->allocations,
                           .size = size};

        if (next.allocations > 0) {
            hot[(*count)++] = next;
        }
    }
    if (hot) {
        qsort(hot, *count, sizeof *hot, by_allocations);
    }
    return hot;
}

static double rate_in(const struct ra_series *series, const struct ra_series_size *size, size_t i)
{
    return series->columns[i].seconds > 0 ? size->made[i] / series->columns[i].seconds : 0;
}

static double highest_rate(const struct ra_series *series, const struct hot *hot, size_t count)
{
    double highest = 0;

    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < series->count; j++) {
            highest = ra_larger(highest, rate_in(series, hot[i].size, j));
        }
    }
    return highest;
}

static int level_of(double rate, double highest)
{
    int level = LEVELS;

    if (rate <= 0) {
        return 0;
    }
    for (double floor = highest / FACTOR; level > 1 && rate < floor; floor /= FACTOR) {
        level--;
    }
    return level;
}

/* Where a column's allocations were made: from the end of the one before to its own. */
static double x_at(const struct ra_series *series, size_t i)
{
    double first = (double)series->first.time_ms, span = (double)series->last.end_ms - first;

    return i == 0 ? 0 : ((double)series->columns[i - 1].end_ms - first) / span * WIDTH;
}

/* Columns of the same heat that lie side by side are one rectangle; of one heat, one path. */
static void put_heat(const struct ra_series *series, const struct hot *hot, double highest,
                     FILE *stream)
{
    for (int level = 1; level <= LEVELS; level++) {
        bool is_open = false;

        for (size_t i = 0; i < series->count; i++) {
            size_t end = i;

            while (end < series->count &&
                   level_of(rate_in(series, hot->size, end), highest) == level) {
                end++;
            }
            if (end > i) {
                fprintf(stream, "%sM%.1f 0H%.1fV1H%.1fZ", is_open ? "" : "<path d=\"",
                        x_at(series, i), x_at(series, end), x_at(series, i));
                is_open = true;
                i = end;
            }
        }
        if (is_open) {
            fprintf(stream, "\" class=\"h%d\"/>", level);
        }
    }
}

static void put_strip(const struct ra_html *html, const struct hot *hot, double highest,
                      FILE *stream)
{
    fprintf(stream,
            "<svg class=\"strip\" viewBox=\"0 0 %d 1\" preserveAspectRatio=\"none\" "
            "aria-hidden=\"true\">",
            WIDTH);
    if (hot->size) {
        put_heat(html->series, hot, highest, stream);
    } else {
        fprintf(stream, "<rect class=\"c0\" width=\"%.1f\" height=\"1\"/>",
                hot->allocations / highest * WIDTH);
    }
    fputs("</svg>", stream);
}

static void put_row(const struct ra_html *html, const struct hot *hot, double highest, double sum,
                    FILE *stream)
{
    double peak = 0;

    fprintf(stream, "<tr><th scope=\"row\"><data value=\"%" PRId64 "\">%s", hot->min,
            ra_format_size(hot->min).text);
    if (hot->max != hot->min) {
        fprintf(stream, "&#8211;%s", ra_format_size(hot->max).text);
    }
    fputs("</data></th><td class=\"wide\">", stream);
    put_strip(html, hot, highest, stream);
    fprintf(stream, "</td><td><data value=\"%.0f\">%s</data></td><td>%s</td>", hot->allocations,
            ra_format_count(hot->allocations < 9e18 ? (int64_t)hot->allocations : INT64_MAX).text,
            ra_format_share(hot->allocations / sum).text);
    for (size_t i = 0; hot->size && i < html->series->count; i++) {
        peak = ra_larger(peak, rate_in(html->series, hot->size, i));
    }
    if (hot->size) {
        fprintf(stream, "<td><data value=\"%.10g\">%s</data></td>", peak,
                ra_format_rate(peak).text);
    }
    fputs("</tr>\n", stream);
}

static void put_key(double highest, FILE *stream)
{
    double floor = highest;

    fputs("<p class=\"legend\">Allocations a second, at least: ", stream);
    for (int level = LEVELS; level >= 1; level--) {
        floor /= FACTOR;
        fprintf(stream,
                "<span><svg class=\"key\" viewBox=\"0 0 1 1\" aria-hidden=\"true\"><rect "
                "class=\"h%d\" width=\"1\" height=\"1\"/></svg> %s</span> ",
                level, level == 1 ? "less" : ra_format_rate(floor).text);
    }
    fputs("</p>\n", stream);
}

static void put_table(const struct ra_html *html, const struct hot *hot, size_t shown,
                      double highest, double sum, FILE *stream)
{
    bool has_time = ra_html_has_time(html);

    fputs("<div class=\"scroll\" role=\"region\" aria-label=\"Hottest sizes\" tabindex=\"0\">\n"
          "<table id=\"hot\" class=\"sorts\">\n<thead><tr><th scope=\"col\">size</th>"
          "<th scope=\"col\" class=\"wide\">",
          stream);
    fputs(has_time ? "over time" : "bar", stream);
    fputs("</th><th scope=\"col\">allocations</th><th scope=\"col\">share</th>", stream);
    fputs(has_time ? "<th scope=\"col\">peak</th>" : "", stream);
    fputs("</tr></thead>\n<tbody>\n", stream);
    for (size_t i = 0; i < shown; i++) {
        put_row(html, &hot[i], highest, sum, stream);
    }
    fputs("</tbody>\n</table>\n</div>\n", stream);
}

int ra_html_sizes(const struct ra_html *html, FILE *stream)
{
    size_t count, shown;
    struct hot *hot = rank(html, &count);
    bool has_time = ra_html_has_time(html);
    double sum = 0, highest;

    if (!hot) {
        return -1;
    }
    shown = count < ROWS ? count : ROWS;
    for (size_t i = 0; i < count; i++) {
        sum += hot[i].allocations;
    }
    highest = has_time ? highest_rate(html->series, hot, shown) : count ? hot[0].allocations : 0;
    qsort(hot, shown, sizeof *hot, by_size);
    fprintf(
        stream,
        "<section class=\"whole\" aria-labelledby=\"hot-title\">\n<h2 id=\"hot-title\">%s</h2>\n"
        "<p>The %zu requested sizes most allocated, of %zu%s.</p>\n",
        has_time ? "Sizes over time" : "Hottest sizes", shown, count,
        has_time ? "; allocations made during the recording" : "");
    if (has_time && highest > 0) {
        put_key(highest, stream);
    }
    put_table(html, hot, shown, highest, sum, stream);
    fputs("</section>\n", stream);
    free(hot);
    return 0;
}
