/*
 * A recording: the reports in a file that --record, --batch --json or --json wrote, a
 * line each. Only where they lie is kept in memory (32 bytes a report), so that a file of
 * gigabytes can be opened; a report is loaded when it is asked for.
 *
 * Example:
 *     struct ra_recording *recording = ra_recording_open("a.jsonl", NULL, &why);
 *     for (size_t i = 0; recording && i < ra_recording_count(recording); i++) {
 *         const struct ra_report *report = ra_recording_report(recording, i, &why);
 *         if (report)
 *             printf("%s %" PRId64 "\n", report->time, report->memory.live);
 *     }
 *     ra_recording_close(recording);
 *
 * The file is hostile input, may be cut off or damaged anywhere, and may grow meanwhile.
 * What is no whole report is left out, counted, and told by ra_recording_damage. A file
 * that holds one report over several lines is read too. Texts in reports come from
 * the file: show them by way of a page, which cleans them.
 *
 * Several processes may be in one recording: ra_recording_choose keeps to one of them.
 * Numbers i below count the reports of the chosen process, from 0, as they lie in the
 * file. What was rotated away (FILE.1, ...) is a recording of its own.
 *
 * Threads: one object must not be used by two at once.
 */
#ifndef RA_TOP_RECORDING_H
#define RA_TOP_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ruby_alloc/reader.h>
#include <ruby_alloc/report.h>

#include "top/progress.h"

struct ra_recording;

/*
 * Open the file at path and find its reports; path is copied. "-" is standard input, and what
 * comes out of a pipe is read to its end first (spool.h). Of a large file this
 * takes seconds (a gigabyte of reports: three of processor time), during which progress
 * (NULL: none) is shown.
 *
 * Returns the recording, with at least one report, to be closed with ra_recording_close;
 * or NULL and why: RA_ABSENT, RA_DENIED, RA_DAMAGED (no whole report in it) or RA_SYSTEM.
 */
struct ra_recording *ra_recording_open(const char *path, struct ra_progress *progress,
                                       struct ra_failure *why);

/* Close it; its last report is freed. NULL is allowed. */
void ra_recording_close(struct ra_recording *recording);

/*
 * Find what was added to the file since. Reports keep their numbers. Returns how many
 * reports of any process are new; 0 also where the file can't be read now.
 */
size_t ra_recording_refresh(struct ra_recording *recording);

/* Keep to the reports of one process; 0: of all, as after opening. Returns how many those are. */
size_t ra_recording_choose(struct ra_recording *recording, int64_t pid);

/*
 * Choose the process that was asked for; 0: the only one there is, by choosing all. hint
 * follows where several are and none was asked for: what to do about it.
 *
 * Returns RA_OK, or RA_ABSENT and why.
 */
enum ra_status ra_recording_settle(struct ra_recording *recording, int64_t pid, const char *hint,
                                   struct ra_failure *why);

/* The number of reports of the chosen process. */
size_t ra_recording_count(const struct ra_recording *recording);

/*
 * Report i, or NULL and why: it turns out to be damaged (from then on counted as such, but
 * numbers stay), the file was cut off meanwhile, or there is no memory. Valid until the
 * next call of this function or of ra_recording_close.
 */
const struct ra_report *ra_recording_report(struct ra_recording *recording, size_t i,
                                            struct ra_failure *why);

/* When report i was made, in milliseconds since 1970, UTC; RA_UNKNOWN if it doesn't say. */
int64_t ra_recording_time(const struct ra_recording *recording, size_t i);

/* Whose report i is; RA_UNKNOWN if it doesn't say. */
int64_t ra_recording_pid(const struct ra_recording *recording, size_t i);

/*
 * The processes in the file, ascending, whichever is chosen. Returns their number, and the
 * pids in *pids until the next call of this function or of ra_recording_close; 0 and NULL
 * without memory.
 */
size_t ra_recording_pids(struct ra_recording *recording, const int64_t **pids);

/*
 * What was left out, as one line: "line 17 is damaged: it is cut off; 1 of 200 lines left
 * out"; NULL where the file is whole. Valid until the next call with this recording.
 */
const char *ra_recording_damage(struct ra_recording *recording);

/* Say so on standard error, if anything was left out. */
void ra_recording_tell_damage(struct ra_recording *recording);

#endif
