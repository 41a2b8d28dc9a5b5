/*
 * Replay: a model of a recording. A recording is gone through as a whole (no process is
 * chosen in it), so that a position stands for the same moment whoever is watched.
 */
#include "top/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "top/recording.h"

/* Reports loaded for the lines over time where one jumps: each takes a millisecond. */
enum { HISTORY_LOADED = 60 };

struct ra_replay {
    struct ra_model *model;
    struct ra_recording *recording;
    int64_t only_pid;
    size_t *places; /* in the recording, of the reports that positions stand for */
    size_t count, position;
    bool is_placed; /* the model shows position */
    char time[40];
};

/* The reports that count: all, or those of one process. */
static bool find_places(struct ra_replay *replay, int64_t pid)
{
    size_t all = ra_recording_count(replay->recording);
    size_t *places = calloc(all ? all : 1, sizeof *places);

    if (!places) {
        return false;
    }
    free(replay->places);
    replay->places = places;
    replay->count = 0;
    for (size_t i = 0; i < all; i++) {
        if (pid == 0 || ra_recording_pid(replay->recording, i) == pid) {
            places[replay->count++] = i;
        }
    }
    return true;
}

struct ra_replay *ra_replay_open(struct ra_model *model, const char *path, int64_t only_pid,
                                 struct ra_failure *why)
{
    struct ra_replay *replay = calloc(1, sizeof *replay);
    struct ra_progress progress;

    why->status = RA_SYSTEM;
    snprintf(why->message, sizeof why->message, "not enough memory");
    if (!replay) {
        return NULL;
    }
    replay->model = model;
    replay->only_pid = only_pid;
    ra_progress_begin(&progress, 0.3);
    replay->recording = ra_recording_open(path, &progress, why);
    ra_progress_end(&progress);
    if (replay->recording && find_places(replay, only_pid) && replay->count == 0) {
        why->status = RA_ABSENT;
        snprintf(why->message, sizeof why->message, "%.900s has no report of process %lld", path,
                 (long long)only_pid);
    }
    if (replay->count == 0) {
        ra_replay_close(replay);
        return NULL;
    }
    return replay;
}

void ra_replay_close(struct ra_replay *replay)
{
    if (replay) {
        ra_recording_close(replay->recording);
        free(replay->places);
        free(replay);
    }
}

size_t ra_replay_count(const struct ra_replay *replay)
{
    return replay->count;
}

size_t ra_replay_position(const struct ra_replay *replay)
{
    return replay->position;
}

const char *ra_replay_time(const struct ra_replay *replay)
{
    return replay->time;
}

const char *ra_replay_damage(const struct ra_replay *replay)
{
    return ra_recording_damage(replay->recording);
}

/* Report i of the recording into the model. */
static void load(struct ra_replay *replay, size_t i)
{
    struct ra_failure why = {0};
    const struct ra_report *report = ra_recording_report(replay->recording, i, &why);
    struct ra_model *model = replay->model;
    struct ra_member *member =
        report ? ra_model_admit(model, ra_recording_pid(replay->recording, i)) : NULL;

    if (!member || !ra_model_take(model, member, report)) {
        snprintf(model->note, sizeof model->note, "%.*s", (int)sizeof model->note - 1,
                 report ? "not enough memory" : why.message);
        return;
    }
    snprintf(replay->time, sizeof replay->time, "%s", report->time);
}

static int compare_pids(const void *left, const void *right)
{
    int64_t a, b;

    memcpy(&a, left, sizeof a);
    memcpy(&b, right, sizeof b);
    return a < b ? -1 : a > b;
}

/* Do this with the last report of each process that the recording has up to place. */
static void each_last(struct ra_replay *replay, size_t place,
                      void (*use)(struct ra_replay *replay, size_t place))
{
    const int64_t *pids = NULL;
    size_t count = ra_recording_pids(replay->recording, &pids), found = 0;
    bool *is_found = calloc(count ? count : 1, sizeof *is_found);

    for (size_t back = place + 1; is_found && back-- > 0 && found < count;) {
        int64_t pid = ra_recording_pid(replay->recording, back);
        const int64_t *place = bsearch(&pid, pids, count, sizeof *pids, compare_pids);

        if (place && !is_found[place - pids]) {
            is_found[place - pids] = true;
            found++;
            use(replay, back);
        }
    }
    free(is_found);
}

/* Build the model anew, with some earlier reports for the lines over time. */
static void jump(struct ra_replay *replay, size_t position)
{
    size_t recent = position + 1 > HISTORY_LOADED ? position + 1 - HISTORY_LOADED : 0;

    ra_model_empty(replay->model);
    if (replay->only_pid == 0 && replay->model->watched == 0 && recent > 0) {
        each_last(replay, recent - 1, load);
    }
    for (size_t i = recent; i <= position; i++) {
        load(replay, replay->places[i]);
    }
}

void ra_replay_go(struct ra_replay *replay, size_t position)
{
    size_t last = replay->count - 1;

    position = position > last ? last : position;
    if (replay->is_placed && position == replay->position) {
        return;
    }
    replay->model->note[0] = '\0';
    if (replay->is_placed && position == replay->position + 1) {
        load(replay, replay->places[position]);
    } else {
        jump(replay, position);
    }
    replay->position = position;
    replay->is_placed = true;
}

void ra_replay_watch(struct ra_replay *replay, int64_t pid)
{
    size_t place = replay->places[replay->position];
    size_t position = 0;

    ra_model_watch(replay->model, pid);
    if (!find_places(replay, pid ? pid : replay->only_pid)) {
        return;
    }
    while (position + 1 < replay->count && replay->places[position + 1] <= place) {
        position++;
    }
    replay->is_placed = false;
    ra_replay_go(replay, position);
}

static void add_baseline(struct ra_replay *replay, size_t place)
{
    struct ra_failure why = {0};
    const struct ra_report *report = ra_recording_report(replay->recording, place, &why);

    if (report) {
        ra_model_add_baseline(replay->model, report);
    }
}

void ra_replay_set_baseline(struct ra_replay *replay)
{
    ra_model_forget_baselines(replay->model);
    each_last(replay, replay->places[replay->position], add_baseline);
}

size_t ra_replay_find_time(const struct ra_replay *replay, int64_t time)
{
    size_t i = 0;

    while (i + 1 < replay->count &&
           ra_recording_time(replay->recording, replay->places[i]) < time) {
        i++;
    }
    return i;
}
