/*
 * The list of all processes that have a region, in the caller's file system tree
 * and in those of containers and services with private directories.
 *
 * One walk over /proc notes the processes of other pid namespaces, to translate the
 * pids in the names of regions, and reads the directories of each tree that it comes
 * upon, which is let go of then: there may be more of them than descriptors. Each
 * directory is read once, however many trees show it. Of a region no more is looked
 * at than its first bytes: what anybody can put there under a region's name costs a
 * few system calls, and no wait.
 */
#include "reader/list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "reader/diagnose.h"
#include "reader/failure.h"
#include "reader/grow.h"
#include "reader/session.h"
#include "ruby_alloc/region.h"

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

/* A directory that was read: many trees may show one /dev/shm. */
struct seen {
    dev_t device;
    ino_t inode;
};

/* A file with a region's name: also one that a bind mount shows again. */
struct file {
    dev_t device;
    ino_t inode;
    size_t order; /* in which they were found */
    struct ra_region_name name;
    struct ra_listed listed;
    time_t changed;
    int looks; /* like a region: 1, 0; -1: it may not be read */
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
    struct array files;
    struct array directories; /* struct ra_listed_directory */
    bool is_own_tree;         /* the directory that is read */
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

static int compare_foreigners(const void *left, const void *right)
{
    const struct foreigner *a = left;
    const struct foreigner *b = right;

    if (a->pid_namespace != b->pid_namespace) {
        return a->pid_namespace < b->pid_namespace ? -1 : 1;
    }
    return (a->inner_pid > b->inner_pid) - (a->inner_pid < b->inner_pid);
}

/* The pid, as the caller sees it, of the process that name speaks of; 0: none. */
static pid_t translate(const struct listing *listing, const struct ra_region_name *name)
{
    struct foreigner sought = {name->pid_namespace, name->pid, 0};
    const struct foreigner *found;

    if (name->pid_namespace == listing->own_namespace) {
        return name->pid;
    }
    found = listing->foreigners.count == 0
                ? NULL
                : bsearch(&sought, listing->foreigners.items, listing->foreigners.count,
                          sizeof(sought), compare_foreigners);
    return found == NULL ? 0 : found->pid;
}

/* Whether this directory was not read before. */
static bool is_new(struct listing *listing, int dir)
{
    const struct seen *seen = listing->seen.items;
    struct stat file;

    if (fstat(dir, &file) != 0) {
        return false;
    }
    for (size_t i = 0; i < listing->seen.count; i++) {
        if (seen[i].device == file.st_dev && seen[i].inode == file.st_ino) {
            return false;
        }
    }
    push(listing, &listing->seen, &(struct seen){file.st_dev, file.st_ino}, sizeof(struct seen));
    return true;
}

int ra_list_looks_like_region(int dir, const char *name, const struct stat *status)
{
    const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    struct ra_header header = {0};
    const size_t bytes = offsetof(struct ra_header, ready) + sizeof(header.ready);
    int file;
    int found;

    if (status->st_size < (off_t)sizeof(header)) {
        return 0;
    }
    file = openat(dir, name, flags);
    if (file < 0) {
        return errno == EACCES || errno == EPERM ? -1 : 0;
    }
    found = pread(file, &header, bytes, 0) == (ssize_t)bytes && header.ready != 0 &&
            memcmp(header.magic, RA_REGION_MAGIC, sizeof(header.magic)) == 0;
    close(file);
    return found;
}

static void list_file(struct listing *listing, int dir, const char *name)
{
    struct file file = {.order = listing->files.count};
    struct stat status;

    if (!ra_region_name_parse(name, &file.name) ||
        fstatat(dir, name, &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(status.st_mode)) {
        return;
    }
    file.device = status.st_dev;
    file.inode = status.st_ino;
    file.changed = status.st_ctime;
    errno = 0;
    file.looks = ra_list_looks_like_region(dir, name, &status);
    if (file.looks == 0) {
        note_error(listing, errno);
    }
    file.listed.start_ticks = file.name.start_ticks;
    file.listed.directory = listing->directories.count - 1;
    file.listed.is_left = listing->is_own_tree && file.name.pid_namespace == listing->own_namespace;
    push(listing, &listing->files, &file, sizeof(file));
}

static void list_entries(struct listing *listing, DIR *stream, const char *path, const char *run)
{
    struct ra_listed_directory directory = {.is_run = run != NULL};
    struct dirent *entry;
    int length =
        asprintf(&directory.path, "%s%s%s", path, run == NULL ? "" : "/", run == NULL ? "" : run);
    size_t before = listing->directories.count;

    if (length >= 0) {
        push(listing, &listing->directories, &directory, sizeof(directory));
    }
    if (listing->directories.count == before) {
        note_error(listing, ENOMEM);
        return;
    }
    while ((entry = readdir(stream)) != NULL) {
        list_file(listing, dirfd(stream), entry->d_name);
    }
}

/* With the directories of runs in it. dir is an O_PATH descriptor, or -1; it is closed. */
static void list_directory(struct listing *listing, int dir, const char *path)
{
    int readable;
    DIR *stream;
    const char *name;
    DIR *run;

    if (dir < 0) {
        note_error(listing, errno);
        return;
    }
    if (!is_new(listing, dir)) {
        close(dir);
        return;
    }
    readable = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    stream = readable < 0 ? NULL : fdopendir(readable);
    if (stream == NULL) {
        note_error(listing, errno);
    }
    if (stream != NULL) {
        list_entries(listing, stream, path, NULL);
        rewinddir(stream);
        while ((run = ra_locate_next_run(stream, &name)) != NULL) {
            list_entries(listing, run, path, name);
            closedir(run);
        }
        closedir(stream);
    } else if (readable >= 0) {
        close(readable);
    }
    close(dir);
}

/* The caller's own first: a file is listed where it was found first. */
static void list_own(struct listing *listing)
{
    const char *dirs[RA_OWN_DIRS];
    size_t count = ra_locate_own_dirs(dirs);

    listing->is_own_tree = true;
    for (size_t i = 0; i < count; i++) {
        list_directory(listing, open(dirs[i], O_PATH | O_DIRECTORY | O_CLOEXEC), dirs[i]);
    }
    listing->is_own_tree = false;
}

static void list_tree(struct listing *listing, int root)
{
    const char *dirs[RA_OWN_DIRS];
    size_t count = ra_locate_own_dirs(dirs);

    for (size_t i = 0; i < count; i++) {
        if (dirs[i][0] == '/') {
            list_directory(listing, ra_locate_open_dir(root, dirs[i]), dirs[i]);
        }
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

/* Whether a process is making this region just now: it lives, and the file is of this second. */
static bool is_being_made(const struct file *file)
{
    const int64_t longest_seconds = 1;
    uint64_t start_ticks = 0;
    int dir;

    if (file->listed.pid == 0 || time(NULL) - file->changed > longest_seconds) {
        return false;
    }
    dir = ra_proc_open(file->listed.pid);
    if (dir < 0) {
        return false;
    }
    if (!ra_proc_read_start(dir, &start_ticks)) {
        start_ticks = 0;
    }
    close(dir);
    return start_ticks == file->listed.start_ticks;
}

static int compare_files(const void *left, const void *right)
{
    const struct file *a = left;
    const struct file *b = right;

    if (a->device != b->device) {
        return a->device < b->device ? -1 : 1;
    }
    if (a->inode != b->inode) {
        return a->inode < b->inode ? -1 : 1;
    }
    return (a->order > b->order) - (a->order < b->order);
}

/* Ascending by pid; those of one pid: what is made just now last, else the newest first. */
static int compare_listed(const void *left, const void *right)
{
    const struct ra_listed *a = left;
    const struct ra_listed *b = right;

    if (a->pid != b->pid) {
        return a->pid < b->pid ? -1 : 1;
    }
    if (a->is_unready != b->is_unready) {
        return a->is_unready ? 1 : -1;
    }
    return (a->start_ticks < b->start_ticks) - (a->start_ticks > b->start_ticks);
}

/* Into the list, now that all processes are known, or to what is only counted. */
static void take_file(const struct listing *listing, struct ra_list *list, struct file *file)
{
    struct ra_listed *listed = &file->listed;

    listed->pid = translate(listing, &file->name);
    listed->is_unready = file->looks == 0 && is_being_made(file);
    if (file->looks == 0 && !listed->is_unready) {
        list->strangers++;
    } else if (listed->pid != 0 && file->looks < 0) {
        list->denied++;
    } else if (listed->pid != 0) {
        list->regions[list->count++] = *listed;
    }
}

/* Put each file into the list once. */
static void arrange(struct listing *listing, struct ra_list *list)
{
    struct file *files = listing->files.items;
    size_t count = listing->files.count;

    list->regions = calloc(count + 1, sizeof(*list->regions));
    if (list->regions == NULL) {
        note_error(listing, ENOMEM);
        return;
    }
    if (count > 0) {
        qsort(files, count, sizeof(*files), compare_files);
    }
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && files[i].device == files[i - 1].device &&
            files[i].inode == files[i - 1].inode) {
            continue;
        }
        take_file(listing, list, &files[i]);
    }
    if (list->count > 0) {
        qsort(list->regions, list->count, sizeof(*list->regions), compare_listed);
    }
}

static void release(struct listing *listing)
{
    free(listing->foreigners.items);
    free(listing->trees.items);
    free(listing->seen.items);
    free(listing->files.items);
}

enum ra_status ra_list_make(struct ra_list *list, struct ra_failure *why)
{
    struct listing listing = {.own_namespace = ra_proc_namespace(AT_FDCWD, "/proc/self/ns/pid")};

    memset(list, 0, sizeof(*list));
    list->pid_namespace = listing.own_namespace;
    if (!ra_proc_is_mounted()) {
        return ra_diagnose_no_proc(why);
    }
    list_own(&listing);
    walk_processes(&listing);
    if (listing.foreigners.count > 0) {
        qsort(listing.foreigners.items, listing.foreigners.count, sizeof(struct foreigner),
              compare_foreigners);
    }
    list->directories = listing.directories.items;
    list->directory_count = listing.directories.count;
    arrange(&listing, list);
    release(&listing);
    if (listing.error != 0) {
        ra_list_release(list);
        return ra_failure_set(why, RA_SYSTEM, "the list of processes can't be read whole: %s",
                              strerror(listing.error));
    }
    return RA_OK;
}

enum ra_status ruby_alloc_reader_list(pid_t **pids, size_t *count, size_t *denied,
                                      struct ra_failure *why)
{
    struct ra_list list;
    enum ra_status status = ra_list_make(&list, why);
    size_t kept = 0;

    *pids = NULL;
    *count = 0;
    if (status != RA_OK) {
        return status;
    }
    if (denied != NULL) {
        *denied = list.denied;
    }
    if (list.count > 0) {
        *pids = calloc(list.count, sizeof(**pids));
        status = *pids == NULL ? ra_failure_set(why, RA_SYSTEM, "no memory for the list") : RA_OK;
    }
    for (size_t i = 0; *pids != NULL && i < list.count; i = ra_list_next(&list, i)) {
        (*pids)[kept++] = list.regions[i].pid;
    }
    *count = kept;
    ra_list_release(&list);
    return status;
}
