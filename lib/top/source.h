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
    pid_t pid;
    struct ra_reader *reader;
    struct ra_snapshot *last;
    struct ra_report *report; /* the latest; NULL before the first ra_source_next */
};

/* To be closed with ra_source_close also after a failure. */
enum ra_status ra_source_open(struct ra_source *source, pid_t pid, struct ra_failure *why);

/*
 * Open those of pids (count of them) that can be, to sources, in their order. Of each other it
 * is said why on standard error, and *lost is the first one's status; else *lost stays.
 *
 * Returns how many were opened; each is to be closed with ra_source_close.
 */
size_t ra_source_open_each(struct ra_source *sources, const pid_t *pids, size_t count,
                           enum ra_status *lost);

/*
 * Take a snapshot (waiting up to wait_ms for a sample) and make its report. With
 * any other status than RA_OK and RA_TIMEOUT the report is still the one before.
 */
enum ra_status ra_source_next(struct ra_source *source, int wait_ms, struct ra_failure *why);

/* The latest report is the last that there will be: the process has ended. */
bool ra_source_ended(const struct ra_source *source);

void ra_source_close(struct ra_source *source);

#endif
