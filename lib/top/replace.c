/*
 * Replacing a file by way of another beside it.
 */
#include "top/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reader/failure.h"
#include "top/outlet.h"

enum { TRIES = 100 };

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

/* Others must not guess the name, nor can they take its place: it is made anew. */
static int make_beside(const struct ra_outlet *outlet, char beside[NAME_MAX + 1])
{
    int fd = -1;

    for (int i = 0; i < TRIES && fd < 0; i++) {
        uint32_t number;

        if (getrandom(&number, sizeof number, 0) != sizeof number) {
            return -1;
        }
        if (snprintf(beside, NAME_MAX + 1, "%s.%08" PRIx32, outlet->name, number) > NAME_MAX) {
            errno = ENAMETOOLONG;
            return -1;
        }
        fd = openat(outlet->dir, beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                    RA_OUTLET_MODE);
        if (fd < 0 && errno != EEXIST) {
            return -1;
        }
    }
    return fd;
}

/*
 * As open as the file that it replaces, if that is ours: of any other its user chose the mode,
 * for a file of ours. Where it can't be so, or can't be of that group, it is less open.
 */
static void take_mode(int fd, const struct ra_outlet *outlet)
{
    mode_t mode = outlet->file.st_mode & 0777;

    if (!outlet->is_there || outlet->file.st_uid != geteuid() || outlet->file.st_nlink > 1) {
        return;
    }
    if (fchown(fd, (uid_t)-1, outlet->file.st_gid) != 0) {
        mode &= ~(mode_t)S_IRWXG;
    }
    fchmod(fd, mode);
}

static int write_beside(const struct ra_outlet *outlet, const char *text, size_t size)
{
    char beside[NAME_MAX + 1];
    int fd = make_beside(outlet, beside), failure;

    if (fd < 0) {
        return -1;
    }
    take_mode(fd, outlet);
    if (write_and_close(fd, text, size) == 0 &&
        renameat(outlet->dir, beside, outlet->dir, outlet->name) == 0) {
        return 0;
    }
    failure = errno;
    unlinkat(outlet->dir, beside, 0);
    errno = failure;
    return -1;
}

static enum ra_status fail(struct ra_failure *why)
{
    int error = errno;
    enum ra_status status = error == EACCES || error == EPERM ? RA_DENIED : RA_SYSTEM;

    ra_failure_set(why, status, "%s", strerror(error));
    errno = error;
    return status;
}

/* A pipe, a device, what a link of /proc means. */
static enum ra_status write_through(struct ra_outlet *outlet, const char *text, size_t size,
                                    struct ra_failure *why)
{
    int fd = ra_outlet_open(outlet, O_WRONLY, why);

    if (fd < 0) {
        return why->status;
    }
    return write_and_close(fd, text, size) == 0 ? RA_OK : fail(why);
}

static enum ra_status put(struct ra_outlet *outlet, const char *text, size_t size,
                          struct ra_failure *why)
{
    if (outlet->is_magic || (outlet->is_there && !S_ISREG(outlet->file.st_mode))) {
        return write_through(outlet, text, size, why);
    }
    return write_beside(outlet, text, size) == 0 ? RA_OK : fail(why);
}

enum ra_status ra_replace(const char *path, const char *text, size_t size, struct ra_failure *why)
{
    struct ra_outlet outlet;
    enum ra_status status = ra_outlet_find(&outlet, path, why);
    int error;

    if (status == RA_OK) {
        status = put(&outlet, text, size, why);
    }
    error = errno;
    ra_outlet_close(&outlet);
    errno = error;
    return status;
}
