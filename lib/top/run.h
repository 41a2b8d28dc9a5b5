/*
 * What the program does once its options are known. Each returns the exit status;
 * messages were printed.
 */
#ifndef RA_TOP_RUN_H
#define RA_TOP_RUN_H

#include "top/options.h"

/* --once and --batch: reports of one process on standard output. */
int ra_run_reports(const struct ra_options *options);

/* --batch of several processes: lists of them. */
int ra_run_batch(const struct ra_options *options);

/* No pid, or several: a line for each process that has a region. */
int ra_run_list(const struct ra_options *options);

/* --prune: remove the regions of dead processes, a line for each. */
int ra_run_prune(const struct ra_options *options);

/* --check: the allocator of one process, or a line for each Ruby. */
int ra_run_check(const struct ra_options *options);

/* --purge and the like: have a process do something, and show its memory before and after. */
int ra_run_act(const struct ra_options *options);

/* --record: the reports of one process or several, appended to a file. */
int ra_run_record(const struct ra_options *options);

/* --html: a page for a browser. */
int ra_run_html(const struct ra_options *options);

/* --compare: the difference between two reports. */
int ra_run_compare(const struct ra_options *options);

/* -- COMMAND: run it under the library and report when it ends. Returns its exit status. */
int ra_run_command(const struct ra_options *options);

#endif
