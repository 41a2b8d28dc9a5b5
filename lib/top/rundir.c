/*
 * The directory of one run.
 */
#include "top/rundir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ruby_alloc/region.h>

#include "reader/proc.h"
#include "reader/prunedirs.h"
#include "top/output.h"

enum { TRIES = 5 };

/* A --prune that found the directory before its watch was locked has removed it again. */
static bool is_there(int file)
{
    struct stat status;

    return fstat(file, &status) == 0 && status.st_nlink > 0;
}

/* Lock a watch in the directory. */
static int make_watch(int directory)
{
    int file = openat(directory, RA_RUN_WATCH, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (file >= 0 && flock(file, LOCK_EX) == 0 && is_there(file)) {
        /* For those who gave up root: they may look whether it is locked. */
        fchmod(file, 0644);
        return file;
    }
    if (file >= 0) {
        close(file);
    }
    return -1;
}

/*
 * Where root runs a server, its workers become other users and must be able to make
 * regions: then as open as /dev/shm itself is, and else ours alone.
 */
static int make_in(const char *base, struct ra_rundir *dir)
{
    int error;

    if (snprintf(dir->path, sizeof dir->path, "%s/" RA_RUN_PREFIX "XXXXXX", base) >=
        (int)sizeof dir->path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (!mkdtemp(dir->path)) {
        return -1;
    }
    dir->fd = open(dir->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    dir->watch = dir->fd >= 0 ? make_watch(dir->fd) : -1;
    if (dir->watch >= 0 && (geteuid() != 0 || fchmod(dir->fd, 01777) == 0)) {
        return 0;
    }
    error = errno;
    ra_rundir_unwatch(dir);
    ra_rundir_close(dir);
    errno = error;
    return -1;
}

int ra_rundir_make(struct ra_rundir *dir)
{
    const char *own = getenv("RUBY_ALLOC_DIR"), *runtime = getenv("XDG_RUNTIME_DIR");
    const char *bases[] = {RA_DEFAULT_DIR, runtime, "/tmp"};
    size_t count = sizeof bases / sizeof *bases;

    *dir = (struct ra_rundir){.fd = -1, .watch = -1};
    if (own && *own == '/') {
        bases[0] = own;
        count = 1;
    }
    for (size_t i = 0; i < count; i++) {
        for (int try = 0; bases[i] && *bases[i] == '/' && try < TRIES; try++) {
            if (make_in(bases[i], dir) == 0) {
                return 0;
            }
            if (errno != ENOENT) {
                break;
            }
        }
    }
    return -1;
}

static bool has_in_environment(pid_t pid, const char *text)
{
    int dir = ra_proc_open(pid);
    size_t bytes = 0;
    char *environment = dir >= 0 ? ra_proc_slurp(dir, "environ", &bytes) : NULL;
    bool has = environment && memmem(environment, bytes, text, strlen(text));

    free(environment);
    if (dir >= 0) {
        close(dir);
    }
    return has;
}

bool ra_rundir_is_in_use(const struct ra_rundir *dir)
{
    DIR *stream = opendir("/proc");
    bool found = false;
    pid_t pid;

    while (stream && !found && (pid = ra_proc_next_number(stream)) != 0) {
        found = has_in_environment(pid, dir->path);
    }
    if (stream) {
        closedir(stream);
    }
    return found;
}

void ra_rundir_unwatch(struct ra_rundir *dir)
{
    if (dir->watch >= 0) {
        unlinkat(dir->fd, RA_RUN_WATCH, 0);
        close(dir->watch);
        dir->watch = -1;
    }
}

void ra_rundir_close(struct ra_rundir *dir)
{
    uid_t owner = 0;
    bool stays = dir->fd >= 0 && ra_prune_sweep_run(dir->fd, &owner);

    if (dir->fd >= 0) {
        close(dir->fd);
        dir->fd = -1;
    }
    if (rmdir(dir->path) != 0 && stays) {
        ra_output_message("%s stays: user %u has put a directory into it; remove both", dir->path,
                          (unsigned)owner);
    }
}
