/*
 * The catalogue of values in words, for --help metrics and the manual.
 */
#ifndef RA_TOP_METRICS_H
#define RA_TOP_METRICS_H

#include <ruby_alloc/report.h>

/* The unit ("bytes", "s", "1/s"; "" for none), the type ("integer"). */
const char *ra_metric_unit(const struct ra_field *field);
const char *ra_metric_type(const struct ra_field *field);

#endif
