/*
 * A recording: an open file, the index of its reports, and the one that was loaded last.
 */
#include "top/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reader/failure.h"
#include "reader/grow.h"
#include "top/load.h"
#include "top/output.h"
#include "top/recording_index.h"
#include "top/skim.h"
#include "top/spool.h"

struct ra_recording {
    int fd;
    char *path;
    struct ra_recording_index index;

    int64_t pid;    /* the chosen process; 0: all */
    size_t *chosen; /* its reports' numbers in the index */
    size_t chosen_count, chosen_room;
    size_t looked_at; /* reports of the index that chosen takes in */

    int64_t *pids;
    struct ra_report *report; /* the last one, and its number in the index */
    size_t report_number;
    char damage[256];
};

/* Whose errno it is decides the exit status. */
static enum ra_status refuse(struct ra_failure *why, const char *path, int error)
{
    enum ra_status status = error == ENOENT || error == ENOTDIR ? RA_ABSENT
                            : error == EACCES || error == EPERM ? RA_DENIED
                                                                : RA_SYSTEM;

    return ra_failure_set(why, status, "can't read %s: %s", path, strerror(error));
}

/* In place of a pipe, what came out of it; it can't be read twice. */
static bool spool(struct ra_recording *recording, struct stat *stat)
{
    int pipe = recording->fd;

    recording->fd = ra_spool_make(pipe);
    close(pipe);
    return recording->fd >= 0 && fstat(recording->fd, stat) == 0;
}

/* Opening doesn't wait for who would write to a FIFO. */
static enum ra_status open_file(struct ra_recording *recording, int64_t *size,
                                struct ra_failure *why)
{
    const char *path = strcmp(recording->path, "-") == 0 ? "/dev/stdin" : recording->path;
    struct stat stat;

    recording->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (recording->fd < 0 || fstat(recording->fd, &stat) != 0 ||
        (S_ISFIFO(stat.st_mode) && !spool(recording, &stat))) {
        return refuse(why, recording->path, errno);
    }
    if (!S_ISREG(stat.st_mode)) {
        return ra_failure_set(why, RA_SYSTEM, "can't read %s: it is not a file", recording->path);
    }
    *size = stat.st_size;
    return RA_OK;
}

static enum ra_status no_report(struct ra_recording *recording, struct ra_failure *why)
{
    const char *damage = ra_recording_damage(recording);

    return ra_failure_set(why, RA_DAMAGED, "%s holds no report: %s", recording->path,
                          damage ? damage : "it is empty");
}

static enum ra_status read_file(struct ra_recording *recording, struct ra_progress *progress,
                                struct ra_failure *why)
{
    struct ra_recording_index *index = &recording->index;
    int64_t size = 0;
    enum ra_status status = open_file(recording, &size, why);
    int result;

    if (status != RA_OK) {
        return status;
    }
    result = ra_recording_index_scan(index, recording->fd, size, recording->path, progress);
    if (result == 0 && index->count == 0 && size <= RA_SKIM_BYTES_MAX) {
        result = ra_recording_index_whole(index, recording->fd, size);
        if (index->count > 0) {
            index->faults = index->tail = (struct ra_recording_faults){0};
            index->scanned = size;
        }
    }
    if (result != 0) {
        return refuse(why, recording->path, -result);
    }
    return index->count > 0 ? RA_OK : no_report(recording, why);
}

struct ra_recording *ra_recording_open(const char *path, struct ra_progress *progress,
                                       struct ra_failure *why)
{
    struct ra_recording *recording = calloc(1, sizeof *recording);
    char *copy = strdup(path);
    enum ra_status status;

    if (!recording || !copy) {
        ra_failure_set(why, RA_SYSTEM, "not enough memory");
        free(recording);
        free(copy);
        return NULL;
    }
    recording->path = copy;
    status = read_file(recording, progress, why);
    if (progress) {
        ra_progress_end(progress);
    }
    if (status != RA_OK) {
        ra_recording_close(recording);
        return NULL;
    }
    return recording;
}

void ra_recording_close(struct ra_recording *recording)
{
    if (!recording) {
        return;
    }
    if (recording->fd >= 0) {
        close(recording->fd);
    }
    ra_load_free(recording->report);
    free(recording->index.reports);
    free(recording->chosen);
    free(recording->pids);
    free(recording->path);
    free(recording);
}

/* Without memory the newest reports are missing until the next time. */
static void look_for_chosen(struct ra_recording *recording)
{
    const struct ra_recording_index *index = &recording->index;

    for (; recording->pid != 0 && recording->looked_at < index->count; recording->looked_at++) {
        size_t *chosen;

        if (index->reports[recording->looked_at].pid != recording->pid) {
            continue;
        }
        chosen = ra_grown(recording->chosen, &recording->chosen_room, recording->chosen_count,
                          sizeof *chosen, 64);
        if (!chosen) {
            return;
        }
        recording->chosen = chosen;
        recording->chosen[recording->chosen_count++] = recording->looked_at;
    }
}

size_t ra_recording_refresh(struct ra_recording *recording)
{
    size_t before = recording->index.count;
    struct stat stat;

    if (fstat(recording->fd, &stat) != 0 || stat.st_size <= recording->index.scanned) {
        return 0;
    }
    ra_recording_index_scan(&recording->index, recording->fd, stat.st_size, recording->path, NULL);
    look_for_chosen(recording);
    return recording->index.count - before;
}

