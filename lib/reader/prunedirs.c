/* Where to prune. */
#include "reader/prunedirs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reader/grow.h"
#include "reader/locate.h"
#include "ruby_alloc/region.h"

static bool add(struct ra_prune_dirs *dirs, const struct ra_prune_dir *dir)
{
    struct ra_prune_dir *items =
        ra_grown(dirs->items, &dirs->capacity, dirs->count, sizeof(*items), 8);

    if (items == NULL) {
        return false;
    }
    dirs->items = items;
    items[dirs->count++] = *dir;
    return true;
}

/* Whether the directory is the caller's to tidy up, and its run is over. Locks *watch then. */
static bool is_abandoned(int dir, int *watch)
{
    struct stat status;

    *watch = -1;
    if (fstat(dir, &status) != 0 || (geteuid() != 0 && status.st_uid != geteuid())) {
        return false;
    }
    *watch = openat(dir, RA_RUN_WATCH, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (*watch < 0) {
        return errno == ENOENT;
    }
    if (flock(*watch, LOCK_EX | LOCK_NB) != 0) {
        close(*watch);
        *watch = -1;
        return false;
    }
    return true;
}

static bool add_runs(struct ra_prune_dirs *dirs, size_t parent)
{
    int readable = openat(dirs->items[parent].fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = readable < 0 ? NULL : fdopendir(readable);
    bool is_good = true;
    const char *name;
    DIR *run;

    if (stream == NULL) {
        if (readable >= 0) {
            close(readable);
        }
        return true;
    }
    while (is_good && (run = ra_locate_next_run(stream, &name)) != NULL) {
        struct ra_prune_dir dir = {.parent = (int)parent};

        int length = snprintf(dir.path, sizeof(dir.path), "%s/%s", dirs->items[parent].path, name);

        if (length < (int)sizeof(dir.path) && is_abandoned(dirfd(run), &dir.watch)) {
            dir.fd = fcntl(dirfd(run), F_DUPFD_CLOEXEC, 0);
            is_good = add(dirs, &dir);
        }
        closedir(run);
    }
    closedir(stream);
    return is_good;
}

bool ra_prune_dirs_open(struct ra_prune_dirs *dirs)
{
    const char *paths[RA_OWN_DIRS];
    size_t count = ra_locate_own_dirs(paths);
    bool is_good = true;
    size_t own;

    for (size_t i = 0; is_good && i < count; i++) {
        struct ra_prune_dir dir = {.parent = -1, .watch = -1};

        dir.fd = open(paths[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dir.fd >= 0) {
            snprintf(dir.path, sizeof(dir.path), "%s", paths[i]);
            is_good = add(dirs, &dir);
        }
    }
    own = dirs->count;
    for (size_t i = 0; is_good && i < own; i++) {
        is_good = add_runs(dirs, i);
    }
    return is_good;
}

static bool sweep_entry(int dir, const char *name, uid_t *owner)
{
    struct ra_region_name parsed;
    struct stat file;

    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, RA_RUN_WATCH) == 0 ||
        fstatat(dir, name, &file, AT_SYMLINK_NOFOLLOW) != 0) {
        return false;
    }
    if (!S_ISDIR(file.st_mode)) {
        if (!S_ISREG(file.st_mode) || !ra_region_name_parse(name, &parsed)) {
            unlinkat(dir, name, 0);
        }
        return false;
    }
    if (unlinkat(dir, name, AT_REMOVEDIR) == 0 || errno == ENOENT) {
        return false;
    }
    *owner = file.st_uid;
    return true;
}

bool ra_prune_sweep_run(int dir, uid_t *owner)
{
    int readable = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = readable < 0 ? NULL : fdopendir(readable);
    struct dirent *entry;
    bool stays = false;

    if (stream == NULL) {
        if (readable >= 0) {
            close(readable);
        }
        return false;
    }
    while ((entry = readdir(stream)) != NULL) {
        stays |= sweep_entry(dir, entry->d_name, owner);
    }
    closedir(stream);
    return stays;
}

/* Backwards: those of runs come after those in which they lie. */
void ra_prune_dirs_close(struct ra_prune_dirs *dirs)
{
    while (dirs->count > 0) {
        const struct ra_prune_dir *dir = &dirs->items[--dirs->count];

        if (dir->watch >= 0) {
            unlinkat(dir->fd, RA_RUN_WATCH, 0);
            close(dir->watch);
        }
        if (dir->parent >= 0) {
            unlinkat(dirs->items[dir->parent].fd, strrchr(dir->path, '/') + 1, AT_REMOVEDIR);
        }
        close(dir->fd);
    }
    free(dirs->items);
    dirs->items = NULL;
}
