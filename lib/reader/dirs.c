/* Location: the directories in which regions lie, here and in other file system trees. */
#include "reader/locate.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ruby_alloc/region.h"

size_t ra_locate_own_dirs(const char *dirs[RA_OWN_DIRS])
{
    const char *alone = getenv("RUBY_ALLOC_DIR");
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    size_t count = 0;

    if (alone != NULL && *alone != '\0') {
        dirs[count++] = alone;
        return count;
    }
    dirs[count++] = RA_DEFAULT_DIR;
    if (runtime != NULL && *runtime == '/') {
        dirs[count++] = runtime;
    }
    dirs[count++] = "/tmp";
    return count;
}

/* Without openat2 (Linux before 5.6, some sandboxes): no symbolic link at all is followed. */
static int walk(int root, const char *path)
{
    int dir = fcntl(root, F_DUPFD_CLOEXEC, 0);

    while (dir >= 0 && *(path += strspn(path, "/")) != '\0') {
        char name[NAME_MAX + 1];
        size_t bytes = strcspn(path, "/");
        int next;

        if (bytes > NAME_MAX || (bytes == 2 && memcmp(path, "..", 2) == 0)) {
            close(dir);
            errno = ELOOP;
            return -1;
        }
        memcpy(name, path, bytes);
        name[bytes] = '\0';
        next = openat(dir, name, O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);
        close(dir);
        dir = next;
        path += bytes;
    }
    return dir;
}

int ra_locate_open_dir(int root, const char *path)
{
    struct open_how how = {
        .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
        .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
    };
    long dir = syscall(SYS_openat2, root, path, &how, sizeof(how));

    if (dir < 0 && (errno == ENOSYS || errno == EPERM)) {
        return walk(root, path);
    }
    return (int)dir;
}

/* Of those that can't be opened, a want of descriptors alone is no trait of theirs. */
void *ra_locate_next_run(void *dirstream, const char **name)
{
    DIR *stream = dirstream;
    struct dirent *entry;

    while (errno = 0, (entry = readdir(stream)) != NULL) {
        DIR *run = NULL;
        int dir = -1;

        if (strncmp(entry->d_name, RA_RUN_PREFIX, strlen(RA_RUN_PREFIX)) == 0) {
            dir = openat(dirfd(stream), entry->d_name,
                         O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        }
        if (dir >= 0 && (run = fdopendir(dir)) == NULL) {
            close(dir);
        }
        if (run != NULL) {
            *name = entry->d_name;
            return run;
        }
        if (ra_proc_is_want(errno)) {
            return NULL;
        }
    }
    return NULL;
}

bool ra_locate_is_elsewhere(int proc_dir)
{
    struct stat own_root;
    struct stat root;
    struct stat own_mounts;
    struct stat mounts;

    if (stat("/", &own_root) != 0 || fstatat(proc_dir, "root", &root, 0) != 0) {
        return false;
    }
    if (root.st_dev != own_root.st_dev || root.st_ino != own_root.st_ino) {
        return true;
    }
    return stat("/proc/self/ns/mnt", &own_mounts) == 0 &&
           fstatat(proc_dir, "ns/mnt", &mounts, 0) == 0 && mounts.st_ino != own_mounts.st_ino;
}
