/*
 * What the program does once its options are known. Each returns the exit status;
 * messages were printed.
 */
#ifndef RA_TOP_RUN_H
#define RA_TOP_RUN_H

#include "top/options.h"

/* --once and --batch: reports of one process on standard output. */
int ra_run_reports(const struct ra_options *options);

/* No pid: a line for each process that has a region. */
int ra_run_list(const struct ra_options *options);

/* --prune: remove the regions of dead processes, a line for each. */
int ra_run_prune(const struct ra_options *options);

#endif
