/*
 * The memory chain on the page: its layers as one bar, and as areas over time.
 */
#include "top/html_parts.h"

#include <inttypes.h>
#include <math.h>
#include <time.h>

#include "top/format.h"
#include "top/html_text.h"

/* Of the drawings; CSS gives them their size on the page. */
enum { WIDTH = 1000, HEIGHT = 300, TICKS = 4 };

bool ra_html_has_time(const struct ra_html *html)
{
    return html->series && html->series->count > 1 &&
           html->series->last.end_ms > html->series->first.time_ms;
}

static double known(int64_t bytes)
{
    return bytes > 0 ? (double)bytes : 0;
}

/* Of the last report, or where that has no RSS of the last that has. */
static struct ra_series_column choose_parts(const struct ra_html *html, bool *is_older)
{
    const struct ra_series *series = ra_html_has_time(html) ? html->series : NULL;

    *is_older =
        series && html->report->memory.rss == RA_UNKNOWN && series->measured.rss != RA_UNKNOWN;
    return *is_older ? series->measured : ra_series_column(html->report, RA_UNKNOWN);
}

static void put_bar(const struct ra_series_column *parts, FILE *stream)
{
    double sum = 0, at = 0;

    for (size_t i = 0; i < RA_LAYERS; i++) {
        sum += known(parts->layers[i]);
    }
    sum = ra_larger(sum, known(parts->rss));
    fprintf(stream,
            "<svg class=\"bar\" viewBox=\"0 0 %d 20\" preserveAspectRatio=\"none\" role=\"img\" "
            "aria-label=\"Parts of the resident memory; the table below has their numbers\">\n",
            WIDTH);
    for (size_t i = 0; i < RA_LAYERS && sum > 0; i++) {
        double width = known(parts->layers[i]) / sum * WIDTH;

        fprintf(stream,
                "<rect class=\"c%zu\" x=\"%.2f\" y=\"0\" width=\"%.2f\" height=\"20\">"
                "<title>%s %s</title></rect>\n",
                i, at, width, ra_layers[i].name, ra_format_bytes(parts->layers[i]).text);
        at += width;
    }
    fputs("</svg>\n", stream);
}

static void put_legend_row(size_t i, const struct ra_series_column *parts, FILE *stream)
{
    const struct ra_layer *layer = &ra_layers[i];
    int64_t bytes = parts->layers[i];
    bool has_share = bytes != RA_UNKNOWN && parts->rss > 0;

    fprintf(stream,
            "<tr><th scope=\"row\"><svg class=\"key\" viewBox=\"0 0 1 1\" aria-hidden=\"true\">"
            "<rect class=\"c%zu\" width=\"1\" height=\"1\"/></svg> %s</th><td>",
            i, layer->name);
    ra_html_bytes(stream, bytes);
    fprintf(stream, "</td><td>%s</td><td class=\"text\">",
            ra_format_share(has_share ? (double)bytes / (double)parts->rss : NAN).text);
    ra_html_text(stream, ra_layer_help(layer));
    fputs("</td></tr>\n", stream);
}

void ra_html_chain(const struct ra_html *html, FILE *stream)
{
    bool is_older;
    struct ra_series_column parts = choose_parts(html, &is_older);

    fputs("<section class=\"whole\" aria-labelledby=\"chain-title\">\n"
          "<h2 id=\"chain-title\">Where the memory is</h2>\n",
          stream);
    if (is_older) {
        fputs("<p>As last known, at ", stream);
        ra_html_time(stream, parts.time_ms);
        fputs(" UTC: later reports have no rss.</p>\n", stream);
    }
    put_bar(&parts, stream);
    fputs("<div class=\"scroll\" role=\"region\" aria-label=\"Parts of memory\" tabindex=\"0\">\n"
          "<table id=\"chain\">\n<thead><tr><th scope=\"col\">part</th><th scope=\"col\">bytes</th>"
          "<th scope=\"col\">of rss</th><th scope=\"col\" class=\"text\">what it is</th></tr>"
          "</thead>\n<tbody>\n",
          stream);
    for (size_t i = 0; i < RA_LAYERS; i++) {
        put_legend_row(i, &parts, stream);
    }
    fputs("</tbody>\n<tfoot><tr><th scope=\"row\">rss</th><td>", stream);
    ra_html_bytes(stream, parts.rss);
    fputs("</td><td></td><td class=\"text\">resident set size; less than the sum where jemalloc "
          "counts pages that were never touched</td></tr></tfoot>\n</table>\n</div>\n</section>\n",
          stream);
}

/* Over time -------------------------------------------------------------------- */

/* The tops of the layers up to this one. */
static double stacked(const struct ra_series_column *column, size_t layers)
{
    double sum = 0;

    for (size_t i = 0; i < layers; i++) {
        sum += known(column->layers[i]);
    }
    return sum;
}

