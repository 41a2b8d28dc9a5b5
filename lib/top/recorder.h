/*
 * The file that --record appends to: a report a line, and never half of one. A line is
 * written by one call while the file is locked, so that several recorders can share a file;
 * if it can't be written whole the file is cut back to what it was. Only SIGKILL in the
 * middle of that call can leave half a line; the next recorder cuts it off.
 *
 * Errors: a status and one line in why, which names the file. Threads: one object must not
 * be used by two at once.
 */
#ifndef RA_TOP_RECORDER_H
#define RA_TOP_RECORDER_H

#include <stdint.h>

#include <ruby_alloc/reader.h>
#include <ruby_alloc/report.h>

enum { RA_RECORDER_KEPT = 3 }; /* FILE.1 is the newest of those rotated away, FILE.3 the oldest */

struct ra_recorder {
    int fd;
    const char *path;
    int64_t max_bytes; /* of the file before it is rotated; 0: any */
    int64_t bytes;     /* of the lines written so far */
    uint64_t reports;  /* written so far */
};

/*
 * Open the file at path, which must outlive the recorder, or make it, for its user alone.
 * A file with anything else in it than reports is refused. Half a line, which a killed
 * recorder may have left at the end, is cut off, and note (an empty text otherwise) says so.
 *
 * Returns RA_OK; RA_DENIED or RA_SYSTEM and why. To be closed in any case.
 */
enum ra_status ra_recorder_open(struct ra_recorder *recorder, const char *path, int64_t max_bytes,
                                struct ra_failure *note, struct ra_failure *why);

/*
 * Append a report. Rotates first where the file would grow beyond max_bytes: FILE becomes
 * FILE.1, that FILE.2 and so on, and the oldest is removed. A file that someone has renamed
 * or removed is left, and a new one made.
 *
 * Returns RA_OK, RA_DENIED or RA_SYSTEM; then the report isn't in the file, not even in part.
 */
enum ra_status ra_recorder_append(struct ra_recorder *recorder, const struct ra_report *report,
                                  struct ra_failure *why);

void ra_recorder_close(struct ra_recorder *recorder);

#endif
