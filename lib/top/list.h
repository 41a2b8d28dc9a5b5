/*
 * The list of processes on standard output: a line for each, or its report as JSON or CSV.
 */
#ifndef RA_TOP_LIST_H
#define RA_TOP_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include <ruby_alloc/report.h>

#include "top/options.h"
#include "top/output.h"

/* For all together, and shorter than for one alone: stopped ones must not hold up the list. */
enum { RA_LIST_WAIT_MS = 300 };

/*
 * Print count reports (1 or more) in the form, the order and the columns that options ask
 * for. Not is_first: another list was printed before, of which this one is set apart.
 */
enum ra_output ra_list_print(const struct ra_options *options,
                             const struct ra_report *const *reports, size_t count, bool is_first);

#endif
