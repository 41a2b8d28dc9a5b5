/*
 * The model: processes and their reports.
 */
#include "top/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reader/grow.h"
#include "top/clone.h"
#include "top/fields.h"

struct ra_member *ra_model_find(const struct ra_model *model, int64_t pid)
{
    for (size_t i = 0; i < model->count; i++) {
        if (model->members[i]->pid == pid) {
            return model->members[i];
        }
    }
    return NULL;
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
    if (member) {
        member->pid = pid;
        member->rate = NAN;
        model->members[model->count++] = member;
    }
    return member;
}

double ra_model_seconds(const struct ra_report *earlier, const struct ra_report *report)
{
    double seconds = report->process.uptime - earlier->process.uptime;

    return seconds > 0 ? seconds : NAN;
}

static double rate_of(const struct ra_report *earlier, const struct ra_report *report)
{
    int64_t before = earlier ? earlier->totals.allocations : RA_UNKNOWN;
    int64_t now = report->totals.allocations;

    if (before == RA_UNKNOWN || now == RA_UNKNOWN || now < before) {
        return NAN;
    }
    return (double)(now - before) / ra_model_seconds(earlier, report);
}

bool ra_model_show(struct ra_model *model, const struct ra_report *report)
{
    struct ra_report *clone = ra_clone_report(report, true);

    if (!clone) {
        return false;
    }
    ra_clone_free(model->before);
    model->before = model->report;
    model->report = clone;
    return true;
}

bool ra_model_take(struct ra_model *model, struct ra_member *member, const struct ra_report *report)
{
    struct ra_report *clone = ra_clone_report(report, false);

    if (!clone || (member->pid == model->watched && !ra_model_show(model, report))) {
        ra_clone_free(clone);
        return false;
    }
    member->rate = rate_of(member->report, report);
    member->threads = ra_field_live_threads(report);
    member->has_ended = report->process.state && strcmp(report->process.state, "exited") == 0;
    ra_history_add(&member->history, report, member->rate);
    ra_clone_free(member->report);
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
    member->has_ended = true;
    member->rate = 0;
    set_exited(member->report);
    if (model->watched == member->pid) {
        set_exited(model->report);
        model->note[0] = '\0';
    }
}

static void drop(struct ra_report **report)
{
    ra_clone_free(*report);
    *report = NULL;
}

void ra_model_watch(struct ra_model *model, int64_t pid)
{
    if (model->watched != pid) {
        drop(&model->report);
        drop(&model->before);
        drop(&model->baseline);
        model->note[0] = '\0';
        model->watched = pid;
    }
}

void ra_model_set_baseline(struct ra_model *model)
{
    for (size_t i = 0; i < model->count; i++) {
        struct ra_member *member = model->members[i];

        drop(&member->baseline);
        if (member->report) {
            member->baseline = ra_clone_report(member->report, false);
        }
    }
    drop(&model->baseline);
    if (model->report) {
        model->baseline = ra_clone_report(model->report, true);
    }
}

static void free_member(struct ra_member *member)
{
    ra_clone_free(member->report);
    ra_clone_free(member->baseline);
    free(member);
}

void ra_model_remove(struct ra_model *model, size_t index)
{
    free_member(model->members[index]);
    model->count--;
    memmove(&model->members[index], &model->members[index + 1],
            (model->count - index) * sizeof *model->members);
}

void ra_model_clear(struct ra_model *model)
{
    ra_model_watch(model, 0);
    while (model->count > 0) {
        ra_model_remove(model, model->count - 1);
    }
    free(model->members);
    *model = (struct ra_model){0};
}
