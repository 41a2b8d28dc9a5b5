/*
 * JSON: the report as one object on one line, made by going through the catalogue.
 */
#ifndef RA_TOP_JSON_H
#define RA_TOP_JSON_H

#include <stdio.h>

#include <jansson.h>
#include <ruby_alloc/reader.h>
#include <ruby_alloc/report.h>

#define RA_JSON_SCHEMA "ruby_alloc.report/1"
#define RA_JSON_PRUNE_SCHEMA "ruby_alloc.prune/1"

/* The report as a JSON object (a new reference), or NULL without memory. */
json_t *ra_json_report(const struct ra_report *report);

/*
 * The object in which a group of the report lies: report itself, but for jemalloc's settings,
 * which belong to the process. A borrowed reference.
 */
json_t *ra_json_parent(const struct ra_group *group, const json_t *report);

/* A group or a row of the catalogue as an object of its fields, likewise. */
json_t *ra_json_record(const struct ra_group *group, const void *record);

/* What became of one region, likewise. */
json_t *ra_json_pruned(const struct ra_pruned *pruned);

/* Write object, whose reference is taken over (NULL: no memory), and a newline; likewise. */
int ra_json_write(json_t *object, FILE *stream);

/* Write the report and a newline. Returns 0, or -1 without memory; write errors stay in the stream. */
int ra_json_print(const struct ra_report *report, FILE *stream);

#endif
