/*
 * The list of all processes that have a region, in the caller's file system tree
 * and in those of containers and services with private directories.
 *
 * One walk over /proc notes the processes of other pid namespaces, to translate the pids
 * in the names of regions, and reads the directories of each tree that it comes upon, which
 * is let go of then: there may be more of them than descriptors. No region is opened.
 */
#include "ruby_alloc/reader.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reader/diagnose.h"
#include "reader/failure.h"
#include "reader/grow.h"
#include "reader/locate.h"

/* A process of another pid namespace. */
struct foreigner {
    uint64_t pid_namespace;
    pid_t inner_pid;
    pid_t pid;
};

/* A file system tree that is not the caller's. */
struct tree {
    uint64_t mounts;
    dev_t root_device;
    ino_t root_inode;
};

/* A region, whose process is not known yet. */
struct found {
    struct ra_region_name name;
    bool is_denied;
};

/* A file already seen: many trees may show one /dev/shm. */
struct seen {
    dev_t device;
    ino_t inode;
};

struct array {
    void *items;
    size_t count;
    size_t capacity;
};

struct listing {
    uint64_t own_namespace;
    struct array foreigners;
    struct array trees;
    struct array seen;
    struct array found;
    struct array pids;
    size_t denied;
    int error; /* why the list is not whole: memory or descriptors were missing; or 0 */
};

/* Of what can't be opened, only this keeps the list from being whole. */
static void note_error(struct listing *listing, int error)
{
    if (listing->error == 0 && ra_proc_is_want(error)) {
        listing->error = error;
    }
}

static void push(struct listing *listing, struct array *array, const void *item, size_t bytes)
{
    char *items = ra_grown(array->items, &array->capacity, array->count, bytes, 16);

    if (items == NULL) {
        note_error(listing, ENOMEM);
        return;
    }
    array->items = items;
    memcpy(items + array->count++ * bytes, item, bytes);
}

/* The pid, as the caller sees it, of the process that name speaks of; 0: none. */
static pid_t translate(const struct listing *listing, const struct ra_region_name *name)
{
    const struct foreigner *foreigners = listing->foreigners.items;

    if (name->pid_namespace == listing->own_namespace) {
        return name->pid;
    }
    for (size_t i = 0; i < listing->foreigners.count; i++) {
        if (foreigners[i].pid_namespace == name->pid_namespace &&
            foreigners[i].inner_pid == name->pid) {
            return foreigners[i].pid;
        }
    }
    return 0;
}

/* Whether this file was not come across before. */
static bool is_new(struct listing *listing, const struct stat *file)
{
    const struct seen *seen = listing->seen.items;

    for (size_t i = 0; i < listing->seen.count; i++) {
        if (seen[i].device == file->st_dev && seen[i].inode == file->st_ino) {
            return false;
        }
    }
    push(listing, &listing->seen, &(struct seen){file->st_dev, file->st_ino}, sizeof(struct seen));
    return true;
}

