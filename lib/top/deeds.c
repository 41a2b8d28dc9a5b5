/*
 * What the screen does beyond showing: purging a process, saving a report.
 */
#include "top/ui.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "top/format.h"
#include "top/json.h"
#include "top/outlet.h"
#include "top/rows.h"

/* The living processes of the selected cluster, in order; their number. */
static size_t find_cluster(const struct ra_ui *ui, pid_t *pids)
{
    struct ra_rows rows = ra_rows_make(&ui->model, true);
    size_t count = 0;

    for (size_t i = 0; i < rows.count; i++) {
        const struct ra_row *row = &rows.rows[i];

        if (row->cluster >= 0 && !row->member->has_ended &&
            rows.rows[row->cluster].member->pid == ui->selected_pid) {
            pids[count++] = (pid_t)row->member->pid;
        }
    }
    ra_rows_free(&rows);
    return count;
}

static void find_purged(struct ra_ui *ui)
{
    int64_t pid = ui->in_process ? ui->model.watched : ui->selected_pid;
    const struct ra_member *member = ra_model_find(&ui->model, pid);

    ui->purge_count = 0;
    ui->purge_pids = calloc(ui->model.count + 1, sizeof *ui->purge_pids);
    if (!ui->purge_pids) {
        return;
    }
    if (!ui->in_process && ui->is_tree && ui->selected_sum) {
        ui->purge_count = find_cluster(ui, ui->purge_pids);
    } else if (member && !member->has_ended) {
        ui->purge_pids[ui->purge_count++] = (pid_t)pid;
    }
}

static const char *name_of(const struct ra_ui *ui, int64_t pid)
{
    const struct ra_member *member = ra_model_find(&ui->model, pid);

    return member && member->report && member->report->process.comm ? member->report->process.comm
                                                                    : "";
}

static void forget_question(struct ra_ui *ui)
{
    free(ui->purge_pids);
    ui->purge_pids = NULL;
    ui->purge_count = 0;
}

/* In the 40 columns of a small terminal, with what to answer. */
void ra_ui_ask_purge(struct ra_ui *ui)
{
    int64_t pid = ui->in_process ? ui->model.watched : ui->selected_pid;

    if (ui->purge) {
        ra_ui_say(ui, true, "still %s", ui->purging);
        return;
    }
    forget_question(ui);
    find_purged(ui);
    if (ui->purge_count == 0 && ra_model_find(&ui->model, pid)) {
        ra_ui_say(ui, true, "process %lld has ended", (long long)pid);
    } else if (ui->purge_count == 0) {
        ra_ui_say(ui, true, "no process here");
    } else if (!ui->in_process && ui->selected_sum) {
        snprintf(ui->question, sizeof ui->question, "purge all %zu of cluster %lld (y/n)? ",
                 ui->purge_count, (long long)pid);
        ra_ui_ask(ui, RA_PROMPT_PURGE, "");
    } else {
        snprintf(ui->question, sizeof ui->question, "purge %lld %.15s (y/n)? ", (long long)pid,
                 name_of(ui, pid));
        ra_ui_ask(ui, RA_PROMPT_PURGE, "");
    }
}

void ra_ui_purge(struct ra_ui *ui)
{
    ui->purge = ra_purge_start(ui->purge_pids, ui->purge_count);
    if (!ui->purge) {
        ra_ui_say(ui, true, "can't purge: %s", strerror(errno));
    } else if (ui->purge_count == 1) {
        snprintf(ui->purging, sizeof ui->purging, "purging %d...", (int)ui->purge_pids[0]);
    } else {
        snprintf(ui->purging, sizeof ui->purging, "purging %zu processes...", ui->purge_count);
    }
    forget_question(ui);
}

static void say_outcome(struct ra_ui *ui, const struct ra_purge_outcome *outcome)
{
    bool is_known = outcome->before != RA_UNKNOWN && outcome->after != RA_UNKNOWN;
    int64_t less = is_known ? outcome->before - outcome->after : 0;
    struct ra_cell bytes = ra_format_bytes(less < 0 ? -less : less);
    bool is_whole = outcome->purged == outcome->asked;
    char of[32] = "";

    if (outcome->purged == 0) {
        ra_ui_say(ui, true, "%.500s", outcome->why.message);
        return;
    }
    if (outcome->asked == 1) {
        ra_ui_say(ui, false, "purged process %d: RSS was %s, is %s", (int)outcome->first,
                  ra_format_bytes(outcome->before).text, ra_format_bytes(outcome->after).text);
        return;
    }
    if (!is_whole) {
        snprintf(of, sizeof of, " of %zu", outcome->asked);
    }
    ra_ui_say(ui, !is_whole, "purged %zu%s processes: %s %s RSS%s%.400s", outcome->purged, of,
              is_known ? bytes.text : "-", less < 0 ? "more" : "less", is_whole ? "" : "; ",
              is_whole ? "" : outcome->why.message);
}

void ra_ui_end_purge(struct ra_ui *ui)
{
    if (ui->purge && ra_purge_is_done(ui->purge)) {
        struct ra_purge_outcome outcome = ra_purge_outcome(ui->purge);

        ra_ui_drop_purge(ui);
        say_outcome(ui, &outcome);
        ui->is_stale = true;
    }
}

void ra_ui_drop_purge(struct ra_ui *ui)
{
    ra_purge_free(ui->purge);
    ui->purge = NULL;
    forget_question(ui);
}

/* A file of its own for each: what is there is never overwritten. */
static FILE *create(const struct ra_report *report, const char *dir, char *path, size_t size,
                    struct ra_failure *why)
{
    char time[32] = "";
    size_t used = 0;
    FILE *file;
    int fd;

    for (const char *c = report->time; *c && *c != '.' && used + 1 < sizeof time; c++) {
        if (*c != ':' && *c != '-') {
            time[used++] = *c;
        }
    }
    time[used] = '\0';
    for (int i = 0; i < 100; i++) {
        snprintf(path, size, "%s/ruby_alloc.%lld.%s%s%.0d.json", dir,
                 (long long)report->process.pid, time, i > 0 ? "." : "", i);
        fd = ra_outlet_open_path(path, O_WRONLY | O_EXCL, why);
        if (fd >= 0 || errno != EEXIST) {
            break;
        }
    }
    file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (fd >= 0 && !file) {
        snprintf(why->message, sizeof why->message, "%s", strerror(errno));
        close(fd);
    }
    return file;
}

static FILE *create_anywhere(const struct ra_report *report, char *path, size_t size,
                             struct ra_failure *why)
{
    const char *temporary = getenv("TMPDIR");
    char here[PATH_MAX];
    FILE *file = NULL;

    if (getcwd(here, sizeof here)) {
        file = create(report, here, path, size, why);
    }
    return file ? file
                : create(report, temporary && *temporary ? temporary : "/tmp", path, size, why);
}

void ra_ui_save(struct ra_ui *ui)
{
    const struct ra_report *report = ui->model.report;
    char path[PATH_MAX + 128] = "";
    struct ra_failure why = {0};
    FILE *file = report ? create_anywhere(report, path, sizeof path, &why) : NULL;
    bool good;

    if (!file) {
        ra_ui_say(ui, true, "can't save %.300s: %.200s", path, why.message);
        return;
    }
    good = ra_json_print(report, file) == 0 && !ferror(file);
    good &= fclose(file) == 0;
    if (good) {
        ra_ui_say(ui, false, "saved %.480s", path);
        return;
    }
    ra_ui_say(ui, true, "can't save %.400s: %s", path, strerror(errno));
    unlink(path);
}
