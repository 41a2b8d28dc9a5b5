/*
 * Live: a model of running processes.
 *
 * Cost, measured with 100 idle processes: reading one takes 80 microseconds, finding all
 * of them anew 10 milliseconds. So they are looked for when something was made or removed
 * in the directory of regions, but not more often than every two seconds, and else every
 * ten, for those of containers.
 *
 * A look is taken in steps, none of which waits: those that were asked are read as they have
 * answered, and those that have not when the time that all share is over.
 */
#include "top/live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "reader/failure.h"
#include "reader/list.h"
#include "reader/session.h"
#include "top/clock.h"
#include "top/feed.h"
#include "top/lookout.h"

enum {
    OPEN_WAIT_MS = 100, /* for one that was chosen; later looks tell more of it */
    ENDED_MAX = 100
};
static const double step_seconds = 0.03, pause_seconds = 0.001;
static const double walk_soonest = 2, walk_latest = 10, unhurried_seconds = 3.5;

struct ra_live {
    struct ra_model *model;
    const struct ra_pick *pick;
    bool is_reading;            /* some may be due */
    double walked;              /* when processes were last looked for */
    bool has_walked;            /* and found */
    bool is_ever;               /* or at least begun to be */
    struct timespec changed;    /* the directory, then */
    struct ra_lookout *lookout; /* under way; NULL: none */
    struct ra_list list;        /* what the last one found, and how far that was gone through */
    size_t listed;
    size_t ended; /* members, when the list came */
};

static void mark_ended(const struct ra_live *live, struct ra_member *member)
{
    struct ra_feed *feed = member->feed;

    ra_model_mark_ended(live->model, member);
    ra_feed_close(feed);
    ra_feed_leave(feed);
}

/* The next report of a member. */
static enum ra_status take(const struct ra_live *live, struct ra_member *member, int wait_ms,
                           struct ra_failure *why)
{
    struct ra_feed *feed = member->feed;
    struct ra_snapshot *snapshot = NULL;
    enum ra_status status = ruby_alloc_reader_snapshot(feed->reader, wait_ms, &snapshot, why);
    struct ra_report *report = snapshot ? ruby_alloc_report_new(snapshot, feed->last) : NULL;

    feed->is_mute = status == RA_TIMEOUT;
    feed->read = ra_clock_seconds();
    member->age = 0;
    member->is_stopped = ra_session_is_stopped(feed->reader);
    if (!report) {
        ruby_alloc_snapshot_free(snapshot);
        return status == RA_OK || status == RA_TIMEOUT ? RA_SYSTEM : status;
    }
    if (ra_model_take(live->model, member, report)) {
        feed->is_idle = member->rate == 0;
    }
    ruby_alloc_report_free(report);
    ruby_alloc_snapshot_free(feed->last);
    feed->last = snapshot;
    return status;
}

/* What keeps the watched one's figures from being fresh is said. */
static void read_member(const struct ra_live *live, struct ra_member *member, int wait_ms)
{
    struct ra_model *model = live->model;
    struct ra_failure why = {0};
    enum ra_status status = take(live, member, wait_ms, &why);

    if (member->pid == model->watched) {
        snprintf(model->note, sizeof model->note, "%.*s", (int)sizeof model->note - 1,
                 status == RA_OK ? "" : why.message);
    }
    if (member->has_ended || status == RA_ABSENT) {
        mark_ended(live, member);
    }
}

/* One that has ended is due at once. */
static bool is_due(const struct ra_live *live, const struct ra_member *member)
{
    const struct ra_feed *feed = member->feed;

    return (member->is_shown && !feed->is_idle) || member->pid == live->model->watched ||
           ra_clock_seconds() - feed->read >= unhurried_seconds || ra_feed_has_ended(feed);
}

/* Ask all or those whose turn it is, in as far as they can answer. */
static void ask_all(struct ra_live *live, bool has_all)
{
    for (size_t i = 0; i < live->model->count; i++) {
        struct ra_member *member = live->model->members[i];
        struct ra_feed *feed = member->feed;

        if (!feed || !feed->reader) {
            continue;
        }
        member->age = ra_clock_seconds() - feed->read;
        if (!feed->is_due && (has_all || is_due(live, member))) {
            ra_feed_ask(feed);
        }
    }
    live->is_reading = true;
}