size_t ra_recording_choose(struct ra_recording *recording, int64_t pid)
{
    recording->pid = pid;
    recording->chosen_count = 0;
    recording->looked_at = 0;
    look_for_chosen(recording);
    return ra_recording_count(recording);
}

size_t ra_recording_count(const struct ra_recording *recording)
{
    return recording->pid == 0 ? recording->index.count : recording->chosen_count;
}

static size_t number_in_index(const struct ra_recording *recording, size_t i)
{
    return recording->pid == 0 ? i : recording->chosen[i];
}

static struct ra_report *load(struct ra_recording *recording, struct ra_recorded *recorded,
                              char *error, size_t size)
{
    char *text = malloc(recorded->bytes + 1);
    struct ra_report *report = NULL;

    if (!text) {
        snprintf(error, size, "not enough memory");
    } else if (pread(recording->fd, text, recorded->bytes, recorded->offset) !=
               (ssize_t)recorded->bytes) {
        snprintf(error, size, "the file was cut off meanwhile");
    } else {
        report = ra_load_text(text, recorded->bytes, error, size);
    }
    free(text);
    return report;
}

const struct ra_report *ra_recording_report(struct ra_recording *recording, size_t i,
                                            struct ra_failure *why)
{
    size_t number = number_in_index(recording, i);
    struct ra_recorded *recorded = &recording->index.reports[number];
    struct ra_report *report = NULL;
    char error[160] = "";

    if (recording->report && recording->report_number == number) {
        return recording->report;
    }
    if (recorded->bytes > 0) {
        report = load(recording, recorded, error, sizeof error);
        if (!report) {
            recorded->bytes = 0;
            ra_recording_faults_add(&recording->index.faults, recorded->line, error);
        }
    }
    if (!report) {
        ra_failure_set(why, RA_DAMAGED, "line %" PRIu32 " of %s is damaged%s%s", recorded->line,
                       recording->path, error[0] ? ": " : "", error);
        return NULL;
    }
    ra_load_free(recording->report);
    recording->report = report;
    recording->report_number = number;
    return report;
}

int64_t ra_recording_time(const struct ra_recording *recording, size_t i)
{
    return recording->index.reports[number_in_index(recording, i)].time_ms;
}

int64_t ra_recording_pid(const struct ra_recording *recording, size_t i)
{
    return recording->index.reports[number_in_index(recording, i)].pid;
}

static int compare_pids(const void *left, const void *right)
{
    int64_t a, b;

    memcpy(&a, left, sizeof a);
    memcpy(&b, right, sizeof b);
    return a < b ? -1 : a > b;
}

size_t ra_recording_pids(struct ra_recording *recording, const int64_t **pids)
{
    const struct ra_recording_index *index = &recording->index;
    size_t count = 0;

    free(recording->pids);
    *pids = recording->pids = calloc(index->count, sizeof *recording->pids);
    if (!recording->pids) {
        return 0;
    }
    for (size_t i = 0; i < index->count; i++) {
        recording->pids[i] = index->reports[i].pid;
    }
    qsort(recording->pids, index->count, sizeof *recording->pids, compare_pids);
    for (size_t i = 0; i < index->count; i++) {
        if (recording->pids[i] != RA_UNKNOWN &&
            (count == 0 || recording->pids[i] != recording->pids[count - 1])) {
            recording->pids[count++] = recording->pids[i];
        }
    }
    return count;
}

enum ra_status ra_recording_settle(struct ra_recording *recording, int64_t pid, const char *hint,
                                   struct ra_failure *why)
{
    const int64_t *pids;
    size_t count = ra_recording_choose(recording, pid);

    if (pid != 0) {
        return count > 0 ? RA_OK
                         : ra_failure_set(why, RA_ABSENT, "%s holds no report of process %" PRId64,
                                          recording->path, pid);
    }
    count = ra_recording_pids(recording, &pids);
    if (count <= 1) {
        return RA_OK;
    }
    return ra_failure_set(why, RA_ABSENT,
                          "%s holds reports of %zu processes (%" PRId64 ", %" PRId64
                          "%s): add the PID of one%s",
                          recording->path, count, pids[0], pids[1], count > 2 ? ", ..." : "", hint);
}

static size_t whole_count(const struct ra_recording_index *index)
{
    size_t count = 0;

    for (size_t i = 0; i < index->count; i++) {
        count += index->reports[i].bytes > 0;
    }
    return count;
}

const char *ra_recording_damage(struct ra_recording *recording)
{
    const struct ra_recording_faults *faults = &recording->index.faults;
    const struct ra_recording_faults *tail = &recording->index.tail;
    const struct ra_recording_faults *first = faults->count > 0 ? faults : tail;
    uint64_t count = faults->count + tail->count;

    if (count == 0) {
        return NULL;
    }
    snprintf(recording->damage, sizeof recording->damage,
             "line %" PRIu64 " is damaged: %s; %" PRIu64 " of %" PRIu64 " lines left out",
             first->line, first->why, count, count + whole_count(&recording->index));
    return recording->damage;
}

void ra_recording_tell_damage(struct ra_recording *recording)
{
    const char *damage = ra_recording_damage(recording);
    struct ra_failure note;

    if (damage) {
        ra_failure_set(&note, RA_OK, "%s: %s", recording->path, damage);
        ra_output_message("%s", note.message);
    }
}
