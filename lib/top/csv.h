/*
 * CSV: reports as rows of comma-separated values, with the catalogue's names at the head
 * ("memory.live") and the values of the JSON: sizes in bytes, exact, true and false, nothing
 * at all for what can't be known. Quoted by RFC 4180; lines end with \n; no locale matters.
 *
 * Without a view there is a row for each report, of all groups that occur once. The view
 * of a table has a row for each of its rows, that of a group one with its values; both
 * with the report's time and process in front.
 *
 * Example:
 *     struct ra_csv *csv = ra_csv_new(&excerpt, false, error, sizeof error);
 *     ra_csv_print_head(csv, stdout);
 *     ra_csv_print(csv, report, stdout);
 *     ra_csv_free(csv);
 */
#ifndef RA_TOP_CSV_H
#define RA_TOP_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <ruby_alloc/report.h>

#include "top/columns.h"
#include "top/output.h"

struct ra_csv;

/*
 * What an excerpt shows; list: of processes, a row each. It has passed
 * ra_excerpt_check. Returns NULL and a line in error where it can't be shown as CSV, or
 * without memory.
 */
struct ra_csv *ra_csv_new(const struct ra_excerpt *excerpt, bool list, char *error, size_t size);
void ra_csv_free(struct ra_csv *csv);

/* Write the line of names. */
void ra_csv_print_head(const struct ra_csv *csv, FILE *stream);

/* Write a report's rows. Returns 0, or -1 without memory; write errors stay in the stream. */
int ra_csv_print(const struct ra_csv *csv, const struct ra_report *report, FILE *stream);

/* Write reports on standard output, names first where head is set. */
enum ra_output ra_csv_output(const struct ra_csv *csv, const struct ra_report *const *reports,
                             size_t count, bool head);

#endif
