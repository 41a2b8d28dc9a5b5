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

enum { PURGE_WAIT_MS = 3000 };

static int64_t rss_of(const struct ra_ui *ui, int64_t pid)
{
    const struct ra_member *member = ra_model_find(&ui->model, pid);

    return member && member->report ? member->report->memory.rss : RA_UNKNOWN;
}

void ra_ui_purge(struct ra_ui *ui)
{
    int64_t pid = ui->in_process ? ui->model.watched : ui->selected_pid;
    struct ra_cell before = ra_format_bytes(rss_of(ui, pid));
    struct ra_failure why = {0};

    if (ra_live_act(ui->live, (pid_t)pid, RA_ACTION_purge, PURGE_WAIT_MS, &why) != RA_OK) {
        ra_ui_say(ui, true, "%.500s", why.message);
        return;
    }
    if (ui->in_process) {
        ra_live_watch(ui->live, (pid_t)pid, &why);
    } else {
        ra_live_refresh(ui->live);
    }
    ra_ui_say(ui, false, "purged process %lld: RSS was %s, is %s", (long long)pid, before.text,
              ra_format_bytes(rss_of(ui, pid)).text);
}

/* A file of its own for each: what is there is never overwritten. */
static FILE *create(const struct ra_report *report, const char *dir, char *path, size_t size)
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
        fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd >= 0 || errno != EEXIST) {
            break;
        }
    }
    file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (fd >= 0 && !file) {
        close(fd);
    }
    return file;
}

static FILE *create_anywhere(const struct ra_report *report, char *path, size_t size)
{
    const char *temporary = getenv("TMPDIR");
    char here[PATH_MAX];
    FILE *file = NULL;

    if (getcwd(here, sizeof here)) {
        file = create(report, here, path, size);
    }
    return file ? file : create(report, temporary && *temporary ? temporary : "/tmp", path, size);
}

void ra_ui_save(struct ra_ui *ui)
{
    const struct ra_report *report = ui->model.report;
    char path[PATH_MAX + 128] = "";
    FILE *file = report ? create_anywhere(report, path, sizeof path) : NULL;
    bool good;

    if (!file) {
        ra_ui_say(ui, true, "can't save %.400s: %s", path, strerror(errno));
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