/* Read those that have answered, or need not. Returns whether others are left. */
static bool read_answered(const struct ra_live *live, double until)
{
    bool is_left = false;

    for (size_t i = live->model->count; i-- > 0;) {
        struct ra_member *member = live->model->members[i];
        struct ra_feed *feed = member->feed;
        bool is_new = !member->report;

        if (!feed || !feed->reader || !feed->is_due) {
            continue;
        }
        if (ra_clock_seconds() >= until || ra_feed_is_awaited(feed)) {
            is_left = true;
            continue;
        }
        feed->is_due = false;
        read_member(live, member, 0);
        if (is_new && !(member->report && ra_pick_admits(live->pick, member->report))) {
            ra_feed_free(member);
            ra_model_remove(live->model, i);
        }
    }
    return is_left;
}

/* Of those that have ended, the oldest make way. */
static void forget_ended(const struct ra_live *live)
{
    size_t ended = 0;

    for (size_t i = live->model->count; i-- > 0;) {
        struct ra_member *member = live->model->members[i];

        if (member->has_ended && ++ended > ENDED_MAX && member->pid != live->model->watched) {
            ra_feed_free(member);
            ra_model_remove(live->model, i);
        }
    }
}

static bool is_alive(pid_t pid)
{
    char path[32];

    snprintf(path, sizeof path, "/proc/%d", (int)pid);
    return access(path, F_OK) == 0;
}

/*
 * A pid of the list: new to us, or given to another process since its own has ended. Of more
 * dead ones than are kept no more is looked at.
 */
static void meet(struct ra_live *live, size_t index)
{
    const struct ra_listed *listed = &live->list.regions[index];
    struct ra_member *member = ra_model_find(live->model, listed->pid);
    struct ra_failure why = {0};
    struct ra_reader *reader;

    if (!ra_pick_has_pid(live->pick, listed->pid) || (member && !member->has_ended)) {
        return;
    }
    if (!is_alive(listed->pid) && (member || live->ended++ >= ENDED_MAX)) {
        return;
    }
    if (listed->is_unready) {
        live->changed = (struct timespec){0}; /* soon again */
        return;
    }
    if (ra_list_open(&reader, &live->list, index, 0, &why) != RA_OK) {
        return;
    }
    member = ra_model_admit(live->model, listed->pid);
    if (!member) {
        ruby_alloc_reader_close(reader);
        return;
    }
    if (ra_feed_make(member, reader)) {
        ra_feed_ask(member->feed);
    } else if (!member->report) {
        ra_model_remove(live->model, live->model->count - 1);
    }
}

static size_t count_ended(const struct ra_model *model)
{
    size_t ended = 0;

    for (size_t i = 0; i < model->count; i++) {
        ended += model->members[i]->has_ended;
    }
    return ended;
}

/* Take over what the lookout has found. */
static void take_list(struct ra_live *live)
{
    if (!live->lookout || !ra_lookout_is_over(live->lookout)) {
        return;
    }
    ra_list_release(&live->list);
    live->listed = 0;
    if (ra_lookout_take(live->lookout, &live->list)) {
        live->model->denied = live->list.denied;
        live->model->strangers = live->list.strangers;
    }
    ra_lookout_free(live->lookout);
    live->lookout = NULL;
    live->ended = count_ended(live->model);
    live->is_reading = true;
}

/* Go through it. Returns whether there is more. */
static bool meet_listed(struct ra_live *live, double until)
{
    if (live->list.count == 0) {
        return false;
    }
    while (live->listed < live->list.count && ra_clock_seconds() < until) {
        size_t index = live->listed;

        live->listed = ra_list_next(&live->list, index);
        meet(live, index);
    }
    if (live->listed < live->list.count) {
        return true;
    }
    ra_list_release(&live->list);
    live->listed = 0;
    return false;
}

