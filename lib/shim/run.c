#include "run.h"

#include <stdbool.h>
#include <string.h>
#include <sys/file.h>

#include "filter.h"
#include "region.h"
#include "regionfile.h"
#include "system.h"

bool ra_run_is_in(const char *directory)
{
    const char *name = strrchr(directory, '/');

    return name && strncmp(name + 1, RA_RUN_PREFIX, strlen(RA_RUN_PREFIX)) == 0;
}

static int open_to_read(int directory, const char *name, int flags)
{
    return (int)ra_system(SYS_openat, directory, (long)name,
                          O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | flags, 0, 0, 0);
}

/* The tool holds the lock until it has read what there is, or is no more. In doubt it lives. */
static bool is_watched(int directory)
{
    int file = open_to_read(directory, RA_RUN_WATCH, 0);

    if (file < 0) {
        return file != -ENOENT;
    }
    bool watched = ra_system(SYS_flock, file, LOCK_SH | LOCK_NB, 0, 0, 0, 0) != 0;
    ra_system_close(file);
    return watched;
}

static bool leave_run(const char *path)
{
    int directory = open_to_read(AT_FDCWD, path, O_DIRECTORY);
    bool removed = false;

    if (directory < 0) {
        return false;
    }
    if (!is_watched(directory)) {
        removed = ra_regionfile_remove();
        ra_system(SYS_unlinkat, directory, (long)RA_RUN_WATCH, 0, 0, 0, 0);
        /* Refused while another process has its region there. */
        ra_system(SYS_unlinkat, AT_FDCWD, (long)path, AT_REMOVEDIR, 0, 0, 0);
    }
    ra_system_close(directory);
    return removed;
}

bool ra_run_leave(void)
{
    const char *directory = ra_regionfile_directory();

    if (!directory) {
        return false;
    }
    bool is_run = ra_run_is_in(directory), may_remove = ra_filter_allows_files();
    if (may_remove && (is_run ? leave_run(directory) : ra_regionfile_remove())) {
        return true;
    }
    if (!may_remove || !is_run) {
        ra_region_end();
    }
    return false;
}
