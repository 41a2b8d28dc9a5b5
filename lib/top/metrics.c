/*
 * --help metrics: the catalogue of values, for people.
 */
#include "top/options.h"

#include <string.h>

#include "top/fields.h"
#include "top/metrics.h"

const char *ra_metric_unit(const struct ra_field *field)
{
    static const char *const units[] = {
        [RA_UNIT_NONE] = "",     [RA_UNIT_BYTES] = "bytes",     [RA_UNIT_COUNT] = "count",
        [RA_UNIT_SECONDS] = "s", [RA_UNIT_MILLISECONDS] = "ms", [RA_UNIT_SHARE] = "share",
        [RA_UNIT_RATE] = "1/s",
    };

    return units[field->unit];
}

const char *ra_metric_type(const struct ra_field *field)
{
    static const char *const types[] = {
        [RA_INT] = "integer", [RA_REAL] = "number", [RA_TEXT] = "text", [RA_FLAG] = "flag"};

    return types[field->type];
}

static void print_field(FILE *stream, const struct ra_field *field)
{
    enum { START = 30, END = 80 };
    const char *unit = ra_metric_unit(field), *rest = field->help;

    fprintf(stream, "  %-18s  %-7s ", field->name, *unit ? unit : ra_metric_type(field));
    while (strlen(rest) > END - START) {
        int line = END - START;

        while (line > 0 && rest[line] != ' ') {
            line--;
        }
        fprintf(stream, "%.*s\n%*s", line, rest, START, "");
        rest += line + (line > 0);
    }
    fprintf(stream, "%s\n", rest);
}

void ra_options_print_metrics(FILE *stream)
{
    fputs("The values of a report: in JSON by these names, null where not known.\n"
          "The second column is the unit, or else the type; a share is of 1.\n",
          stream);
    for (const struct ra_group *group = ruby_alloc_report_groups; group->name; group++) {
        fprintf(stream, "\n%s%s:\n", group->name, group->row_bytes > 0 ? ", a row each" : "");
        for (size_t i = 0; i < group->field_count; i++) {
            print_field(stream, &group->fields[i]);
        }
    }
}
