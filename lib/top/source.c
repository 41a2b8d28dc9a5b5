/*
 * A source: one process and its latest report.
 */
#include "top/source.h"

#include <stdio.h>
#include <string.h>

#include "top/output.h"

enum ra_status ra_source_open(struct ra_source *source, pid_t pid, struct ra_failure *why)
{
    *source = (struct ra_source){.pid = pid};
    return ruby_alloc_reader_open(&source->reader, pid, why);
}

size_t ra_source_open_each(struct ra_source *sources, const pid_t *pids, size_t count,
                           enum ra_status *lost)
{
    size_t opened = 0;

    for (size_t i = 0; i < count; i++) {
        struct ra_failure why = {0};

        if (ra_source_open(&sources[opened], pids[i], &why) == RA_OK) {
            opened++;
            continue;
        }
        ra_output_message("%s", why.message);
        ra_source_close(&sources[opened]);
        *lost = *lost == RA_OK ? why.status : *lost;
    }
    return opened;
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
