/*
 * --html: a page from a running process or from a recording.
 */
#include "top/run.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "reader/failure.h"
#include "top/html.h"
#include "top/output.h"
#include "top/recording.h"
#include "top/replace.h"
#include "top/source.h"

static const double quiet_seconds = 0.3; /* work that takes no longer shows no progress */

static enum ra_status no_memory(struct ra_failure *why)
{
    return ra_failure_set(why, RA_SYSTEM, "not enough memory");
}

static enum ra_status write_page(const char *path, const char *text, size_t size,
                                 struct ra_failure *why)
{
    struct ra_failure reason;

    if (strcmp(path, "-") == 0) {
        return ra_output_bytes(text, size) == RA_OUTPUT_FAILED ? RA_SYSTEM : RA_OK;
    }
    if (ra_replace(path, text, size, &reason) == RA_OK || errno == EPIPE) {
        return RA_OK; /* whoever read the pipe has had enough: no error, as on standard output */
    }
    return ra_failure_set(why, reason.status, "can't write %s: %s", path, reason.message);
}

static enum ra_status make_page(const struct ra_html *html, const char *path,
                                struct ra_failure *why)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    enum ra_status status;
    bool complete;

    if (!stream) {
        return no_memory(why);
    }
    complete = ra_html_print(html, stream) == 0 && !ferror(stream);
    complete &= fclose(stream) == 0;
    status = complete ? write_page(path, text, size, why) : no_memory(why);
    free(text);
    return status;
}

static enum ra_status show_process(const struct ra_options *options, struct ra_failure *why)
{
    struct ra_source source;
    enum ra_status status = ra_source_open(&source, options->pid, why), written;

    if (status == RA_OK) {
        status = ra_source_next(&source, RA_SAMPLE_WAIT_MS, why);
    }
    if (status == RA_OK || status == RA_TIMEOUT) {
        struct ra_failure other = {0};

        written = make_page(&(struct ra_html){.report = source.report}, options->html, &other);
        if (written != RA_OK) {
            *why = other;
            status = written;
        }
    }
    ra_source_close(&source);
    return status;
}

static int64_t last_time(const struct ra_recording *recording)
{
    int64_t last = ra_recording_time(recording, 0);

    for (size_t i = 1; i < ra_recording_count(recording); i++) {
        int64_t time = ra_recording_time(recording, i);

        last = time > last ? time : last;
    }
    return last;
}

/* All reports of the chosen process; damaged ones are left out, and counted by the recording. */
static struct ra_series *gather(struct ra_recording *recording, struct ra_progress *progress,
                                size_t *last, struct ra_failure *why)
{
    size_t count = ra_recording_count(recording);
    struct ra_series *series =
        ra_series_new(ra_recording_time(recording, 0), last_time(recording), count);
    bool complete = series != NULL;

    for (size_t i = 0; complete && i < count; i++) {
        const struct ra_report *report = ra_recording_report(recording, i, why);

        if (report) {
            complete = ra_series_add(series, report, ra_recording_time(recording, i));
            *last = i;
        }
        ra_progress_show(progress, "reading reports: %zu of %zu", i + 1, count);
    }
    if (!complete) {
        ra_series_free(series);
        no_memory(why);
        return NULL;
    }
    return series;
}

static enum ra_status show_reports(const struct ra_options *options, struct ra_recording *recording,
                                   struct ra_progress *progress, struct ra_failure *why)
{
    size_t last = 0;
    struct ra_series *series = gather(recording, progress, &last, why);
    struct ra_html html = {.series = series, .source = options->html_from};
    enum ra_status status = why->status;

    ra_progress_end(progress);
    if (!series) {
        return status;
    }
    html.report = ra_recording_report(recording, last, why);
    html.damage = ra_recording_damage(recording);
    ra_recording_tell_damage(recording);
    status = html.report ? make_page(&html, options->html, why) : why->status;
    ra_series_free(series);
    return status;
}

/* A page in its place would be the end of the recording. */
static bool is_same_file(const char *path, const char *other)
{
    struct stat a, b;

    return stat(path, &a) == 0 && stat(other, &b) == 0 && S_ISREG(a.st_mode) &&
           a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static enum ra_status show_recording(const struct ra_options *options, struct ra_failure *why)
{
    struct ra_progress progress;
    struct ra_recording *recording;
    enum ra_status status;

    ra_progress_begin(&progress, quiet_seconds);
    recording = ra_recording_open(options->html_from, &progress, why);
    if (!recording) {
        return why->status;
    }
    status = is_same_file(options->html, options->html_from)
                 ? ra_failure_set(why, RA_SYSTEM, "can't write %s: it is the recording itself",
                                  options->html)
                 : ra_recording_settle(recording, options->pid, "", why);
    if (status == RA_OK) {
        status = show_reports(options, recording, &progress, why);
    }
    ra_progress_end(&progress);
    ra_recording_close(recording);
    return status;
}

int ra_run_html(const struct ra_options *options)
{
    struct ra_failure why = {0};
    enum ra_status status;

    signal(SIGXFSZ, SIG_IGN); /* writing says EFBIG instead, and nothing is left behind */
    status = options->html_from ? show_recording(options, &why) : show_process(options, &why);

    if (status != RA_OK && why.message[0] != '\0') {
        ra_output_message("%s", why.message);
    }
    return ruby_alloc_status_exit(status);
}
