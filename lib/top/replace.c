/*
 * Replacing a file by way of another beside it.
 */
#include "top/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int ra_write_whole(int fd, const char *text, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, text, size);

        if (written < 0 && errno != EINTR) {
            return -1;
        }
        if (written > 0) {
            text += written;
            size -= (size_t)written;
        }
    }
    return 0;
}

/* Closes fd, whose close may be what says that the disk is full. */
static int write_and_close(int fd, const char *text, size_t size)
{
    int result = ra_write_whole(fd, text, size), failure = errno;

    if (close(fd) != 0 && result == 0) {
        return -1;
    }
    errno = failure;
    return result;
}

static mode_t mode_of_new_file(void)
{
    mode_t mask = umask(0);

    umask(mask);
    return 0666 & ~mask;
}

static int write_beside(const char *path, mode_t mode, const char *text, size_t size)
{
    char beside[PATH_MAX];
    int fd, failure;

    if (snprintf(beside, sizeof beside, "%s.XXXXXX", path) >= (int)sizeof beside) {
        errno = ENAMETOOLONG;
        return -1;
    }
    fd = mkostemp(beside, O_CLOEXEC);
    if (fd < 0) {
        return -1;
    }
    fchmod(fd, mode); /* where it can't be, the file is the owner's alone */
    if (write_and_close(fd, text, size) == 0 && rename(beside, path) == 0) {
        return 0;
    }
    failure = errno;
    unlink(beside);
    errno = failure;
    return -1;
}

/* A link that leads to a file which is still to be made, or a pipe or device. */
static int write_through(const char *path, const char *text, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, 0666);

    return fd < 0 ? -1 : write_and_close(fd, text, size);
}

int ra_replace(const char *path, const char *text, size_t size)
{
    char real[PATH_MAX];
    struct stat is;

    if (stat(path, &is) != 0) {
        return lstat(path, &is) == 0 ? write_through(path, text, size)
                                     : write_beside(path, mode_of_new_file(), text, size);
    }
    if (!S_ISREG(is.st_mode)) {
        return write_through(path, text, size);
    }
    return realpath(path, real) ? write_beside(real, is.st_mode & 07777, text, size) : -1;
}
