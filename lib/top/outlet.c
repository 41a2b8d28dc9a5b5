/*
 * Outlets: where an output that the user named is to go.
 */
#include "top/outlet.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "reader/failure.h"

enum {
    LINKS_MAX = 40, /* as many as the kernel follows */
    TRIES = 5
};

/* A path being walked. */
struct walk {
    int dir; /* O_PATH */
    char rest[2 * PATH_MAX];
    int links; /* followed so far */
};

static enum ra_status fail(struct ra_failure *why, int error)
{
    enum ra_status status = error == EACCES || error == EPERM ? RA_DENIED : RA_SYSTEM;

    ra_failure_set(why, status, "%s", strerror(error));
    errno = error;
    return status;
}

static enum ra_status refuse(struct ra_failure *why, const char *reason, unsigned user)
{
    ra_failure_set(why, RA_DENIED, reason, user);
    errno = EPERM;
    return RA_DENIED;
}

static bool is_trusted(uid_t user)
{
    return user == geteuid() || user == 0;
}

/*
 * Whether others may make or replace files in the directory. Whoever owns the root directory
 * could do so anywhere: in a user namespace without a root, that is not user 0.
 */
static bool is_shared(int dir)
{
    struct stat is, root;

    if (fstat(dir, &is) != 0 || stat("/", &root) != 0) {
        return true;
    }
    return (!is_trusted(is.st_uid) && is.st_uid != root.st_uid) ||
           (is.st_mode & (S_IWGRP | S_IWOTH)) != 0;
}

static bool is_of_proc(int dir)
{
    struct statfs system;

    return fstatfs(dir, &system) == 0 && system.f_type == PROC_SUPER_MAGIC;
}

static void enter(struct walk *walk, int dir)
{
    if (walk->dir >= 0) {
        close(walk->dir);
    }
    walk->dir = dir;
}

/* Take the next part off the rest. False: there is none, or it is too long (ENAMETOOLONG). */
static bool take_part(struct walk *walk, char part[NAME_MAX + 1])
{
    char *start = walk->rest + strspn(walk->rest, "/");
    size_t bytes = strcspn(start, "/");

    errno = bytes > NAME_MAX ? ENAMETOOLONG : EISDIR;
    if (bytes == 0 || bytes > NAME_MAX) {
        return false;
    }
    memcpy(part, start, bytes);
    part[bytes] = '\0';
    memmove(walk->rest, start + bytes, strlen(start + bytes) + 1);
    return true;
}

/* The link at fd comes before what is left of the path. */
static enum ra_status follow(struct walk *walk, int fd, const struct stat *link,
                             struct ra_failure *why)
{
    char target[2 * PATH_MAX];
    ssize_t bytes = readlinkat(fd, "", target, PATH_MAX);

    if (is_shared(walk->dir) && (!is_trusted(link->st_uid) || link->st_nlink > 1)) {
        return refuse(why,
                      "user %u put a symbolic link there, in a directory in which others may: "
                      "give the path that it leads to",
                      (unsigned)link->st_uid);
    }
    if (bytes <= 0 || bytes >= PATH_MAX) {
        return fail(why, bytes < 0 ? errno : ENAMETOOLONG);
    }
    if (++walk->links > LINKS_MAX) {
        return fail(why, ELOOP);
    }
    if (snprintf(target + bytes, sizeof target - (size_t)bytes, "%s", walk->rest) >=
        (int)(sizeof walk->rest - (size_t)bytes)) {
        return fail(why, ENAMETOOLONG);
    }
    strcpy(walk->rest, target);
    if (target[0] == '/') {
        enter(walk, open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    }
    return walk->dir >= 0 ? RA_OK : fail(why, errno);
}

/* Go into what is called part. A link of /proc is one to a place, not to a name. */
static enum ra_status go_into(struct walk *walk, const char *part, struct ra_failure *why)
{
    int way = is_of_proc(walk->dir) ? 0 : O_NOFOLLOW;
    int fd = openat(walk->dir, part, O_PATH | O_DIRECTORY | O_CLOEXEC | way);
    enum ra_status status;
    struct stat is;

