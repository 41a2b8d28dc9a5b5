/*
 * Live: a model of running processes.
 *
 * Cost, measured with 100 idle processes: reading one takes 80 microseconds, finding all
 * of them anew 10 milliseconds. So they are looked for when something was made or removed
 * in the directory of regions, but not more often than every two seconds, and else every
 * ten, for those of containers.
 */
#include "top/live.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "reader/locate.h"
#include "reader/session.h"
#include "top/clock.h"
#include "top/clone.h"

enum {
    WAIT_MS = 500,   /* one that doesn't answer must not make the screen deaf */
    MUTE_WAIT_MS = 1 /* nor each time */
};
enum { ENDED_MAX = 100 };
static const double walk_soonest = 2, walk_latest = 10, unhurried_seconds = 3.5;

struct ra_feed {
    struct ra_reader *reader; /* NULL: has ended */
    struct ra_snapshot *last;
    struct ra_report *left; /* a clone: of one that has ended, in place of last, which is large */
    int end;                /* a pidfd, readable when the process has ended; -1: none */
    bool is_idle;           /* allocated nothing between the last two reports */
    bool is_mute;           /* did not answer */
    bool is_due;            /* its turn, and it was asked */
    double read;            /* when it last was */
};

struct ra_live {
    struct ra_model *model;
    const struct ra_pick *pick;
    double walked; /* when processes were last looked for */
    bool has_walked;
    struct timespec changed; /* the directory, then */
};

static void close_feed(struct ra_feed *feed)
{
    ruby_alloc_reader_close(feed->reader);
    feed->reader = NULL;
    if (feed->end >= 0) {
        close(feed->end);
    }
    feed->end = -1;
}

static void free_feed(struct ra_member *member)
{
    if (member->feed) {
        close_feed(member->feed);
        ruby_alloc_snapshot_free(member->feed->last);
        ra_clone_free(member->feed->left);
        free(member->feed);
    }
    member->feed = NULL;
}

/* A feed for member, with its reader; false and why if it can't be opened. */
static bool open_feed(struct ra_member *member, struct ra_failure *why)
{
    struct ra_feed *feed = calloc(1, sizeof *feed);
    struct ra_reader *reader = NULL;

    if (!feed) {
        why->status = RA_SYSTEM;
        snprintf(why->message, sizeof why->message, "not enough memory");
        return false;
    }
    if (ruby_alloc_reader_open(&reader, (pid_t)member->pid, why) != RA_OK) {
        free(feed);
        return false;
    }
    ruby_alloc_reader_ask(reader); /* and from now on as one of many */
    free_feed(member);
    feed->reader = reader;
    feed->end = (int)syscall(SYS_pidfd_open, (pid_t)member->pid, 0);
    member->feed = feed;
    member->has_ended = false;
    return true;
}

/* A snapshot has room for all that a process could have; there may be many that have ended. */
static void leave_report(struct ra_feed *feed)
{
    struct ra_report *report =
        feed->last && !feed->left ? ruby_alloc_report_new(feed->last, NULL) : NULL;

    feed->left = report ? ra_clone_report(report, true) : feed->left;
    ruby_alloc_report_free(report);
    if (feed->left) {
        ruby_alloc_snapshot_free(feed->last);
        feed->last = NULL;
    }
}

static void mark_ended(const struct ra_live *live, struct ra_member *member)
{
    struct ra_feed *feed = member->feed;

    ra_model_mark_ended(live->model, member);
    close_feed(feed);
    leave_report(feed);
}

/* Has the model use what was read last of a process. False if there is nothing, or no memory. */
static bool use_last(struct ra_model *model, const struct ra_feed *feed,
                     bool (*use)(struct ra_model *, const struct ra_report *))
{
    struct ra_report *report;
    bool good;

    if (!feed || (!feed->left && !feed->last)) {
        return false;
    }
    report = feed->left ? feed->left : ruby_alloc_report_new(feed->last, NULL);
    good = report && use(model, report);
    if (report != feed->left) {
        ruby_alloc_report_free(report);
    }
    return good;
}

/* The next report of a member. before: the one for rates, which it replaces. */
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

static bool has_ended(const struct ra_feed *feed)
{
    struct pollfd end = {.fd = feed->end, .events = POLLIN};

    return feed->end >= 0 ? poll(&end, 1, 0) > 0 : ruby_alloc_reader_has_ended(feed->reader);
}

/* One that has ended is due at once. */
static bool is_due(const struct ra_live *live, const struct ra_member *member)
{
    const struct ra_feed *feed = member->feed;

    return (member->is_shown && !feed->is_idle) || member->pid == live->model->watched ||
           ra_clock_seconds() - feed->read >= unhurried_seconds || has_ended(feed);
}

