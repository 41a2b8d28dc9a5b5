/* Tasks: how near a process is to the limit of threads and processes that it may make. */
#include "reader/tasks.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reader/cgroup.h"
#include "ruby_alloc/report.h"

enum { SHORT_PART = 5, LIMITS_BYTES = 4096 };

int64_t ra_tasks_limit_in(const char *limits)
{
    static const char name[] = "Max processes";
    const char *line = strstr(limits, name);
    long long limit;

    return line != NULL && sscanf(line + sizeof(name) - 1, "%lld", &limit) == 1 && limit >= 0
               ? limit
               : RA_UNKNOWN;
}

/* All tasks that there are of a user. */
static int64_t count_tasks(uid_t uid)
{
    DIR *stream = opendir("/proc");
    int64_t count = 0;
    pid_t pid;

    while (stream != NULL && (pid = ra_proc_next_number(stream)) != 0) {
        struct ra_proc_status status;
        int dir = ra_proc_open(pid);

        if (dir >= 0 && ra_proc_read_status(dir, &status) && status.uids[0] == uid &&
            status.threads > 0) {
            count += status.threads;
        }
        if (dir >= 0) {
            close(dir);
        }
    }
    if (stream != NULL) {
        closedir(stream);
    }
    return count;
}

struct ra_tasks ra_tasks_find(int proc_dir, const struct ra_proc_status *status)
{
    struct ra_tasks tasks = {RA_UNKNOWN, RA_UNKNOWN, "ulimit -u"};
    struct ra_cgroup_tasks group = ra_cgroup_tasks(proc_dir);
    char limits[LIMITS_BYTES];

    if (status->uids[0] != 0 && ra_proc_read(proc_dir, "limits", limits, sizeof(limits)) > 0) {
        tasks.limit = ra_tasks_limit_in(limits);
    }
    if (tasks.limit != RA_UNKNOWN) {
        tasks.used = count_tasks(status->uids[0]);
    }
    if (group.limit != RA_UNKNOWN &&
        (tasks.limit == RA_UNKNOWN || group.limit - group.used < tasks.limit - tasks.used)) {
        tasks = (struct ra_tasks){group.used, group.limit, "pids.max"};
    }
    return tasks;
}

bool ra_tasks_are_short(const struct ra_tasks *tasks)
{
    return tasks->limit != RA_UNKNOWN && tasks->limit - tasks->used <= tasks->limit / SHORT_PART;
}
