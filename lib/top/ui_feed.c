/*
 * The screen and its feed: reading anew, opening a process, going back to the list.
 */
#include "top/ui.h"

#include "top/tabs.h"

static void step(struct ra_ui *ui)
{
    size_t position = ra_replay_position(ui->replay);

    if (!ui->is_playing) {
        return;
    }
    if (position + 1 >= ra_replay_count(ui->replay)) {
        ui->is_playing = false;
        ra_ui_say(ui, false, "the end of the recording");
        return;
    }
    ra_replay_go(ui->replay, position + 1);
}

/* The row, or the whole screen, is another process's from one look to the next. */
static void announce_taken_over(struct ra_ui *ui)
{
    long long pid = ui->model.taken_over;

    if (pid != 0 && ui->in_process && pid == ui->model.watched) {
        ra_ui_say(ui, true, "process %lld has ended: this is another one with its pid", pid);
    } else if (pid != 0) {
        ra_ui_say(ui, true, "pid %lld: that process has ended, another one has the pid", pid);
    }
    ui->model.taken_over = 0;
}

void ra_ui_update(struct ra_ui *ui)
{
    if (ui->replay) {
        step(ui);
    } else {
        ra_live_look(ui->live, ui->is_stale);
        ra_ui_go_on(ui);
    }
    ui->is_stale = false;
}

void ra_ui_go_on(struct ra_ui *ui)
{
    if (ui->live) {
        ra_live_step(ui->live);
        announce_taken_over(ui);
    }
}

/* A tab is sorted as in the text form until the user says otherwise. */
static void reset_tabs(struct ra_ui *ui)
{
    for (size_t i = 0; i < RA_UI_TABS; i++) {
        ui->tabs[i] = (struct ra_grid_state){.sort = ra_tab_first_sort(i)};
    }
}

void ra_ui_set_baseline(struct ra_ui *ui)
{
    if (ui->replay) {
        ra_replay_set_baseline(ui->replay);
    } else {
        ra_live_set_baseline(ui->live);
    }
}

enum ra_status ra_ui_enter(struct ra_ui *ui, int64_t pid, struct ra_failure *why)
{
    enum ra_status status = RA_OK;

    if (ui->replay) {
        ra_replay_watch(ui->replay, pid);
    } else {
        status = ra_live_watch(ui->live, (pid_t)pid, why);
        if (!ui->model.report) {
            ra_model_watch(&ui->model, 0);
            return status == RA_OK || status == RA_TIMEOUT ? RA_ABSENT : status;
        }
        if (status == RA_TIMEOUT) {
            snprintf(ui->model.note, sizeof ui->model.note, "%.255s", why->message);
        }
    }
    if (!ui->in_process) {
        reset_tabs(ui);
    }
    ui->in_process = true;
    return RA_OK;
}

void ra_ui_open(struct ra_ui *ui, int64_t pid)
{
    struct ra_failure why = {0};

    if (ra_ui_enter(ui, pid, &why) != RA_OK) {
        ra_ui_say(ui, true, "%.500s", why.message[0] ? why.message : "it has ended");
    }
}

void ra_ui_back(struct ra_ui *ui)
{
    if (ui->mode == RA_MODE_RATES) {
        ui->mode = RA_MODE_TOTALS;
    }
    ui->in_process = false;
    if (ui->replay) {
        ra_replay_watch(ui->replay, 0);
    } else {
        ra_model_watch(&ui->model, 0);
    }
}
