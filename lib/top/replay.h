/*
 * Replay: fills a model from a recording, as it was at one of its reports: each process
 * with the last report that it had until then.
 */
#ifndef RA_TOP_REPLAY_H
#define RA_TOP_REPLAY_H

#include <ruby_alloc/reader.h>

#include "top/model.h"

struct ra_replay;

/*
 * Open the recording; only_pid: 0, or the one process to keep to. Nothing is in the model
 * yet. Returns NULL and why.
 */
struct ra_replay *ra_replay_open(struct ra_model *model, const char *path, int64_t only_pid,
                                 struct ra_failure *why);
void ra_replay_close(struct ra_replay *replay);

/* The number of reports, those of the watched process alone where there is one. */
size_t ra_replay_count(const struct ra_replay *replay);

/* Which of them is shown, from 0. */
size_t ra_replay_position(const struct ra_replay *replay);

/* When it was made, as text; "" if it doesn't say. */
const char *ra_replay_time(const struct ra_replay *replay);

/* Show this one; beyond the end: the last. What can't be read is said in the model's note. */
void ra_replay_go(struct ra_replay *replay, size_t position);

/* Watch a process, or none (0), at the time that is shown. */
void ra_replay_watch(struct ra_replay *replay, int64_t pid);

/* Growth is counted from the last report of each process at the time that is shown. */
void ra_replay_set_baseline(struct ra_replay *replay);

/* The first position at or after a time in milliseconds since 1970, UTC. */
size_t ra_replay_find_time(const struct ra_replay *replay, int64_t time);

/* What is damaged in the file; NULL: nothing. */
const char *ra_replay_damage(const struct ra_replay *replay);

#endif
