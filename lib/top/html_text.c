/*
 * Text and numbers for a page of HTML.
 */
#include "top/html_text.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reader/text.h"
#include "top/fields.h"
#include "top/format.h"

static void put_escaped(FILE *stream, const char *text)
{
    static const char special[] = "<>&\"'";

    for (; *text; text++) {
        if (strchr(special, *text)) {
            fprintf(stream, "&#%d;", *text);
        } else {
            fputc(*text, stream);
        }
    }
}

void ra_html_text(FILE *stream, const char *text)
{
    char *clean;

    if (!text) {
        fputc('-', stream);
        return;
    }
    clean = ra_format_clean(text);
    if (clean) {
        put_escaped(stream, clean);
    } else {
        fputc('?', stream);
    }
    free(clean);
}

void ra_html_value(FILE *stream, const struct ra_field *field, const void *record)
{
    struct ra_cell cell = ra_format_value(field, record);

    if (field->type == RA_TEXT) {
        ra_html_text(stream, ra_field_text(field, record));
    } else if (field->type == RA_INT && ra_field_int(field, record) != RA_UNKNOWN) {
        fprintf(stream, "<data value=\"%" PRId64 "\">%s</data>", ra_field_int(field, record),
                cell.text);
    } else if (field->type == RA_REAL && isfinite(ra_field_real(field, record))) {
        fprintf(stream, "<data value=\"%.10g\">%s</data>", ra_field_real(field, record), cell.text);
    } else {
        fputs(cell.text, stream);
    }
}

void ra_html_bytes(FILE *stream, int64_t bytes)
{
    if (bytes == RA_UNKNOWN) {
        fputc('-', stream);
    } else {
        fprintf(stream, "<data value=\"%" PRId64 "\">%s</data>", bytes,
                ra_format_bytes(bytes).text);
    }
}

void ra_html_time(FILE *stream, int64_t time_ms)
{
    char text[RA_TEXT_TIME_BYTES];

    if (time_ms == RA_UNKNOWN || ra_text_time(text, (double)time_ms / 1000) == 0) {
        fputc('-', stream);
        return;
    }
    text[10] = ' ';
    text[19] = '\0';
    fprintf(stream, "<time datetime=\"%.10sT%sZ\">%s</time>", text, text + 11, text);
}
