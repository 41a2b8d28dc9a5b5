#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "regionfile.h"
#include "ruby_alloc/region.h"

static bool is_of_a_run(const char *directory)
{
    const char *name = strrchr(directory, '/');

    return name && strncmp(name + 1, RA_RUN_PREFIX, strlen(RA_RUN_PREFIX)) == 0;
}

/* The tool holds the lock until it has read what there is, or is no more. In doubt it lives. */
static bool is_watched(const char *watch)
{
    int file = open(watch, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (file < 0) {
        return errno != ENOENT;
    }
    bool watched = flock(file, LOCK_SH | LOCK_NB) != 0;
    close(file);
    return watched;
}

void ra_run_leave(void)
{
    char directory[PATH_MAX], watch[PATH_MAX + sizeof "/" RA_RUN_WATCH];

    if (!ra_regionfile_directory(directory, sizeof directory) || !is_of_a_run(directory)) {
        ra_regionfile_remove();
        return;
    }
    snprintf(watch, sizeof watch, "%s/%s", directory, RA_RUN_WATCH);
    if (!is_watched(watch)) {
        ra_regionfile_remove();
        unlink(watch);
        rmdir(directory); /* refused while another process has its region there */
    }
}
