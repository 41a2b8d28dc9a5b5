/*
 * A source: one process and its latest report. Keeps the snapshot before, so that
 * reports have rates from the second on.
 */
#ifndef RA_TOP_SOURCE_H
#define RA_TOP_SOURCE_H

#include <stdbool.h>

#include <ruby_alloc/reader.h>
#include <ruby_alloc/report.h>

struct ra_source {
    struct ra_reader *reader;
    struct ra_snapshot *last;
    struct ra_report *report; /* the latest; NULL before the first ra_source_next */
};

/* To be closed with ra_source_close also after a failure. */
enum ra_status ra_source_open(struct ra_source *source, pid_t pid, struct ra_failure *why);

/*
 * Take a snapshot (waiting up to wait_ms for a sample) and make its report. With
 * any other status than RA_OK and RA_TIMEOUT the report is still the one before.
 */
enum ra_status ra_source_next(struct ra_source *source, int wait_ms, struct ra_failure *why);

/* The latest report is the last that there will be: the process has ended. */
bool ra_source_ended(const struct ra_source *source);

void ra_source_close(struct ra_source *source);

#endif
