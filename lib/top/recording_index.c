/*
 * Finding the reports in a recording.
 */
#include "top/recording_index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <ruby_alloc/report.h>

#include "reader/grow.h"
#include "reader/text.h"
#include "top/skim.h"

enum { CHUNK_BYTES = 1 << 18 };

/* A pass through the file. */
struct pass {
    struct ra_recording_index *index;
    struct ra_skim skim; /* of the line that has begun at start */
    int64_t start;
};

void ra_recording_faults_add(struct ra_recording_faults *faults, uint64_t line, const char *text)
{
    if (faults->count++ == 0) {
        faults->line = line;
        ra_text_clean(faults->why, sizeof faults->why, text, strlen(text));
    }
}

/* "2026-11-23T09:30:00.123Z" in milliseconds. */
static int64_t parse_time(const char *text)
{
    struct tm tm = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    int64_t milliseconds = 0;

    if (!rest) {
        return RA_UNKNOWN;
    }
    if (*rest == '.') {
        milliseconds = (int64_t)(strtod(rest, NULL) * 1000 + 0.5);
    }
    return (int64_t)timegm(&tm) * 1000 + milliseconds;
}

static int add_report(struct pass *pass, uint64_t line)
{
    struct ra_recording_index *index = pass->index;
    struct ra_recorded *reports =
        ra_grown(index->reports, &index->room, index->count, sizeof *reports, 256);

    if (!reports) {
        return -ENOMEM;
    }
    index->reports = reports;
    index->reports[index->count++] = (struct ra_recorded){
        .offset = pass->start,
        .time_ms = parse_time(pass->skim.time),
        .pid = pass->skim.pid,
        .bytes = (uint32_t)pass->skim.bytes,
        .line = (uint32_t)line,
    };
    return 0;
}

/*
 * A line has ended, or the file has. An unended last line that is no report (yet) is
 * skimmed anew from its start when the file has grown; a report is complete as it is.
 */
static int end_line(struct pass *pass, bool is_ended, int64_t end)
{
    struct ra_recording_index *index = pass->index;
    enum ra_skim_verdict verdict = ra_skim_end(&pass->skim);
    uint64_t line = index->lines + 1;
    char why[160];
    int result = 0;

    if (verdict == RA_SKIM_REPORT) {
        result = add_report(pass, line);
    } else if (verdict != RA_SKIM_EMPTY) {
        ra_skim_describe(&pass->skim, verdict, why, sizeof why);
        ra_recording_faults_add(is_ended ? &index->faults : &index->tail, line, why);
    }
    if (result == 0 && (is_ended || verdict == RA_SKIM_REPORT)) {
        index->scanned = end;
        index->lines += is_ended;
    }
    ra_skim_begin(&pass->skim);
    pass->start = end;
    return result;
}

/* The lines in a chunk that lies at offset in the file. */
static int feed_lines(struct pass *pass, const char *chunk, size_t size, int64_t offset)
{
    const char *end = chunk + size;
    int result = 0;

    for (const char *at = chunk; at < end && result == 0;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));

        ra_skim_feed(&pass->skim, at, (size_t)((newline ? newline : end) - at));
        at = newline ? newline + 1 : end;
        if (newline) {
            result = end_line(pass, true, offset + (at - chunk));
        }
    }
    return result;
}

/* Some editors begin a file with a byte order mark. */
static size_t mark_bytes(const char *chunk, ssize_t size, int64_t offset)
{
    return offset == 0 && size >= 3 && memcmp(chunk, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

int ra_recording_index_scan(struct ra_recording_index *index, int fd, int64_t size,
                            const char *name, struct ra_progress *progress)
{
    struct pass pass = {.index = index, .start = index->scanned};
    int64_t offset = index->scanned;
    char *chunk = malloc(CHUNK_BYTES);
    int result = chunk ? 0 : -ENOMEM;

    index->tail = (struct ra_recording_faults){0};
    ra_skim_begin(&pass.skim);
    while (result == 0 && offset < size) {
        ssize_t got = pread(fd, chunk, CHUNK_BYTES, offset);
        size_t mark = mark_bytes(chunk, got, offset);

        if (got <= 0) {
            result = got < 0 ? -errno : 0;
            break;
        }
        pass.start += (int64_t)mark;
        result = feed_lines(&pass, chunk + mark, (size_t)got - mark, offset + (int64_t)mark);
        offset += got;
        if (progress) {
            ra_progress_show(progress, "reading %s: %d%%", name, (int)(100.0 * offset / size));
        }
    }
    if (result == 0 && pass.skim.bytes > 0) {
        result = end_line(&pass, false, offset);
    }
    free(chunk);
    return result;
}

int ra_recording_index_whole(struct ra_recording_index *index, int fd, int64_t size)
{
    struct pass pass = {.index = index};
    char *text = malloc((size_t)size + 1);
    ssize_t got = text ? pread(fd, text, (size_t)size, 0) : -1;
    size_t mark = mark_bytes(text, got, 0);

    pass.start = (int64_t)mark;
    ra_skim_begin(&pass.skim);
    if (got >= 0) {
        ra_skim_feed(&pass.skim, text + mark, (size_t)got - mark);
    }
    free(text);
    if (got < 0) {
        return text ? -errno : -ENOMEM;
    }
    return ra_skim_end(&pass.skim) == RA_SKIM_REPORT ? add_report(&pass, 1) : 0;
}
