/* What /proc says of a process: making sense of its files. */
#include "reader/proc.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ruby_alloc/report.h"

/* The text behind "name:" at the start of a line, or NULL. */
static const char *find_line(const char *text, const char *name)
{
    size_t bytes = strlen(name);

    for (const char *line = text; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, bytes) == 0 && line[bytes] == ':') {
            return line + bytes + 1;
        }
    }
    return NULL;
}

static int64_t find_number(const char *text, const char *name, int64_t absent)
{
    const char *line = find_line(text, name);

    return line == NULL ? absent : strtoll(line, NULL, 10);
}

static int64_t find_kilobytes(const char *text, const char *name)
{
    int64_t number = find_number(text, name, -1);

    return number < 0 || number > INT64_MAX / 1024 ? RA_UNKNOWN : number * 1024;
}

static void read_uids(const char *text, struct ra_proc_status *status)
{
    const char *line = find_line(text, "Uid");

    for (size_t i = 0; i < 4; i++) {
        char *end = NULL;

        status->uids[i] = line == NULL ? (uid_t)-1 : (uid_t)strtoul(line, &end, 10);
        line = end;
    }
}

/* NSpid lists the pid in each namespace, from the reader's to the innermost. */
static void read_inner_pid(const char *text, struct ra_proc_status *status)
{
    const char *line = find_line(text, "NSpid");

    status->inner_pid = (pid_t)find_number(text, "Pid", 0);
    status->pid_depth = 1;
    for (unsigned depth = 1; line != NULL; depth++) {
        char *end;
        long number;

        line += strspn(line, " \t");
        number = strtol(line, &end, 10);
        if (end == line || *line == '\n') {
            break;
        }
        status->inner_pid = (pid_t)number;
        status->pid_depth = depth;
        line = end;
    }
}

/* The groups of a process may fill the better part of a megabyte, and stand before its pids. */
bool ra_proc_read_status(int dir, struct ra_proc_status *status)
{
    size_t bytes;
    char *text = ra_proc_slurp(dir, "status", &bytes);
    const char *state = text == NULL ? NULL : find_line(text, "State");

    memset(status, 0, sizeof(*status));
    if (state != NULL) {
        status->state = state[strspn(state, " \t")];
        status->tgid = (pid_t)find_number(text, "Tgid", 0);
        status->ppid = (pid_t)find_number(text, "PPid", 0);
        status->threads = find_number(text, "Threads", 0);
        status->rss = find_kilobytes(text, "VmRSS");
        status->rss_anon = find_kilobytes(text, "RssAnon");
        status->swap = find_kilobytes(text, "VmSwap");
        read_uids(text, status);
        read_inner_pid(text, status);
    }
    free(text);
    return state != NULL;
}

bool ra_proc_is_alive(const struct ra_proc_status *status)
{
    if (status->state == 'X') {
        return false;
    }
    return status->state != 'Z' || status->threads > 1;
}

bool ra_proc_read_rollup(int dir, struct ra_proc_rollup *rollup)
{
    size_t bytes;
    char *text = ra_proc_slurp(dir, "smaps_rollup", &bytes);

    if (text == NULL || bytes == 0) {
        free(text);
        return false;
    }
#define READ_SIZE(field, name) rollup->name = find_kilobytes(text, #field);
    RA_SMAP_SIZES(READ_SIZE)
#undef READ_SIZE
    free(text);
    return true;
}

bool ra_proc_read_start(int dir, uint64_t *start_ticks)
{
    enum { START_FIELD = 22, FIRST_FIELD_BEHIND_NAME = 3 };
    size_t bytes;
    char *text = ra_proc_slurp(dir, "stat", &bytes);
    char *field = text == NULL ? NULL : strrchr(text, ')'); /* the name may hold spaces, brackets */

    for (int i = FIRST_FIELD_BEHIND_NAME; field != NULL && i <= START_FIELD; i++) {
        field = strchr(field + 1, ' ');
    }
    if (field != NULL) {
        *start_ticks = strtoull(field + 1, NULL, 10);
    }
    free(text);
    return field != NULL;
}

bool ra_ruby_is_named(const char *name)
{
    return strncmp(name, "libruby.so", 10) == 0 || strncmp(name, "libruby-", 8) == 0 ||
           strcmp(name, "ruby") == 0 ||
           (strncmp(name, "ruby", 4) == 0 && name[4] >= '0' && name[4] <= '9');
}

void ra_proc_join(char *line, ssize_t bytes)
{
    for (ssize_t i = 0; i < bytes; i++) {
        if (line[i] == '\0') {
            line[i] = ' ';
        }
    }
    while (bytes > 0 && line[bytes - 1] == ' ') {
        line[--bytes] = '\0';
    }
}
