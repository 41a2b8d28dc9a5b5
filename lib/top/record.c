/*
 * --record: the reports of one process or several, one after the other, into a file.
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
#include "reader/session.h"
#include "top/clock.h"
#include "top/format.h"
#include "top/output.h"
#include "top/progress.h"
#include "top/recorder.h"
#include "top/relay.h"
#include "top/source.h"

enum { END_WAIT_MS = 2000 }; /* for a process that has begun to end */

/* One of the processes. */
struct member {
    struct ra_source *source;
    int end;      /* becomes readable when the process has ended; -1: can't be had */
    bool is_late; /* it didn't answer the last time: said once */
    bool is_over; /* nothing more will come */
};

struct recording {
    const struct ra_options *options;
    struct ra_source sources[RA_PIDS_MAX];
    struct member members[RA_PIDS_MAX];
    size_t count;
    enum ra_status lost; /* why nothing came of the first of whom nothing came; or RA_OK */
    struct ra_recorder recorder;
    struct ra_progress progress;
    int signals; /* SIGINT, SIGTERM, SIGHUP */
    double start;
};

/* What a wait for the next reports ended with. */
enum wake { WAKE_TIME, WAKE_SIGNAL, WAKE_END };

/* Signals wait until a line is written. What was to be ignored (nohup) stays so. */
static void watch_signals(struct recording *recording)
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
    recording->signals = signalfd(-1, &set, SFD_CLOEXEC);
}

static bool is_anyone_left(const struct recording *recording)
{
    for (size_t i = 0; i < recording->count; i++) {
        if (!recording->members[i].is_over) {
            return true;
        }
    }
    return false;
}

/* A process that ends removes its region first; what is in it is final once it is gone. */
static enum ra_status take_last(struct member *member, struct ra_failure *why)
{
    struct pollfd process = {.fd = member->end, .events = POLLIN};

    poll(&process, 1, process.fd >= 0 ? END_WAIT_MS : 0);
    member->is_over = true;
    ruby_alloc_reader_stay(member->source->reader);
    return ra_source_next(member->source, 0, why);
}

static enum ra_status take(struct recording *recording, struct member *member, int wait_ms)
{
    struct ra_failure why = {0};
    enum ra_status status = ra_source_next(member->source, wait_ms, &why);

    if (status == RA_ABSENT) {
        status = take_last(member, &why);
    }
    if (status == RA_OK || status == RA_TIMEOUT) {
        member->is_over |= ra_source_ended(member->source);
    } else {
        member->is_over = true;
        recording->lost = recording->lost == RA_OK ? status : recording->lost;
    }
    if (status != RA_OK && !(status == RA_TIMEOUT && member->is_late)) {
        ra_progress_end(&recording->progress);
        ra_output_message("%s", why.message);
    }
    member->is_late = status == RA_TIMEOUT;
    return status;
}

static void show_progress(struct recording *recording)
{
    char who[48];

    if (recording->count == 1) {
        snprintf(who, sizeof who, "process %d", (int)recording->sources[0].pid);
    } else {
        snprintf(who, sizeof who, "%zu processes", recording->count);
    }
    ra_progress_show(&recording->progress, "recording %s: %" PRIu64 " reports, %s, for %s", who,
                     recording->recorder.reports, ra_format_bytes(recording->recorder.bytes).text,
                     ra_format_duration(ra_clock_seconds() - recording->start).text);
}

static enum ra_status write_down(struct recording *recording, const struct member *member)
{
    struct ra_failure why = {0};
    struct ra_recorder *recorder = &recording->recorder;
    enum ra_status status = ra_recorder_append(recorder, member->source->report, &why);

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
    show_progress(recording);
    return RA_OK;
}

/* A report of one process. Returns whether the recording can go on; *late: it didn't answer. */
static enum ra_status visit(struct recording *recording, struct member *member, int wait_ms,
                            enum ra_status *late)
{
    enum ra_status status = take(recording, member, wait_ms);

    if (status == RA_TIMEOUT) {
        *late = status;
    }
    return status == RA_OK || status == RA_TIMEOUT ? write_down(recording, member) : RA_OK;
}

/* All are asked before the first is waited for. */
static enum ra_status visit_all(struct recording *recording, enum ra_status *late)
{
    double end = ra_clock_seconds() + RA_SAMPLE_WAIT_MS / 1e3;
    enum ra_status written = RA_OK;