    if (fd >= 0) {
        enter(walk, fd);
        return RA_OK;
    }
    if (errno != ENOTDIR || (fd = openat(walk->dir, part, O_PATH | O_CLOEXEC | way)) < 0) {
        return fail(why, errno);
    }
    status = fstat(fd, &is) == 0 && S_ISLNK(is.st_mode) ? follow(walk, fd, &is, why)
                                                        : fail(why, ENOTDIR);
    close(fd);
    return status;
}

/* Look at the last part; *is_link: it was one, and the walk goes on where it leads to. */
static enum ra_status arrive(struct ra_outlet *outlet, struct walk *walk, const char *part,
                             bool *is_link, struct ra_failure *why)
{
    enum ra_status status = RA_OK;
    int fd = -1;

    *is_link = false;
    outlet->is_magic = is_of_proc(walk->dir);
    if (!outlet->is_magic) {
        fd = openat(walk->dir, part, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        outlet->is_there = fd >= 0;
        if (fd >= 0 ? fstat(fd, &outlet->file) != 0 : errno != ENOENT) {
            status = fail(why, errno);
        } else if (fd >= 0 && S_ISLNK(outlet->file.st_mode)) {
            *is_link = true;
            status = follow(walk, fd, &outlet->file, why);
        }
    }
    if (fd >= 0) {
        close(fd);
    }
    if (status == RA_OK && !*is_link) {
        outlet->is_shared = !outlet->is_magic && is_shared(walk->dir);
        snprintf(outlet->name, sizeof outlet->name, "%s", part);
        outlet->dir = walk->dir;
        walk->dir = -1;
    }
    return status;
}

enum ra_status ra_outlet_find(struct ra_outlet *outlet, const char *path, struct ra_failure *why)
{
    struct walk walk = {.dir = -1};
    enum ra_status status = RA_OK;
    char part[NAME_MAX + 1];

    *outlet = (struct ra_outlet){.dir = -1};
    if (strlen(path) >= PATH_MAX) {
        return fail(why, ENAMETOOLONG);
    }
    strcpy(walk.rest, path);
    enter(&walk, open(path[0] == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (walk.dir < 0) {
        return fail(why, errno);
    }
    while (status == RA_OK && outlet->dir < 0) {
        bool is_last, is_link;

        if (!take_part(&walk, part)) {
            status = fail(why, errno);
            break;
        }
        is_last = walk.rest[0] == '\0' && strcmp(part, ".") != 0 && strcmp(part, "..") != 0;
        status = is_last ? arrive(outlet, &walk, part, &is_link, why) : go_into(&walk, part, why);
    }
    enter(&walk, -1);
    return status;
}

void ra_outlet_close(struct ra_outlet *outlet)
{
    if (outlet->dir >= 0) {
        close(outlet->dir);
    }
    outlet->dir = -1;
}

/* Whether what lies there may be written into. */
static enum ra_status judge(const struct ra_outlet *outlet, struct ra_failure *why)
{
    const struct stat *file = &outlet->file;
    bool is_file = S_ISREG(file->st_mode);

    if (outlet->is_shared && !is_trusted(file->st_uid)) {
        return refuse(why,
                      "it belongs to user %u, in a directory in which others may make files: "
                      "choose another name or directory",
                      (unsigned)file->st_uid);
    }
    if (outlet->is_shared && is_file && file->st_nlink > 1) {
        return refuse(why,
                      "it has a second name (a hard link), in a directory in which others may "
                      "make files: choose another name or directory",
                      0);
    }
    if (is_file && (file->st_mode & (S_ISUID | S_ISGID)) != 0) {
        return refuse(why, "it is set-user-ID or set-group-ID: choose another file", 0);
    }
    return RA_OK;
}

/* The very file that was judged: O_NONBLOCK, should it have become a FIFO meanwhile. */
static int open_judged(const struct ra_outlet *outlet, int flags, struct ra_failure *why)
{
    bool is_file = S_ISREG(outlet->file.st_mode);
    int fd = openat(outlet->dir, outlet->name,
                    (flags & ~O_TRUNC) | O_NOFOLLOW | (is_file ? O_NONBLOCK : 0));
    struct stat opened;

    if (fd < 0) {
        fail(why, errno);
        return -1;
    }
    if (fstat(fd, &opened) != 0 || opened.st_dev != outlet->file.st_dev ||
        opened.st_ino != outlet->file.st_ino) {
        close(fd);
        refuse(why, "it was replaced while it was looked at", 0);
        return -1;
    }
    if (is_file && (fcntl(fd, F_SETFL, flags & O_APPEND) != 0 ||
                    ((flags & O_TRUNC) != 0 && ftruncate(fd, 0) != 0))) {
        fail(why, errno);
        close(fd);
        return -1;
    }
    return fd;
}

int ra_outlet_open(struct ra_outlet *outlet, int flags, struct ra_failure *why)
{
    int fd;

    flags |= O_CLOEXEC | O_NOCTTY;
    if (outlet->is_there && (flags & O_EXCL) != 0) {
        fail(why, EEXIST);
        return -1;
    }
    if (outlet->is_there && !outlet->is_magic) {
        return judge(outlet, why) == RA_OK ? open_judged(outlet, flags, why) : -1;
    }
    if (!outlet->is_magic) {
        flags |= O_CREAT | O_EXCL | O_NOFOLLOW;
    }
    fd = openat(outlet->dir, outlet->name, flags, RA_OUTLET_MODE);
    if (fd < 0) {
        fail(why, errno);
    }
    return fd;
}

/* Once more where someone else made it just then, as another of our own kind does. */
int ra_outlet_open_path(const char *path, int flags, struct ra_failure *why)
{
    int fd = -1;

    for (int i = 0; i < TRIES; i++) {
        struct ra_outlet outlet;
        enum ra_status status = ra_outlet_find(&outlet, path, why);
        int error;

        fd = status == RA_OK ? ra_outlet_open(&outlet, flags, why) : -1;
        error = errno;
        ra_outlet_close(&outlet);
        errno = error;
        if (fd >= 0 || errno != EEXIST || (flags & O_EXCL) != 0) {
            break;
        }
    }
    return fd;
}
