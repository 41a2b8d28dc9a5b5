/*
 * --record: the reports of one process, one after the other, into a file.
 */
#include "top/run.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "reader/failure.h"
#include "top/format.h"
#include "top/output.h"
#include "top/progress.h"
#include "top/recorder.h"
#include "top/relay.h"
#include "top/source.h"

enum { END_WAIT_MS = 2000 }; /* for a process that has begun to end */

/* What ends a recording before its time. Both become readable; -1: can't be had. */
struct ends {
    int signals; /* SIGINT, SIGTERM, SIGHUP */
    int process;
};

struct recording {
    const struct ra_options *options;
    struct ra_source source;
    struct ra_recorder recorder;
    struct ra_progress progress;
    struct ends ends;
    struct timespec start;
    bool is_last; /* the process has ended, nothing more will come */
    bool is_late; /* it didn't answer the last time: said once */
};

/* Signals wait until a line is written. What was to be ignored (nohup) stays so. */
static void watch_ends(struct ends *ends, pid_t pid)
{
    static const int ending[] = {SIGINT, SIGTERM, SIGHUP};
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < sizeof ending / sizeof *ending; i++) {
        if (!ra_relay_is_ignored(ending[i])) {
            sigaddset(&set, ending[i]);
        }
    }
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGXFSZ, SIG_IGN); /* writing says EFBIG instead */
    ends->signals = signalfd(-1, &set, SFD_CLOEXEC);
    ends->process = pidfd_open(pid, 0);
}

static void close_ends(struct ends *ends)
{
    if (ends->signals >= 0) {
        close(ends->signals);
    }
    if (ends->process >= 0) {
        close(ends->process);
    }
}

/* False: a signal wants an end. The end of the process ends the wait only. */
static bool wait_for_next(const struct ends *ends, double seconds)
{
    struct pollfd fds[] = {{.fd = ends->signals, .events = POLLIN},
                           {.fd = ends->process, .events = POLLIN}};
    struct timespec timeout = {.tv_sec = (time_t)seconds,
                               .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};

    return ppoll(fds, 2, &timeout, NULL) <= 0 || fds[0].revents == 0;
}

/* A process that ends removes its region first; what is in it is final once it is gone. */
static enum ra_status take_last(struct recording *recording, struct ra_failure *why)
{
    struct pollfd process = {.fd = recording->ends.process, .events = POLLIN};

    poll(&process, 1, process.fd >= 0 ? END_WAIT_MS : 0);
    recording->is_last = true;
    ruby_alloc_reader_stay(recording->source.reader);
    return ra_source_next(&recording->source, 0, why);
}

static enum ra_status take(struct recording *recording)
{
    struct ra_failure why = {0};
    enum ra_status status = ra_source_next(&recording->source, RA_SAMPLE_WAIT_MS, &why);

    if (status == RA_ABSENT) {
        status = take_last(recording, &why);
    }
    if (status == RA_OK || status == RA_TIMEOUT) {
        recording->is_last |= ra_source_ended(&recording->source);
    }
    if (status != RA_OK && !(status == RA_TIMEOUT && recording->is_late)) {
        ra_progress_end(&recording->progress);
        ra_output_message("%s", why.message);
    }
    recording->is_late = status == RA_TIMEOUT;
    return status;
}

static enum ra_status write_down(struct recording *recording)
{
    struct ra_failure why = {0};
    struct ra_recorder *recorder = &recording->recorder;
    enum ra_status status = ra_recorder_append(recorder, recording->source.report, &why);
    struct timespec now;

    if (status != RA_OK) {
        ra_progress_end(&recording->progress);
        ra_output_message("%s; %" PRIu64 " reports were written", why.message, recorder->reports);
        return status;
    }
    if (recorder->reports == 1 && recorder->max_bytes > 0 &&
        recorder->bytes > recorder->max_bytes) {
        ra_progress_end(&recording->progress);
        ra_output_message("a report takes %s, more than --max-size: each file holds one",
                          ra_format_bytes(recorder->bytes).text);
    }
    clock_gettime(CLOCK_MONOTONIC, &now);
    ra_progress_show(&recording->progress, "recording process %d: %" PRIu64 " reports, %s, for %s",
                     (int)recording->options->pid, recorder->reports,
                     ra_format_bytes(recorder->bytes).text,
                     ra_format_duration((double)(now.tv_sec - recording->start.tv_sec)).text);
    return RA_OK;
}

static int record_loop(struct recording *recording)
{
    const struct ra_options *options = recording->options;

    for (int64_t number = 1;; number++) {
        enum ra_status status = take(recording), written;

        if (status != RA_OK && status != RA_TIMEOUT) {
            return ruby_alloc_status_exit(status);
        }
        written = write_down(recording);
        if (written != RA_OK) {
            return ruby_alloc_status_exit(written);
        }
        if (recording->is_last) {
            return 0;
        }
        if (number == options->iterations) {
            return ruby_alloc_status_exit(status);
        }
        if (!wait_for_next(&recording->ends, options->delay)) {
            return 0;
        }
    }
}

static int record(struct recording *recording)
{
    const struct ra_options *options = recording->options;
    struct ra_failure note, why = {0};
    int result;

    if (ra_recorder_open(&recording->recorder, options->record, options->max_bytes, &note, &why) !=
        RA_OK) {
        ra_output_message("%s", why.message);
        ra_recorder_close(&recording->recorder);
        return ruby_alloc_status_exit(why.status);
    }
    if (note.message[0] != '\0') {
        ra_output_message("%s", note.message);
    }
    watch_ends(&recording->ends, options->pid);
    clock_gettime(CLOCK_MONOTONIC, &recording->start);
    ra_progress_begin(&recording->progress, 0);
    result = record_loop(recording);
    ra_progress_end(&recording->progress);
    if (recording->progress.is_terminal) {
        ra_failure_set(&note, RA_OK, "%" PRIu64 " reports (%s) were written to %s",
                       recording->recorder.reports, ra_format_bytes(recording->recorder.bytes).text,
                       options->record);
        ra_output_message("%s", note.message);
    }
    close_ends(&recording->ends);
    ra_recorder_close(&recording->recorder);
    return result;
}

int ra_run_record(const struct ra_options *options)
{
    struct recording recording = {.options = options};
    struct ra_failure why = {0};
    int result;

    if (ra_source_open(&recording.source, options->pid, &why) == RA_OK) {
        result = record(&recording);
    } else {
        ra_output_message("%s", why.message);
        result = ruby_alloc_status_exit(why.status);
    }
    ra_source_close(&recording.source);
    return result;
}