/* What four of reach above every column, and is said shortly. */
static double choose_tick(const struct ra_series *series)
{
    static const double steps[] = {1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10};
    double top = 4096, unit = 1, tick;

    for (size_t i = 0; i < series->count; i++) {
        top = ra_larger(
            top, ra_larger(stacked(&series->columns[i], RA_LAYERS), known(series->columns[i].rss)));
    }
    tick = top / TICKS;
    while (tick / unit > 1024) {
        unit *= 1024;
    }
    for (double ten = 1;; ten *= 10) {
        for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
            if (steps[i] * ten * unit >= tick) {
                return steps[i] * ten * unit;
            }
        }
    }
}

static double x_of(const struct ra_series *series, int64_t time_ms)
{
    double first = (double)series->first.time_ms, last = (double)series->last.end_ms;

    return last > first ? ((double)time_ms - first) / (last - first) * WIDTH : 0;
}

/* The layers that any column knows, a bit each; the others count as nothing. */
static unsigned find_known(const struct ra_series *series)
{
    unsigned layers = 0;

    for (size_t i = 0; i < series->count; i++) {
        for (size_t j = 0; j < RA_LAYERS; j++) {
            layers |= (series->columns[i].layers[j] != RA_UNKNOWN ? 1U : 0U) << j;
        }
    }
    return layers;
}

/* Whether a layer has its place in a column: it is known, and so is what lies below it. */
static bool has_place(const struct ra_series_column *column, size_t layer, unsigned known_layers)
{
    for (size_t i = 0; i <= layer; i++) {
        if (column->layers[i] == RA_UNKNOWN && known_layers >> i & 1) {
            return false;
        }
    }
    return column->layers[layer] != RA_UNKNOWN;
}

/* The columns from start up to end: forth along the top, back along the bottom. */
static void put_run(const struct ra_series *series, size_t start, size_t end, size_t layer,
                    double top, FILE *stream)
{
    for (size_t i = start; i < end; i++) {
        const struct ra_series_column *column = &series->columns[i];

        fprintf(stream, "%c%.1f %.1f", i > start ? 'L' : 'M', x_of(series, column->time_ms),
                HEIGHT * (1 - stacked(column, layer + 1) / top));
    }
    for (size_t i = end; i > start; i--) {
        const struct ra_series_column *column = &series->columns[i - 1];

        fprintf(stream, "L%.1f %.1f", x_of(series, column->time_ms),
                HEIGHT * (1 - stacked(column, layer) / top));
    }
    fputs("Z", stream);
}

/* Where a layer isn't known its area has a gap. */
static void put_area(const struct ra_series *series, size_t layer, unsigned known_layers,
                     double top, FILE *stream)
{
    fprintf(stream, "<path class=\"c%zu\" d=\"", layer);
    for (size_t start = 0, end; start < series->count; start = end + 1) {
        end = start;
        while (end < series->count && has_place(&series->columns[end], layer, known_layers)) {
            end++;
        }
        if (end > start) {
            put_run(series, start, end, layer, top, stream);
        }
    }
    fprintf(stream, "\"><title>%s</title></path>\n", ra_layers[layer].name);
}

/* Likewise; what is known between two gaps is a dot, which the line's round cap makes. */
static void put_rss(const struct ra_series *series, double top, FILE *stream)
{
    bool is_open = false;

    fputs("<path class=\"rss\" d=\"", stream);
    for (size_t i = 0; i < series->count; i++) {
        const struct ra_series_column *column = &series->columns[i];

        if (column->rss != RA_UNKNOWN) {
            fprintf(stream, "%c%.1f %.1f%s", is_open ? 'L' : 'M', x_of(series, column->time_ms),
                    HEIGHT * (1 - known(column->rss) / top), is_open ? "" : "h0");
        }
        is_open = column->rss != RA_UNKNOWN;
    }
    fputs("\"><title>rss</title></path>\n", stream);
}

static void put_plot(const struct ra_series *series, double top, FILE *stream)
{
    unsigned known_layers = find_known(series);

    fprintf(stream,
            "<svg id=\"plot\" viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" role=\"img\" "
            "aria-labelledby=\"plot-title\" tabindex=\"0\">\n"
            "<title id=\"plot-title\">Parts of the resident memory over time, as stacked areas; "
            "the table below has the numbers</title>\n",
            WIDTH, HEIGHT);
    for (size_t i = 0; i < RA_LAYERS; i++) {
        put_area(series, i, known_layers, top, stream);
    }
    for (int i = 1; i < TICKS; i++) {
        fprintf(stream, "<path class=\"grid\" d=\"M0 %dH%d\"/>\n", HEIGHT * i / TICKS, WIDTH);
    }
    put_rss(series, top, stream);
    fprintf(stream, "<path id=\"cursor\" d=\"M0 0V%d\"/>\n</svg>\n", HEIGHT);
}

