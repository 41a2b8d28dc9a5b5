/*
 * The model: processes and their reports.
 */
#include "top/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "reader/derive.h"
#include "reader/grow.h"
#include "top/clone.h"
#include "top/fields.h"

/* Seconds. Rates over less are noise; starts further apart are those of two processes. */
static const double soonest = 0.05, same_start = 2;

struct ra_member *ra_model_find(const struct ra_model *model, int64_t pid)
{
    return ra_pids_find(&model->by_pid, pid);
}

static bool make_room(struct ra_model *model)
{
    struct ra_member **members =
        ra_grown(model->members, &model->room, model->count, sizeof *members, 16);

    if (!members) {
        return false;
    }
    model->members = members;
    return true;
}

struct ra_member *ra_model_admit(struct ra_model *model, int64_t pid)
{
    struct ra_member *member = ra_model_find(model, pid);

    if (member || !make_room(model)) {
        return member;
    }
    member = calloc(1, sizeof *member);
    if (member && !ra_pids_put(&model->by_pid, pid, member)) {
        free(member);
        member = NULL;
    }
    if (member) {
        member->pid = pid;
        member->rate = NAN;
        member->counted_allocations = RA_UNKNOWN;
        model->members[model->count++] = member;
    }
    return member;
}

double ra_model_seconds(const struct ra_report *earlier, const struct ra_report *report)
{
    double seconds = report->process.uptime - earlier->process.uptime;

    return seconds >= soonest ? seconds : NAN;
}

static bool is_too_soon(double uptime, const struct ra_report *report)
{
    double seconds = report->process.uptime - uptime;

    return seconds >= 0 && seconds < soonest;
}

static time_t start_of(const struct ra_report *report)
{
    struct tm start = {0};

    return strptime(report->process.started, "%Y-%m-%dT%H:%M:%S", &start) ? timegm(&start) : 0;
}

/* Where a start is unknown, the pid has to do. */
static bool is_same(const struct ra_report *a, const struct ra_report *b)
{
    if (a->process.pid != b->process.pid) {
        return false;
    }
    return !a->process.started || !b->process.started ||
           fabs(difftime(start_of(a), start_of(b))) <= same_start;
}

static bool is_exited(const struct ra_report *report)
{
    return report->process.state && strcmp(report->process.state, "exited") == 0;
}

/* What the kernel says of a process is gone with it: that of the last look stays. */
static void carry_over(const struct ra_report *earlier, struct ra_report *report)
{
    struct ra_report_memory *memory = &report->memory;

    if (!earlier || !is_exited(report) || !is_same(earlier, report) || memory->rss != RA_UNKNOWN) {
        return;
    }
    memory->rss = earlier->memory.rss;
    memory->rss_anon = earlier->memory.rss_anon;
    memory->pss = earlier->memory.pss;
    memory->lazy_free = earlier->memory.lazy_free;
    memory->swap = earlier->memory.swap;
    ra_derive_resident(report);
}

static struct ra_report *clone_of(const struct ra_report *earlier, const struct ra_report *report,
                                  bool with_tables)
{
    struct ra_report *clone = ra_clone_report(report, with_tables);

    if (clone) {
        carry_over(earlier, clone);
    }
    return clone;
}

static void drop(struct ra_report **report)
{
    ra_clone_free(*report);
    *report = NULL;
}

static const struct ra_report *find_baseline(const struct ra_model *model,
                                             const struct ra_report *report)
{
    for (size_t i = 0; i < model->baseline_count; i++) {
        if (is_same(model->baselines[i], report)) {
            return model->baselines[i];
        }
    }
    return NULL;
}

/* earlier: the last report of the same member. */
static bool show(struct ra_model *model, const struct ra_report *earlier,
                 const struct ra_report *report)
{
    struct ra_report *clone = clone_of(earlier, report, true);

    if (!clone) {
        return false;
    }
    if (model->report && !is_same(model->report, report)) {
        drop(&model->before);
        drop(&model->report);
    }
    if (model->report && !is_too_soon(model->report->process.uptime, report)) {
        drop(&model->before);
        model->before = model->report;
        model->report = NULL;
    }
    drop(&model->report);
    model->report = clone;
    model->baseline = find_baseline(model, clone);
    return true;
}

/* The rate between the report that was counted last and this one, into the history. */
static void count(struct ra_member *member, const struct ra_report *report)
{
    int64_t before = member->counted_allocations, now = report->totals.allocations;
    double seconds = report->process.uptime - member->counted_uptime;

    member->rate = NAN;
    if (member->has_ended) {
        member->rate = 0;
    } else if (before != RA_UNKNOWN && now != RA_UNKNOWN && now >= before && seconds > 0) {
        member->rate = (double)((uint64_t)now - (uint64_t)before) / seconds;
    }
    member->counted_allocations = now;
    member->counted_uptime = report->process.uptime;
    ra_history_add(&member->history, report, member->rate);
}

