/*
 * Appending to a recording.
 */
#include "top/recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "reader/failure.h"
#include "top/json.h"
#include "top/outlet.h"
#include "top/replace.h"
#include "top/skim.h"

enum {
    CHUNK_BYTES = 1 << 16,
    LOCK_TRIES = 250, /* another recorder holds the lock for a millisecond */
    LOCK_PAUSE_NS = 20000000
};

static enum ra_status refuse(const struct ra_recorder *recorder, int error, struct ra_failure *why)
{
    return ra_failure_set(why, error == EACCES || error == EPERM ? RA_DENIED : RA_SYSTEM,
                          "can't record to %s: %s", recorder->path, strerror(error));
}

static enum ra_status open_file(struct ra_recorder *recorder, struct ra_failure *why)
{
    struct ra_failure reason;
    struct stat stat;

    /* For reading too, to see how it ends; and this way a FIFO doesn't keep us waiting. */
    recorder->fd = ra_outlet_open_path(recorder->path, O_RDWR | O_APPEND, &reason);
    if (recorder->fd < 0) {
        return ra_failure_set(why, reason.status, "can't record to %s: %s", recorder->path,
                              reason.message);
    }
    if (fstat(recorder->fd, &stat) != 0) {
        return refuse(recorder, errno, why);
    }
    if (!S_ISREG(stat.st_mode)) {
        return ra_failure_set(why, RA_SYSTEM,
                              "can't record to %s: it is not a file; --batch --json writes to "
                              "pipes and devices",
                              recorder->path);
    }
    return RA_OK;
}

/* Lock the file that has the path now. */
static enum ra_status lock(struct ra_recorder *recorder, struct ra_failure *why)
{
    struct stat open_one, named;
    enum ra_status status = RA_OK;

    for (int tries = 0; tries < LOCK_TRIES && status == RA_OK; tries++) {
        if (flock(recorder->fd, LOCK_EX | LOCK_NB) != 0) {
            if (errno != EWOULDBLOCK) {
                return refuse(recorder, errno, why);
            }
            nanosleep(&(struct timespec){.tv_nsec = LOCK_PAUSE_NS}, NULL);
        } else if (fstat(recorder->fd, &open_one) == 0 && stat(recorder->path, &named) == 0 &&
                   open_one.st_dev == named.st_dev && open_one.st_ino == named.st_ino) {
            return RA_OK;
        } else {
            close(recorder->fd);
            status = open_file(recorder, why);
        }
    }
    return status == RA_OK ? ra_failure_set(why, RA_SYSTEM,
                                            "can't record to %s: another program keeps it locked",
                                            recorder->path)
                           : status;
}

static void unlock(struct ra_recorder *recorder)
{
    flock(recorder->fd, LOCK_UN);
}

/* Whether the file begins as each of ours does, as far as it goes. */
static bool begins_well(int fd)
{
    static const char beginning[] = "{\"schema\":\"ruby_alloc.report/";
    char head[64];
    ssize_t size = pread(fd, head, sizeof head, 0);
    size_t matched = 0;

    for (ssize_t i = 0; i < size && matched < sizeof beginning - 1; i++) {
        if (head[i] != ' ' && head[i] != beginning[matched++]) {
            return false;
        }
    }
    return size >= 0;
}

/* Where the last line begins that has no end; size if the last line has one. */
static int64_t find_unended(int fd, int64_t size)
{
    char chunk[CHUNK_BYTES];

    for (int64_t end = size; end > 0;) {
        int64_t start = end > CHUNK_BYTES ? end - CHUNK_BYTES : 0;
        ssize_t got = pread(fd, chunk, (size_t)(end - start), start);
        const char *newline = got > 0 ? memrchr(chunk, '\n', (size_t)got) : NULL;

        if (got != end - start) {
            return size;
        }
        if (newline) {
            return start + (newline - chunk) + 1;
        }
        end = start;
    }
    return 0;
}

static enum ra_skim_verdict skim_from(int fd, int64_t offset)
{
    struct ra_skim skim;
    char chunk[CHUNK_BYTES];
    ssize_t got;

    ra_skim_begin(&skim);
    while ((got = pread(fd, chunk, sizeof chunk, offset)) > 0) {
        ra_skim_feed(&skim, chunk, (size_t)got);
        offset += got;
    }
    return ra_skim_end(&skim);
}

static enum ra_status repair(struct ra_recorder *recorder, struct ra_failure *note,
                             struct ra_failure *why)
{
    struct stat stat;
    int64_t start;

