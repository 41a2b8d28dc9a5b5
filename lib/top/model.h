/*
 * The model: the processes that the screen shows, each with its latest report, and the one
 * that is watched with all its tables. A feed fills it: live.h from running processes,
 * replay.h from a recording. What draws reads the model alone.
 *
 * A process that has ended stays, marked. Numbers are those of the last report, and what
 * only the kernel could tell (rss, pss, ...) is that of the last look at it alive.
 */
#ifndef RA_TOP_MODEL_H
#define RA_TOP_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ruby_alloc/report.h>

#include "top/history.h"
#include "top/pids.h"

struct ra_feed; /* what a feed keeps for each process */

enum { RA_MODEL_TIME_BYTES = 32 };

struct ra_member {
    int64_t pid;
    struct ra_report *report;         /* a clone without tables */
    const struct ra_report *baseline; /* the model's; NULL: none */
    int64_t threads;                  /* live ones */
    double rate;                      /* allocations a second; NAN: not known yet */
    double age;                       /* of report, in seconds, at the last look at the process */
    bool has_ended;
    bool is_stopped;                  /* by a signal: it can't answer until it goes on */
    bool is_folded;                   /* in the tree: its cluster is its sum alone */
    bool is_shown;                    /* a row that was drawn last tells of it */
    char looked[RA_MODEL_TIME_BYTES]; /* it has ended: when the kernel was last asked; "": never */
    struct ra_history history;
    int64_t counted_allocations; /* what the next rate is counted from */
    double counted_uptime;
    struct ra_feed *feed;
};

struct ra_model {
    struct ra_member **members; /* as they came */
    size_t count, room;
    struct ra_pids by_pid; /* the same */
    size_t denied;         /* processes that may not be read */
    size_t strangers;      /* files among the regions that are none */

    /* Of when the baseline was set, with tables; they outlive their members. */
    struct ra_report **baselines;
    size_t baseline_count, baseline_room;

    int64_t watched;                  /* a pid; 0: none */
    struct ra_report *report;         /* of it, with tables; NULL: none yet */
    struct ra_report *before;         /* the one before, for rates; NULL: none */
    const struct ra_report *baseline; /* its one of baselines; NULL: none */

    int64_t taken_over; /* the last pid whose process became another; 0: none, or it was said */

    char note[256]; /* what keeps the watched process's figures from being fresh; "": nothing */
};

struct ra_member *ra_model_find(const struct ra_model *model, int64_t pid);

/* The member of this pid, made if there is none; NULL without memory. */
struct ra_member *ra_model_admit(struct ra_model *model, int64_t pid);

/*
 * A new report of a member: kept as a clone. False without memory, the old one stays. One that
 * comes within moments of the last adds nothing to rates and history; of another process
 * that has the pid by now, these begin anew.
 */
bool ra_model_take(struct ra_model *model, struct ra_member *member,
                   const struct ra_report *report);

/* A new report of the watched one alone: only the model's own report is replaced. */
bool ra_model_show(struct ra_model *model, const struct ra_report *report);

/* Its process is gone without a last report: what there is of it says so from now on. */
void ra_model_mark_ended(struct ra_model *model, struct ra_member *member);

/* Watch a process from its next report on; 0: none. */
void ra_model_watch(struct ra_model *model, int64_t pid);

/*
 * What differences are counted from: first forget the old, then add a report of each process,
 * with its tables. Kept as a clone, found again by pid and start. False without memory.
 */
void ra_model_forget_baselines(struct ra_model *model);
bool ra_model_add_baseline(struct ra_model *model, const struct ra_report *report);

/* Seconds between report and an earlier one of the same process; NAN if they don't say. */
double ra_model_seconds(const struct ra_report *earlier, const struct ra_report *report);

/* Forget member: what it keeps is freed, but for its feed. */
void ra_model_remove(struct ra_model *model, size_t index);

/* Forget all members, but neither who is watched nor the baselines. */
void ra_model_empty(struct ra_model *model);

/* Free all but the feeds; the model is empty then. */
void ra_model_clear(struct ra_model *model);

#endif
