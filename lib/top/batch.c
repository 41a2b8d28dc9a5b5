/*
 * --batch of several processes: a list of them again and again, until all have ended.
 */
#include "top/run.h"

#include "reader/session.h"
#include "top/clock.h"
#include "top/list.h"
#include "top/output.h"
#include "top/source.h"

struct batch {
    struct ra_source sources[RA_PIDS_MAX];
    bool is_late[RA_PIDS_MAX]; /* it didn't answer the last time: said once */
    bool is_over[RA_PIDS_MAX]; /* nothing more will come */
    size_t count;
    enum ra_status lost; /* why the first of whom nothing can be shown can't; or RA_OK */
};

/* Returns its report; NULL if there is none: it ended after it was shown, or it is said why. */
static const struct ra_report *visit(struct batch *batch, size_t i, int wait_ms,
                                     enum ra_status *late)
{
    struct ra_source *source = &batch->sources[i];
    struct ra_failure why = {0};
    enum ra_status status = ra_source_next(source, wait_ms, &why);
    bool is_timeout = status == RA_TIMEOUT;

    if (is_timeout) {
        *late = status;
    } else if (status != RA_OK) {
        batch->is_over[i] = true;
        if (status == RA_ABSENT && source->report) {
            return NULL;
        }
        batch->lost = batch->lost == RA_OK ? status : batch->lost;
    }
    if (status != RA_OK && !(is_timeout && batch->is_late[i])) {
        ra_output_message("%s", why.message);
    }
    batch->is_late[i] = is_timeout;
    batch->is_over[i] |= ra_source_ended(source);
    return status == RA_OK || is_timeout ? source->report : NULL;
}

/* All are asked before the first is waited for. Returns how many reports there are now. *is_last: of none of them anything more will come. */
static size_t gather(struct batch *batch, const struct ra_report **reports, bool *is_last,
                     enum ra_status *late)
{
    double end = ra_clock_seconds() + RA_LIST_WAIT_MS / 1e3;
    size_t count = 0;

    *late = RA_OK;
    *is_last = true;
    for (size_t i = 0; i < batch->count; i++) {
        if (!batch->is_over[i]) {
            ra_session_ask(batch->sources[i].reader);
        }
    }
    for (size_t i = 0; i < batch->count; i++) {
        double left = end - ra_clock_seconds();
        int wait_ms = left > 0 ? (int)(left * 1e3) : 0;
        const struct ra_report *report = batch->is_over[i] ? NULL : visit(batch, i, wait_ms, late);

        if (report) {
            reports[count++] = report;
        }
        *is_last &= batch->is_over[i];
    }
    return count;
}

static int batch_loop(const struct ra_options *options, struct batch *batch)
{
    bool is_first = true, is_last = false;

    for (int64_t number = 1;; number++) {
        const struct ra_report *reports[RA_PIDS_MAX];
        enum ra_status late;
        size_t count = gather(batch, reports, &is_last, &late);
        enum ra_output output = RA_OUTPUT_GOOD;

        if (count > 0) {
            output = ra_list_print(options, reports, count, is_first);
            is_first = false;
        }
        if (output != RA_OUTPUT_GOOD) {
            return ra_output_exit(output);
        }
        if (is_last || number == options->iterations || !ra_output_wait(options->delay)) {
            return ruby_alloc_status_exit(batch->lost != RA_OK ? batch->lost : late);
        }
    }
}

int ra_run_batch(const struct ra_options *options)
{
    struct batch batch = {0};
    int result;

    batch.count =
        ra_source_open_each(batch.sources, options->pids, options->pid_count, &batch.lost);
    result = batch_loop(options, &batch);
    for (size_t i = 0; i < batch.count; i++) {
        ra_source_close(&batch.sources[i]);
    }
    return result;
}