    *late = RA_OK;
    for (size_t i = 0; i < recording->count; i++) {
        if (!recording->members[i].is_over) {
            ra_session_ask(recording->members[i].source->reader);
        }
    }
    for (size_t i = 0; i < recording->count && written == RA_OK; i++) {
        double left = end - ra_clock_seconds();

        if (!recording->members[i].is_over) {
            written =
                visit(recording, &recording->members[i], left > 0 ? (int)(left * 1e3) : 0, late);
        }
    }
    return written;
}

/* Waits until end; for less where a signal comes, or a process ends: those are marked in ended. */
static enum wake wait_for_any(const struct recording *recording, double end, bool *ended)
{
    struct pollfd fds[1 + RA_PIDS_MAX] = {{.fd = recording->signals, .events = POLLIN}};
    double left = end - ra_clock_seconds();
    struct timespec timeout = {0};

    for (size_t i = 0; i < recording->count; i++) {
        const struct member *member = &recording->members[i];

        fds[1 + i] = (struct pollfd){.fd = member->is_over ? -1 : member->end, .events = POLLIN};
    }
    if (left > 0) {
        timeout.tv_sec = (time_t)left;
        timeout.tv_nsec = (long)((left - (double)timeout.tv_sec) * 1e9);
    }
    if (ppoll(fds, 1 + recording->count, &timeout, NULL) <= 0) {
        return WAKE_TIME;
    }
    for (size_t i = 0; i < recording->count; i++) {
        ended[i] = fds[1 + i].revents != 0;
    }
    return fds[0].revents != 0 ? WAKE_SIGNAL : WAKE_END;
}

/* Those that end meanwhile are visited once more, right then. */
static enum ra_status wait_for_next(struct recording *recording, enum wake *wake)
{
    double end = ra_clock_seconds() + recording->options->delay;
    enum ra_status written = RA_OK, late;

    do {
        bool ended[RA_PIDS_MAX] = {false};

        *wake = wait_for_any(recording, end, ended);
        for (size_t i = 0; i < recording->count && *wake == WAKE_END && written == RA_OK; i++) {
            if (ended[i]) {
                written = visit(recording, &recording->members[i], 0, &late);
                recording->members[i].is_over = true;
            }
        }
    } while (*wake == WAKE_END && written == RA_OK && is_anyone_left(recording));
    return written;
}

static int record_loop(struct recording *recording)
{
    const struct ra_options *options = recording->options;

    for (int64_t number = 1;; number++) {
        enum ra_status late, written = visit_all(recording, &late);
        enum wake wake = WAKE_TIME;

        if (written == RA_OK && is_anyone_left(recording)) {
            if (number == options->iterations) {
                return ruby_alloc_status_exit(recording->lost != RA_OK ? recording->lost : late);
            }
            written = wait_for_next(recording, &wake);
        }
        if (written != RA_OK) {
            return ruby_alloc_status_exit(written);
        }
        if (wake == WAKE_SIGNAL || !is_anyone_left(recording)) {
            return ruby_alloc_status_exit(recording->lost);
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
    watch_signals(recording);
    recording->start = ra_clock_seconds();
    ra_progress_begin(&recording->progress, 0);
    result = record_loop(recording);
    ra_progress_end(&recording->progress);
    if (recording->progress.is_terminal) {
        ra_failure_set(&note, RA_OK, "%" PRIu64 " reports (%s) were written to %s",
                       recording->recorder.reports, ra_format_bytes(recording->recorder.bytes).text,
                       options->record);
        ra_output_message("%s", note.message);
    }
    if (recording->signals >= 0) {
        close(recording->signals);
    }
    ra_recorder_close(&recording->recorder);
    return result;
}

int ra_run_record(const struct ra_options *options)
{
    struct recording recording = {.options = options, .signals = -1};
    int result;

    recording.count =
        ra_source_open_each(recording.sources, options->pids, options->pid_count, &recording.lost);
    for (size_t i = 0; i < recording.count; i++) {
        struct ra_source *source = &recording.sources[i];

        recording.members[i] = (struct member){.source = source, .end = pidfd_open(source->pid, 0)};
    }
    result = recording.count > 0 ? record(&recording) : ruby_alloc_status_exit(recording.lost);
    for (size_t i = 0; i < recording.count; i++) {
        if (recording.members[i].end >= 0) {
            close(recording.members[i].end);
        }
        ra_source_close(&recording.sources[i]);
    }
    return result;
}