/* Ask all or those whose turn it is, in as far as they can answer. */
static void ask_all(const struct ra_live *live, bool has_all)
{
    for (size_t i = 0; i < live->model->count; i++) {
        struct ra_member *member = live->model->members[i];
        struct ra_feed *feed = member->feed;

        if (!feed || !feed->reader) {
            continue;
        }
        member->age = ra_clock_seconds() - feed->read;
        feed->is_due = has_all || is_due(live, member);
        if (feed->is_due && !has_ended(feed)) {
            ruby_alloc_reader_ask(feed->reader);
        }
    }
}

/* Milliseconds until then, as the time that all share. */
static int wait_until(double end)
{
    int left = (int)((end - ra_clock_seconds()) * 1e3);

    return left < MUTE_WAIT_MS ? MUTE_WAIT_MS : left;
}

static void read_all(const struct ra_live *live)
{
    double end = ra_clock_seconds() + WAIT_MS / 1e3;

    for (size_t i = 0; i < live->model->count; i++) {
        struct ra_member *member = live->model->members[i];
        struct ra_feed *feed = member->feed;

        if (feed && feed->reader && feed->is_due) {
            feed->is_due = false;
            read_member(live, member, feed->is_mute ? MUTE_WAIT_MS : wait_until(end));
        }
    }
}

/* Of those that have ended, the oldest make way. */
static void forget_ended(const struct ra_live *live)
{
    size_t ended = 0;

    for (size_t i = live->model->count; i-- > 0;) {
        struct ra_member *member = live->model->members[i];

        if (member->has_ended && ++ended > ENDED_MAX && member->pid != live->model->watched) {
            free_feed(member);
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

/* A pid of the list: new to us, or given to another process since its own has ended. */
static void meet(const struct ra_live *live, pid_t pid, double end)
{
    struct ra_member *member = ra_model_find(live->model, pid);
    struct ra_failure why = {0};
    size_t last;

    if (!ra_pick_has_pid(live->pick, pid) || (member && (!member->has_ended || !is_alive(pid)))) {
        return;
    }
    member = ra_model_admit(live->model, pid);
    if (!member) {
        return;
    }
    if (open_feed(member, &why)) {
        read_member(live, member, wait_until(end));
    }
    last = live->model->count - 1;
    if (!member->report || !ra_pick_admits(live->pick, member->report)) {
        if (live->model->members[last] == member) {
            free_feed(member);
            ra_model_remove(live->model, last);
        }
    }
}

static void walk(struct ra_live *live)
{
    double end = ra_clock_seconds() + WAIT_MS / 1e3;
    struct ra_failure why = {0};
    pid_t *pids = NULL;
    size_t count = 0;

    if (ruby_alloc_reader_list(&pids, &count, &live->model->denied, &why) != RA_OK) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        meet(live, pids[i], end);
    }
    free(pids);
    forget_ended(live);
}

static bool is_time_to_walk(struct ra_live *live, bool is_asked)
{
    const char *dirs[RA_OWN_DIRS];
    double passed = ra_clock_seconds() - live->walked;
    struct stat dir = {0};
    bool has_changed;

    if (live->has_walked && passed < walk_soonest && !is_asked) {
        return false;
    }
    if (ra_locate_own_dirs(dirs) > 0) {
        stat(dirs[0], &dir);
    }
    has_changed = memcmp(&dir.st_mtim, &live->changed, sizeof dir.st_mtim) != 0;
    if (live->has_walked && !has_changed && passed < walk_latest && !is_asked) {
        return false;
    }
    live->changed = dir.st_mtim;
    live->walked = ra_clock_seconds();
    live->has_walked = true;
    return true;
}

void ra_live_refresh(struct ra_live *live, bool has_all)
{
    ask_all(live, has_all);
    read_all(live);
    if (is_time_to_walk(live, has_all)) {
        walk(live);
    }
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
        free_feed(live->model->members[i]);
    }
    free(live);
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
        status = take(live, member, WAIT_MS, why);
    }
    if (member->has_ended || status == RA_ABSENT) {
        mark_ended(live, member);
    }
    if (!live->model->report) {
        return use_last(live->model, member->feed, ra_model_show) ? RA_OK : status;
    }
    return status;
}

void ra_live_set_baseline(struct ra_live *live)
{
    struct ra_model *model = live->model;

    ra_model_forget_baselines(model);
    for (size_t i = 0; i < model->count; i++) {
        use_last(model, model->members[i]->feed, ra_model_add_baseline);
    }
}
