/*
 * The index of a recording: where in a file its reports lie. Made by one pass through the
 * file, line by line, and continued where that ended when the file has grown.
 */
#ifndef RA_TOP_RECORDING_INDEX_H
#define RA_TOP_RECORDING_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "top/progress.h"

struct ra_recorded {
    int64_t offset;
    int64_t time_ms; /* since 1970; RA_UNKNOWN if the report has none */
    int64_t pid;     /* RA_UNKNOWN likewise */
    uint32_t bytes;  /* 0: found damaged when it was loaded */
    uint32_t line;   /* from 1 */
};

/* What was left out; the first fault is kept. */
struct ra_recording_faults {
    uint64_t count, line;
    char why[160];
};

struct ra_recording_index {
    struct ra_recorded *reports;
    size_t count, room;
    struct ra_recording_faults faults; /* of lines that have ended */
    struct ra_recording_faults tail;   /* of the last line, which may still grow */
    int64_t scanned;                   /* offset up to which all is known */
    uint64_t lines;                    /* that ended before it */
};

/*
 * Go on to the end of fd, whose present size is size. Returns 0 or -errno; what was found
 * until then stays. name and progress (NULL: none) are for what is shown meanwhile.
 */
int ra_recording_index_scan(struct ra_recording_index *index, int fd, int64_t size,
                            const char *name, struct ra_progress *progress);

/* Take the file for one report over several lines; the same. */
int ra_recording_index_whole(struct ra_recording_index *index, int fd, int64_t size);

/* Count a fault; text is made printable. */
void ra_recording_faults_add(struct ra_recording_faults *faults, uint64_t line, const char *text);

#endif
