/*
 * daemon(3), whose first process ends by _exit inside libc, out of our sight: so the same is
 * done here where there is a region that must go with it. See ending.h.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base.h"
#include "regionfile.h"

enum { NULL_MAJOR = 1, NULL_MINOR = 3 };

RA_EXPORT int daemon(int keep_directory, int keep_files);

static bool is_null(int file)
{
    struct stat status;

    return fstat(file, &status) == 0 && S_ISCHR(status.st_mode) &&
           status.st_rdev == makedev(NULL_MAJOR, NULL_MINOR);
}

static int close_files(void)
{
    int file = open("/dev/null", O_RDWR);

    if (file < 0) {
        return -1;
    }
    if (!is_null(file)) {
        close(file);
        errno = ENODEV;
        return -1;
    }
    for (int standard = STDIN_FILENO; standard <= STDERR_FILENO; standard++) {
        dup2(file, standard);
    }
    if (file > STDERR_FILENO) {
        close(file);
    }
    return 0;
}

static int become_daemon(int keep_directory, int keep_files)
{
    pid_t child = fork();

    if (child < 0) {
        return -1;
    }
    if (child > 0) {
        _exit(0);
    }
    if (setsid() == -1) {
        return -1;
    }
    if (!keep_directory) {
        int ignored = chdir("/");
        (void)ignored;
    }
    return keep_files ? 0 : close_files();
}

int daemon(int keep_directory, int keep_files)
{
    int (*next)(int, int) = dlsym(RTLD_NEXT, "daemon");

    return next && !ra_regionfile_exists() ? next(keep_directory, keep_files)
                                           : become_daemon(keep_directory, keep_files);
}
