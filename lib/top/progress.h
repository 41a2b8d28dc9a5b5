/*
 * Progress: one line on standard error, written over again and again, that says how far
 * long work has come. Nothing is shown unless standard error is a terminal.
 *
 * Example:
 *     struct ra_progress progress;
 *     ra_progress_begin(&progress, 0.3);
 *     while (...)
 *         ra_progress_show(&progress, "reading: %d%%", percent);
 *     ra_progress_end(&progress);
 */
#ifndef RA_TOP_PROGRESS_H
#define RA_TOP_PROGRESS_H

#include <stdbool.h>

struct ra_progress {
    bool is_terminal;
    bool is_shown; /* there is a line to be wiped out */
    double next;   /* CLOCK_MONOTONIC: no earlier is a line written */
};

/* after: seconds until the first line, so that work that is soon done shows none. */
void ra_progress_begin(struct ra_progress *progress, double after);

/* Show a line, cut at the terminal's edge, five times a second at most. */
void ra_progress_show(struct ra_progress *progress, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Wipe the line out, before a message or at the end; the next may be shown at once. */
void ra_progress_end(struct ra_progress *progress);

#endif
