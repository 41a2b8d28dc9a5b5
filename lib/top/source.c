/*
 * A source: one process and its latest report.
 */
#include "top/source.h"

#include <stdio.h>
#include <string.h>

enum ra_status ra_source_open(struct ra_source *source, pid_t pid, struct ra_failure *why)
{
    *source = (struct ra_source){0};
    return ruby_alloc_reader_open(&source->reader, pid, why);
}

enum ra_status ra_source_next(struct ra_source *source, int wait_ms, struct ra_failure *why)
{
    struct ra_snapshot *snapshot = NULL;
    struct ra_report *report;
    enum ra_status status = ruby_alloc_reader_snapshot(source->reader, wait_ms, &snapshot, why);

    if (status != RA_OK && status != RA_TIMEOUT) {
        return status;
    }
    report = ruby_alloc_report_new(snapshot, source->last);
    if (!report) {
        ruby_alloc_snapshot_free(snapshot);
        why->status = RA_SYSTEM;
        snprintf(why->message, sizeof why->message, "not enough memory for a report");
        return RA_SYSTEM;
    }
    ruby_alloc_snapshot_free(source->last);
    ruby_alloc_report_free(source->report);
    source->last = snapshot;
    source->report = report;
    return status;
}

bool ra_source_ended(const struct ra_source *source)
{
    const char *state = source->report ? source->report->process.state : NULL;

    return state && strcmp(state, "exited") == 0;
}

void ra_source_close(struct ra_source *source)
{
    ruby_alloc_report_free(source->report);
    ruby_alloc_snapshot_free(source->last);
    if (source->reader) {
        ruby_alloc_reader_close(source->reader);
    }
    *source = (struct ra_source){0};
}