static void put_time_label(const struct ra_series *series, double part, FILE *stream)
{
    double first = (double)series->first.time_ms, span = (double)series->last.end_ms - first;
    time_t seconds = (time_t)((first + span * part) / 1000);
    struct tm parts;
    char text[32] = "";

    if (gmtime_r(&seconds, &parts)) {
        strftime(text, sizeof text, span > 86400e3 ? "%d %b %H:%M" : "%H:%M:%S", &parts);
    }
    fprintf(stream, "<span>%s</span>", text);
}

static int64_t whole(double bytes)
{
    return bytes < 9e18 ? (int64_t)bytes : INT64_MAX;
}

static void put_chart(const struct ra_series *series, FILE *stream)
{
    double tick = choose_tick(series);

    fputs("<figure>\n<div class=\"chart\">\n<div class=\"y\" aria-hidden=\"true\">", stream);
    for (int i = TICKS; i >= 0; i--) {
        fprintf(stream, "<span>%s</span>", i ? ra_format_bytes(whole(tick * i)).text : "0");
    }
    fputs("</div>\n", stream);
    put_plot(series, tick * TICKS, stream);
    fputs("<div class=\"x\" aria-hidden=\"true\">", stream);
    for (int i = 0; i <= 2; i++) {
        put_time_label(series, i / 2.0, stream);
    }
    fputs("</div>\n</div>\n<p class=\"legend\" aria-hidden=\"true\">", stream);
    for (size_t i = 0; i < RA_LAYERS; i++) {
        fprintf(stream,
                "<span><svg class=\"key\" viewBox=\"0 0 1 1\"><rect class=\"c%zu\" width=\"1\" "
                "height=\"1\"/></svg> %s</span> ",
                i, ra_layers[i].name);
    }
    fputs("<span><svg class=\"key\" viewBox=\"0 0 1 1\"><path class=\"rss\" d=\"M0 .5H1\"/></svg> "
          "rss</span></p>\n<p id=\"readout\" role=\"status\"></p>\n</figure>\n",
          stream);
}

/* The same numbers to read, and for the script that tells what is under the pointer. */
static void put_numbers(const struct ra_series *series, FILE *stream)
{
    fprintf(stream,
            "<details class=\"numbers\">\n<summary>The numbers: %zu rows</summary>\n"
            "<div class=\"scroll tall\" role=\"region\" aria-label=\"Parts of memory over time\" "
            "tabindex=\"0\">\n<table id=\"series\" class=\"sorts\">\n<thead><tr><th scope=\"col\" "
            "class=\"text\">time</th><th scope=\"col\">rss</th><th scope=\"col\">live</th>",
            series->count);
    for (size_t i = 0; i < RA_LAYERS; i++) {
        fprintf(stream, "<th scope=\"col\">%s</th>", ra_layers[i].name);
    }
    fputs("</tr></thead>\n<tbody>\n", stream);
    for (size_t i = 0; i < series->count; i++) {
        const struct ra_series_column *column = &series->columns[i];

        fprintf(stream, "<tr data-x=\"%.1f\"><th scope=\"row\" class=\"text\">",
                x_of(series, column->time_ms));
        ra_html_time(stream, column->time_ms);
        fputs("</th><td>", stream);
        ra_html_bytes(stream, column->rss);
        fputs("</td><td>", stream);
        ra_html_bytes(stream, column->live);
        for (size_t j = 0; j < RA_LAYERS; j++) {
            fputs("</td><td>", stream);
            ra_html_bytes(stream, column->layers[j]);
        }
        fputs("</td></tr>\n", stream);
    }
    fputs("</tbody>\n</table>\n</div>\n</details>\n", stream);
}

void ra_html_chain_over_time(const struct ra_html *html, FILE *stream)
{
    const struct ra_series *series = html->series;

    fputs("<section aria-labelledby=\"time-title\">\n"
          "<h2 id=\"time-title\">Memory over time</h2>\n<p>",
          stream);
    fprintf(stream, "%zu reports, ", series->reports);
    ra_html_time(stream, series->first.time_ms);
    fputs(" to ", stream);
    ra_html_time(stream, series->last.end_ms);
    fputs(" UTC.", stream);
    if (series->is_binned) {
        fprintf(stream,
                " Each of the %zu columns shows the report with the largest rss of its time.",
                series->count);
    }
    fputs("</p>\n", stream);
    put_chart(series, stream);
    put_numbers(series, stream);
    fputs("</section>\n", stream);
}
