#include "regionfile.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "files.h"
#include "filter.h"
#include "helper.h"
#include "identity.h"
#include "log.h"
#include "region.h"
#include "settings.h"
#include "system.h"

/* A path fits, with all else that is RA_TOGETHER, on one page. */
enum { PATH_BYTES = 1024, NUMBER_BYTES = 24, INTERRUPTIONS = 1000 };

/* f_type of statfs(2). */
enum { TMPFS = 0x01021994, RAMFS = 0x858458f6 - (INT64_C(1) << 32) };

/*
 * The identity of the file too, as the path may come to name another, and whose it is: a
 * child by vfork, clone or _Fork, which run no fork handlers, must leave it alone. What is
 * known of a file that was removed stays, so that it can be made again.
 */
static struct {
    uint32_t named; /* the file is there, under path */
    pid_t process;
    dev_t device;
    ino_t inode;
    const char *directory;
    char path[PATH_BYTES];
} own RA_TOGETHER;

unsigned ra_regionfile_directories(const char *list[RA_DIRECTORY_COUNT])
{
    unsigned count = 0;

    if (ra_settings.directory) {
        list[count++] = ra_settings.directory;
        return count;
    }
    list[count++] = RA_DEFAULT_DIR;
    if (ra_settings.runtime) {
        list[count++] = ra_settings.runtime;
    }
    list[count++] = "/tmp";
    return count;
}

/* Here and below: what libc has for it lies on pages that a forked child has not touched. */
static char *append(char *end, const char *text)
{
    while ((*end = *text++) != '\0') {
        end++;
    }
    return end;
}