static void list_file(struct listing *listing, int dir, const char *name)
{
    struct found found = {0};
    struct stat file;

    if (!ra_region_name_parse(name, &found.name) ||
        fstatat(dir, name, &file, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(file.st_mode) ||
        !is_new(listing, &file)) {
        return;
    }
    if (faccessat(dir, name, R_OK, AT_EACCESS) != 0) {
        if (errno != EACCES && errno != EPERM) {
            return; /* gone meanwhile */
        }
        found.is_denied = true;
    }
    push(listing, &listing->found, &found, sizeof(found));
}

static void list_entries(struct listing *listing, DIR *stream)
{
    struct dirent *entry;

    while ((entry = readdir(stream)) != NULL) {
        list_file(listing, dirfd(stream), entry->d_name);
    }
}

/* With the directories of runs in it. dir is an O_PATH descriptor, or -1; it is closed. */
static void list_directory(struct listing *listing, int dir)
{
    int readable = dir < 0 ? -1 : openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = readable < 0 ? NULL : fdopendir(readable);
    const char *name;
    DIR *run;

    if (stream != NULL) {
        list_entries(listing, stream);
        rewinddir(stream);
        while ((run = ra_locate_next_run(stream, &name)) != NULL) {
            list_entries(listing, run);
            closedir(run);
        }
        note_error(listing, errno);
        closedir(stream);
    } else {
        note_error(listing, errno);
    }
    if (stream == NULL && readable >= 0) {
        close(readable);
    }
    if (dir >= 0) {
        close(dir);
    }
}

static void list_tree(struct listing *listing, int root)
{
    const char *dirs[RA_OWN_DIRS];
    size_t count = ra_locate_own_dirs(dirs);

    for (size_t i = 0; i < count; i++) {
        if (dirs[i][0] == '/') {
            list_directory(listing, ra_locate_open_dir(root, dirs[i]));
        }
    }
}

static void list_own(struct listing *listing)
{
    const char *dirs[RA_OWN_DIRS];
    size_t count = ra_locate_own_dirs(dirs);

    for (size_t i = 0; i < count; i++) {
        list_directory(listing, open(dirs[i], O_PATH | O_DIRECTORY | O_CLOEXEC));
    }
}

static void note_foreigner(struct listing *listing, int dir, pid_t pid)
{
    uint64_t pid_namespace = ra_proc_namespace(dir, "ns/pid");
    struct ra_proc_status status;

    if (pid_namespace == 0 || pid_namespace == listing->own_namespace) {
        return;
    }
    if (!ra_proc_read_status(dir, &status)) {
        note_error(listing, errno);
        return;
    }
    push(listing, &listing->foreigners, &(struct foreigner){pid_namespace, status.inner_pid, pid},
         sizeof(struct foreigner));
}

/* Read the tree that the process sees, unless that is the caller's or was read before. */
static void note_tree(struct listing *listing, int dir)
{
    const struct tree *trees = listing->trees.items;
    struct tree tree = {.mounts = ra_proc_namespace(dir, "ns/mnt")};
    struct stat is;
    int root;

    if (!ra_locate_is_elsewhere(dir) || fstatat(dir, "root", &is, 0) != 0) {
        return;
    }
    tree.root_device = is.st_dev;
    tree.root_inode = is.st_ino;
    for (size_t i = 0; i < listing->trees.count; i++) {
        if (trees[i].mounts == tree.mounts && trees[i].root_device == tree.root_device &&
            trees[i].root_inode == tree.root_inode) {
            return;
        }
    }
    root = openat(dir, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0) {
        note_error(listing, errno);
        return;
    }
    push(listing, &listing->trees, &tree, sizeof(tree));
    list_tree(listing, root);
    close(root);
}

static void walk_processes(struct listing *listing)
{
    DIR *stream = opendir("/proc");
    pid_t pid;

    if (stream == NULL) {
        note_error(listing, errno);
        return;
    }
    while (listing->error == 0 && (pid = ra_proc_next_number(stream)) != 0) {
        int dir = ra_proc_open(pid);

        if (dir >= 0) {
            note_foreigner(listing, dir, pid);
            note_tree(listing, dir);
            close(dir);
        } else {
            note_error(listing, errno);
        }
    }
    closedir(stream);
}

/* Whose the regions are, now that all processes are known. */
static void translate_found(struct listing *listing)
{
    const struct found *found = listing->found.items;

    for (size_t i = 0; i < listing->found.count; i++) {
        pid_t pid = translate(listing, &found[i].name);

        if (pid != 0 && found[i].is_denied) {
            listing->denied++;
        } else if (pid != 0) {
            push(listing, &listing->pids, &pid, sizeof(pid));
        }
    }
}

static int compare_pids(const void *left, const void *right)
{
    pid_t a = *(const pid_t *)left;
    pid_t b = *(const pid_t *)right;

    return (a > b) - (a < b);
}

/* Sort the pids and leave each once. */
static void arrange(struct array *pids)
{
    pid_t *items = pids->items;
    size_t kept = 0;

    if (pids->count == 0) {
        return;
    }
    qsort(items, pids->count, sizeof(*items), compare_pids);
    for (size_t i = 0; i < pids->count; i++) {
        if (kept == 0 || items[kept - 1] != items[i]) {
            items[kept++] = items[i];
        }
    }
    pids->count = kept;
}

enum ra_status ruby_alloc_reader_list(pid_t **pids, size_t *count, size_t *denied,
                                      struct ra_failure *why)
{
    struct listing listing = {.own_namespace = ra_proc_namespace(AT_FDCWD, "/proc/self/ns/pid")};

    *pids = NULL;
    *count = 0;
    if (!ra_proc_is_mounted()) {
        return ra_diagnose_no_proc(why);
    }
    walk_processes(&listing);
    list_own(&listing);
    translate_found(&listing);
    arrange(&listing.pids);
    free(listing.foreigners.items);
    free(listing.trees.items);
    free(listing.seen.items);
    free(listing.found.items);
    if (listing.error != 0) {
        free(listing.pids.items);
        listing.pids = (struct array){0};
    }
    *pids = listing.pids.items;
    *count = listing.pids.count;
    if (denied != NULL) {
        *denied = listing.denied;
    }
    return listing.error == 0
               ? RA_OK
               : ra_failure_set(why, RA_SYSTEM, "the list of processes can't be read whole: %s",
                                strerror(listing.error));
}