static bool is_time_to_walk(struct ra_live *live, bool is_asked)
{
    const char *dirs[RA_OWN_DIRS];
    double passed = ra_clock_seconds() - live->walked;
    struct stat dir = {0};
    bool has_changed;

    if (live->is_ever && passed < walk_soonest && !is_asked) {
        return false;
    }
    if (ra_locate_own_dirs(dirs) > 0) {
        stat(dirs[0], &dir);
    }
    has_changed = memcmp(&dir.st_mtim, &live->changed, sizeof dir.st_mtim) != 0;
    if (live->is_ever && !has_changed && passed < walk_latest && !is_asked) {
        return false;
    }
    live->changed = dir.st_mtim;
    live->walked = ra_clock_seconds();
    live->is_ever = true;
    return true;
}

void ra_live_look(struct ra_live *live, bool has_all)
{
    ask_all(live, has_all);
    if (!live->lookout && live->list.count == 0 && is_time_to_walk(live, has_all)) {
        live->lookout = ra_lookout_start();
    }
}

/* One pass over what there is to do. Returns whether something is left that may be done soon. */
static bool pass(struct ra_live *live, double until)
{
    bool is_left;

    take_list(live);
    is_left = meet_listed(live, until);
    is_left |= read_answered(live, until);
    live->has_walked |= !live->lookout && !is_left && live->is_ever;
    return is_left;
}

void ra_live_step(struct ra_live *live)
{
    double until = ra_clock_seconds() + step_seconds;

    take_list(live);
    while (live->is_reading) {
        live->is_reading = pass(live, until);
        if (!live->is_reading || ra_clock_seconds() + pause_seconds >= until) {
            break;
        }
        nanosleep(&(struct timespec){.tv_nsec = (long)(pause_seconds * 1e9)}, NULL);
    }
    if (!live->is_reading) {
        forget_ended(live);
    }
}

bool ra_live_is_looking(const struct ra_live *live)
{
    return live->is_reading;
}

bool ra_live_has_looked(const struct ra_live *live)
{
    return live->has_walked;
}

int ra_live_fd(const struct ra_live *live)
{
    return live->lookout ? ra_lookout_fd(live->lookout) : -1;
}

struct ra_live *ra_live_new(struct ra_model *model, const struct ra_pick *pick)
{
    struct ra_live *live = calloc(1, sizeof *live);

    if (live) {
        live->model = model;
        live->pick = pick;
    }
    return live;
}

void ra_live_free(struct ra_live *live)
{
    for (size_t i = 0; live && i < live->model->count; i++) {
        ra_feed_free(live->model->members[i]);
    }
    if (live) {
        ra_lookout_free(live->lookout);
        ra_list_release(&live->list);
    }
    free(live);
}

static bool open_feed(struct ra_member *member, struct ra_failure *why)
{
    struct ra_reader *reader = NULL;

    if (ruby_alloc_reader_open(&reader, (pid_t)member->pid, why) != RA_OK) {
        return false;
    }
    ruby_alloc_reader_ask(reader); /* and from now on as one of many */
    return ra_feed_make(member, reader) ||
           ra_failure_set(why, RA_SYSTEM, "not enough memory") == RA_OK;
}

enum ra_status ra_live_watch(struct ra_live *live, pid_t pid, struct ra_failure *why)
{
    struct ra_member *member = ra_model_find(live->model, pid);
    enum ra_status status = RA_OK;
    bool is_new = !member;

    member = ra_model_admit(live->model, pid);
    if (!member) {
        why->status = RA_SYSTEM;
        snprintf(why->message, sizeof why->message, "not enough memory");
        return RA_SYSTEM;
    }
    if (is_new && !open_feed(member, why)) {
        ra_model_remove(live->model, live->model->count - 1);
        return why->status;
    }
    ra_model_watch(live->model, pid);
    if (member->feed->reader) {
        status = take(live, member, member->feed->is_mute ? 1 : OPEN_WAIT_MS, why);
    }
    if (member->has_ended || status == RA_ABSENT) {
        mark_ended(live, member);
    }
    if (!live->model->report) {
        return ra_feed_use_last(live->model, member->feed, ra_model_show) ? RA_OK : status;
    }
    return status;
}

void ra_live_set_baseline(struct ra_live *live)
{
    struct ra_model *model = live->model;

    ra_model_forget_baselines(model);
    for (size_t i = 0; i < model->count; i++) {
        ra_feed_use_last(model, model->members[i]->feed, ra_model_add_baseline);
    }
}