static char *append_number(char *end, uint64_t number)
{
    char digits[NUMBER_BYTES];
    char *first = digits + sizeof digits - 1;

    *first = '\0';
    do {
        *--first = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return append(end, first);
}

void ra_regionfile_name(char *name, uint64_t pid, uint64_t start_ticks, uint64_t pid_namespace)
{
    char *end = append(name, RA_REGION_PREFIX);

    end = append_number(end, pid);
    end = append(end, ".");
    end = append_number(end, start_ticks);
    end = append(end, ".");
    append_number(end, pid_namespace);
}

/* directory/ruby_alloc.pid.start.namespace */
static bool make_path(char path[PATH_BYTES], const char *directory, const struct ra_header *header)
{
    enum { DIRECTORY_BYTES = PATH_BYTES - sizeof "/" - RA_REGIONFILE_NAME_BYTES };
    size_t length = 0;

    while (directory[length] != '\0') {
        if (++length > DIRECTORY_BYTES) {
            return false;
        }
    }
    char *end = append(append(path, directory), "/");
    ra_regionfile_name(end, header->pid, header->start_ticks, header->pid_namespace);
    return true;
}

/* A region of the process that header names, which the caller knows to be gone. */
static bool remove_stale(const char *path, const struct ra_header *header)
{
    struct stat status;

    return header->start_ticks != 0 && ra_system_lstat(path, &status) == 0 &&
           S_ISREG(status.st_mode) &&
           (status.st_uid == ra_system_user() || ra_system_user() == 0) &&
           ra_system_unlink(path) == 0;
}

/*
 * Where the file system knows nothing of the kind, libc writes to each block: a cancellation
 * point, which neither fork nor malloc is.
 */
static int write_blocks(int file, size_t offset, size_t bytes)
{
    int saved = errno;
    int cancel;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    int error = posix_fallocate(file, (off_t)offset, (off_t)bytes);
    pthread_setcancelstate(cancel, NULL);
    errno = saved;
    return error;
}

/* A tmpfs gives up when a signal comes; one that comes for ever must not keep the host here. */
int ra_regionfile_reserve(int file, size_t offset, size_t bytes)
{
    int error = EINTR;

    for (int i = 0; i < INTERRUPTIONS && error == EINTR; i++) {
        error = -ra_system_fallocate(file, offset, bytes);
    }
    return error == EOPNOTSUPP ? write_blocks(file, offset, bytes) : error;
}

/* A umask may have taken the owner's own bits away. */
static int set_mode(int file, struct stat *status)
{
    int error = -ra_system_fstat(file, status);

    if (error == 0 && (status->st_mode & 0777) != 0600) {
        error = -(int)ra_system(SYS_fchmod, file, 0600, 0, 0, 0, 0);
    }
    return error;
}

/*
 * Only these keep what was reserved. Elsewhere a page may have to be written to a new place,
 * as after a snapshot, and there be none left for it: SIGBUS.
 */
static int check_kind(int file)
{
    struct statfs kind;
    int error = -(int)ra_system(SYS_fstatfs, file, (long)&kind, 0, 0, 0, 0);

    return error != 0 || kind.f_type == TMPFS || (int32_t)kind.f_type == RAMFS ? error : ENOTSUP;
}

static int open_new(const struct ra_header *header)
{
    enum { FLAGS = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC };
    int file = ra_system_open(own.path, FLAGS, 0600);

    if (file == -EEXIST && remove_stale(own.path, header)) {
        file = ra_system_open(own.path, FLAGS, 0600);
    }
    return file;
}

int ra_regionfile_create(const char *directory, const struct ra_header *header, bool *alike,
                         int *error)
{
    struct stat status;

    *error = ENAMETOOLONG;
    if (!make_path(own.path, directory, header)) {
        return -1;
    }
    int file = open_new(header);
    *error = file < 0 ? -file : set_mode(file, &status);
    if (*error == 0) {
        *alike = status.st_dev == own.device;
        *error = *alike ? 0 : check_kind(file);
    }
    if (*error != 0) {
        if (file >= 0) {
            ra_system_unlink(own.path);
            ra_system_close(file);
        }
        return -1;
    }
    own.process = (pid_t)header->pid;
    own.device = status.st_dev;
    own.inode = status.st_ino;
    own.directory = directory;
    __atomic_store_n(&own.named, 1, __ATOMIC_RELEASE);
    return file;
}

static bool is_same(const struct stat *status)
{
    return status->st_dev == own.device && status->st_ino == own.inode;
}

/* Opened anew, as a descriptor kept open may have been closed by the host and now be its own. */
static int reopen(void)
{
    struct stat status;
    int file = -1;

    if (ra_regionfile_exists()) {
        file = ra_system_open(own.path, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0);
    }
    if (file >= 0 && (ra_system_fstat(file, &status) != 0 || !is_same(&status))) {
        ra_system_close(file);
        file = -1;
    }
    return file;
}

int ra_regionfile_extend(size_t offset, size_t bytes)
{
    int file = reopen();
    int error = ENOENT;

    if (file >= 0) {
        error = ra_regionfile_reserve(file, offset, bytes);
        ra_system_close(file);
    }
    return error;
}

static bool is_in_sight(void)
{
    struct stat status;

    return ra_system_lstat(own.path, &status) == 0 && is_same(&status);
}

int ra_regionfile_find(void)
{
    struct stat status;
    int file =
        ra_regionfile_exists() ? ra_system_open(own.path, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0) : -1;

    if (file >= 0 && (ra_system_fstat(file, &status) != 0 || !is_same(&status))) {
        ra_system_close(file);
        return -1;
    }
    return file < 0 ? -1 : file;
}

/* Nobody but root can have another file take the place of ours there. */
static bool is_directory_safe(void)
{
    struct stat status;

    return ra_system_lstat(own.directory, &status) == 0 && S_ISDIR(status.st_mode) &&
           status.st_uid == 0 && ((status.st_mode & 022) == 0 || (status.st_mode & S_ISVTX) != 0);
}

/* By the helper, which has the file itself; else by its path, where that can be trusted. */
void ra_regionfile_give(uid_t user)
{
    int error = 0;

    if (!ra_regionfile_exists() || !ra_filter_allows_files()) {
        return;
    }
    if (!ra_helper_give(user)) {
        error = !is_in_sight()         ? ENOENT
                : !is_directory_safe() ? EPERM
                                       : -(int)ra_system(SYS_fchownat, AT_FDCWD, (long)own.path,
                                                         (long)user, -1, AT_SYMLINK_NOFOLLOW, 0);
    }
    if (error != 0) {
        ra_log("the region stays with its user: error %d", error);
    }
}

const char *ra_regionfile_directory(void)
{
    return ra_regionfile_exists() ? own.directory : NULL;
}

const char *ra_regionfile_last_directory(void)
{
    return own.directory;
}

bool ra_regionfile_exists(void)
{
    return __atomic_load_n(&own.named, __ATOMIC_ACQUIRE) != 0 && own.process == ra_system_pid();
}

/*
 * By its path alone: the host may have no descriptor left to give. One thread does it, should
 * several end the process at once.
 */
bool ra_regionfile_remove(void)
{
    if (!ra_regionfile_exists() || __atomic_exchange_n(&own.named, 0, __ATOMIC_ACQ_REL) == 0) {
        return false;
    }
    if (is_in_sight() && ra_system_unlink(own.path) == 0) {
        return true;
    }
    __atomic_store_n(&own.named, 1, __ATOMIC_RELEASE);
    return false;
}

bool ra_regionfile_forget(void)
{
    bool was_named = own.named != 0;

    own.named = 0;
    return was_named;
}

/*
 * Written over our own name, and that again over it: another path would be on another page,
 * which the child, alone in its process, would have to copy.
 */
void ra_regionfile_remove_sibling(uint32_t pid, uint64_t start_ticks)
{
    uint32_t own_pid = ra_image.header.pid;
    uint64_t own_ticks = ra_image.header.start_ticks;

    ra_image.header.pid = pid;
    ra_image.header.start_ticks = start_ticks;
    if (ra_regionfile_directory() && make_path(own.path, own.directory, &ra_image.header)) {
        remove_stale(own.path, &ra_image.header);
    }
    ra_image.header.pid = own_pid;
    ra_image.header.start_ticks = own_ticks;
    make_path(own.path, own.directory, &ra_image.header);
}

/*
 * The name holds pid and start time, so a file of ours there is of this very process. Called
 * where no region is made, so that the path is free.
 */
void ra_regionfile_remove_predecessor(void)
{
    const char *list[RA_DIRECTORY_COUNT];
    unsigned count = ra_regionfile_directories(list);
    struct ra_image *image = &ra_image;

    ra_identity_key(&image->header);
    for (unsigned i = 0; i < count; i++) {
        if (make_path(own.path, list[i], &image->header)) {
            remove_stale(own.path, &image->header);
        }
    }
}