    if (fstat(recorder->fd, &stat) != 0) {
        return refuse(recorder, errno, why);
    }
    if (!begins_well(recorder->fd)) {
        return ra_failure_set(why, RA_SYSTEM,
                              "can't record to %s: there is something else in it than a recording",
                              recorder->path);
    }
    start = find_unended(recorder->fd, stat.st_size);
    if (start == stat.st_size) {
        return RA_OK;
    }
    if (skim_from(recorder->fd, start) == RA_SKIM_REPORT) {
        return write(recorder->fd, "\n", 1) == 1 ? RA_OK : refuse(recorder, errno, why);
    }
    if (ftruncate(recorder->fd, start) != 0) {
        return refuse(recorder, errno, why);
    }
    ra_failure_set(note, RA_OK,
                   "%s ended in the middle of a report: its last %" PRId64 " bytes were cut off",
                   recorder->path, (int64_t)stat.st_size - start);
    return RA_OK;
}

enum ra_status ra_recorder_open(struct ra_recorder *recorder, const char *path, int64_t max_bytes,
                                struct ra_failure *note, struct ra_failure *why)
{
    enum ra_status status;

    *recorder = (struct ra_recorder){.path = path, .max_bytes = max_bytes};
    note->message[0] = '\0';
    status = open_file(recorder, why);
    if (status == RA_OK) {
        status = lock(recorder, why);
    }
    if (status == RA_OK) {
        status = repair(recorder, note, why);
        unlock(recorder);
    }
    return status;
}

static int rename_numbered(const struct ra_outlet *outlet, int from, int to)
{
    char old[NAME_MAX + 16], new[NAME_MAX + 16];

    snprintf(old, sizeof old, "%s.%d", outlet->name, from);
    snprintf(new, sizeof new, "%s.%d", outlet->name, to);
    return renameat(outlet->dir, from > 0 ? old : outlet->name, outlet->dir, new) == 0 ||
                   errno == ENOENT
               ? 0
               : -1;
}

/* The lock moves on to the new file: whoever waits for the old one's sees that it has gone. */
static enum ra_status rotate(struct ra_recorder *recorder, struct ra_failure *why)
{
    struct ra_failure reason;
    struct ra_outlet outlet;
    enum ra_status status = ra_outlet_find(&outlet, recorder->path, &reason);

    if (status != RA_OK) {
        ra_failure_set(why, status, "can't record to %s: %s", recorder->path, reason.message);
    }
    for (int number = RA_RECORDER_KEPT - 1; number >= 0 && status == RA_OK; number--) {
        if (rename_numbered(&outlet, number, number + 1) != 0) {
            status = refuse(recorder, errno, why);
        }
    }
    ra_outlet_close(&outlet);
    return status == RA_OK ? lock(recorder, why) : status;
}

static enum ra_status write_line(struct ra_recorder *recorder, const char *line, size_t size,
                                 struct ra_failure *why)
{
    struct stat stat;
    enum ra_status status = RA_OK;
    int error;

    if (fstat(recorder->fd, &stat) != 0) {
        return refuse(recorder, errno, why);
    }
    if (recorder->max_bytes > 0 && stat.st_size > 0 &&
        stat.st_size + (int64_t)size > recorder->max_bytes) {
        status = rotate(recorder, why);
    }
    if (status != RA_OK || fstat(recorder->fd, &stat) != 0) {
        return status != RA_OK ? status : refuse(recorder, errno, why);
    }
    if (ra_write_whole(recorder->fd, line, size) == 0) {
        return RA_OK;
    }
    error = errno;
    if (ftruncate(recorder->fd, stat.st_size) != 0) {
        error = errno;
    }
    return refuse(recorder, error, why);
}

enum ra_status ra_recorder_append(struct ra_recorder *recorder, const struct ra_report *report,
                                  struct ra_failure *why)
{
    char *line = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&line, &size);
    int failed = stream ? ra_json_print(report, stream) : -1;
    enum ra_status status;

    if (!stream || fclose(stream) != 0 || failed) {
        free(line);
        return refuse(recorder, ENOMEM, why);
    }
    status = lock(recorder, why);
    if (status == RA_OK) {
        status = write_line(recorder, line, size, why);
        unlock(recorder);
    }
    if (status == RA_OK) {
        recorder->bytes += (int64_t)size;
        recorder->reports++;
    }
    free(line);
    return status;
}

void ra_recorder_close(struct ra_recorder *recorder)
{
    if (recorder->fd >= 0) {
        close(recorder->fd);
    }
}