static void begin_anew(struct ra_member *member)
{
    memset(&member->history, 0, sizeof member->history);
    member->counted_allocations = RA_UNKNOWN;
    member->looked[0] = '\0';
}

/* When the kernel could last say something of a member that has ended by its next report. */
static void note_look(struct ra_member *member)
{
    if (member->report && !is_exited(member->report)) {
        snprintf(member->looked, sizeof member->looked, "%s", member->report->time);
    }
}

bool ra_model_take(struct ra_model *model, struct ra_member *member, const struct ra_report *report)
{
    bool is_first = !member->report || !is_same(member->report, report);
    struct ra_report *clone = clone_of(member->report, report, false);

    if (!clone || (member->pid == model->watched && !show(model, member->report, report))) {
        ra_clone_free(clone);
        return false;
    }
    if (is_first) {
        model->taken_over = member->report ? member->pid : model->taken_over;
        begin_anew(member);
    } else if (is_exited(clone)) {
        note_look(member);
    }
    member->has_ended = is_exited(clone);
    member->threads = ra_field_live_threads(report);
    member->baseline = find_baseline(model, clone);
    if (is_first || member->has_ended || !is_too_soon(member->counted_uptime, report)) {
        count(member, clone);
    }
    drop(&member->report);
    member->report = clone;
    return true;
}

static void set_exited(struct ra_report *report)
{
    char *state = report ? strdup("exited") : NULL;

    if (state) {
        free((char *)report->process.state);
        report->process.state = state;
    }
}

void ra_model_mark_ended(struct ra_model *model, struct ra_member *member)
{
    if (member->report && !member->has_ended) {
        member->has_ended = true;
        note_look(member);
        count(member, member->report);
    }
    member->has_ended = true;
    member->rate = 0;
    set_exited(member->report);
    if (model->watched == member->pid) {
        set_exited(model->report);
        model->note[0] = '\0';
    }
}

/* Of a member that has ended and left no region, the last report was made while it ran. */
bool ra_model_show(struct ra_model *model, const struct ra_report *report)
{
    const struct ra_member *member = ra_model_find(model, report->process.pid);

    if (!show(model, member ? member->report : NULL, report)) {
        return false;
    }
    if (member && member->has_ended && member->report && is_same(member->report, report)) {
        set_exited(model->report);
    }
    return true;
}

static void drop_watched(struct ra_model *model)
{
    drop(&model->report);
    drop(&model->before);
    model->baseline = NULL;
    model->note[0] = '\0';
}

void ra_model_watch(struct ra_model *model, int64_t pid)
{
    if (model->watched != pid) {
        drop_watched(model);
        model->watched = pid;
    }
}

void ra_model_forget_baselines(struct ra_model *model)
{
    for (size_t i = 0; i < model->count; i++) {
        model->members[i]->baseline = NULL;
    }
    model->baseline = NULL;
    while (model->baseline_count > 0) {
        ra_clone_free(model->baselines[--model->baseline_count]);
    }
}

bool ra_model_add_baseline(struct ra_model *model, const struct ra_report *report)
{
    struct ra_member *member = ra_model_find(model, report->process.pid);
    struct ra_report **baselines = ra_grown(model->baselines, &model->baseline_room,
                                            model->baseline_count, sizeof *baselines, 16);
    struct ra_report *clone;

    if (!baselines) {
        return false;
    }
    model->baselines = baselines;
    clone = clone_of(member ? member->report : NULL, report, true);
    if (!clone) {
        return false;
    }
    model->baselines[model->baseline_count++] = clone;
    if (member && member->has_ended) {
        set_exited(clone); /* the feed's last report was made before */
    }
    if (member && member->report && is_same(member->report, clone)) {
        member->baseline = clone;
    }
    if (model->report && is_same(model->report, clone)) {
        model->baseline = clone;
    }
    return true;
}

void ra_model_remove(struct ra_model *model, size_t index)
{
    ra_pids_drop(&model->by_pid, model->members[index]->pid);
    ra_clone_free(model->members[index]->report);
    free(model->members[index]);
    model->count--;
    memmove(&model->members[index], &model->members[index + 1],
            (model->count - index) * sizeof *model->members);
}

void ra_model_empty(struct ra_model *model)
{
    drop_watched(model);
    while (model->count > 0) {
        ra_model_remove(model, model->count - 1);
    }
}

void ra_model_clear(struct ra_model *model)
{
    ra_model_empty(model);
    ra_model_forget_baselines(model);
    free(model->baselines);
    free(model->members);
    ra_pids_free(&model->by_pid);
    *model = (struct ra_model){0};
}
