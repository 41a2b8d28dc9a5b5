/* Location: which file is the region of a process. */
#include "reader/locate.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reader/belong.h"
#include "reader/failure.h"
#include "ruby_alloc/region.h"

/* One search: for whom, and the best that was found so far. */
struct search {
    const struct ra_target *target;
    bool living; /* the owner must be the process's */
    struct ra_place *place;
    struct ra_failure *why;
    enum ra_status status;
};

/* A decimal number as printf writes it, at *text. */
static bool parse_number(const char **text, uint64_t *number)
{
    char *end;
    char written[24];

    if (**text < '0' || **text > '9') {
        return false;
    }
    *number = strtoull(*text, &end, 10);
    snprintf(written, sizeof(written), "%" PRIu64, *number);
    if ((size_t)(end - *text) != strlen(written) || memcmp(*text, written, strlen(written)) != 0) {
        return false;
    }
    *text = end;
    return true;
}

bool ra_region_name_parse(const char *name, struct ra_region_name *parsed)
{
    uint64_t pid;

    if (strncmp(name, RA_REGION_PREFIX, strlen(RA_REGION_PREFIX)) != 0) {
        return false;
    }
    name += strlen(RA_REGION_PREFIX);
    if (!parse_number(&name, &pid) || pid == 0 || pid > INT32_MAX || *name++ != '.' ||
        !parse_number(&name, &parsed->start_ticks) || *name++ != '.' ||
        !parse_number(&name, &parsed->pid_namespace)) {
        return false;
    }
    parsed->pid = (pid_t)pid;
    return *name == '\0';
}

void ra_target_open(struct ra_target *target, pid_t pid)
{
    memset(target, 0, sizeof(*target));
    target->pid = pid;
    target->memory_dir = -1;
    target->dir = ra_proc_open(pid);
    if (target->dir < 0 || !ra_proc_read_status(target->dir, &target->status) ||
        !ra_proc_read_start(target->dir, &target->start_ticks)) {
        target->error = ra_proc_is_want(errno) ? errno : 0;
        ra_target_close(target);
        return;
    }
    if (!ra_proc_is_alive(&target->status)) {
        ra_target_close(target);
        return;
    }
    target->memory_dir = target->dir;
    ra_target_follow(target);
    target->pid_namespace = ra_proc_namespace(target->dir, "ns/pid");
    if (target->pid_namespace == 0 && target->status.pid_depth == 1) {
        target->pid_namespace = ra_proc_namespace(AT_FDCWD, "/proc/self/ns/pid");
    }
}

void ra_target_follow(struct ra_target *target)
{
    int thread = target->status.state == 'Z' ? ra_proc_open_thread(target->dir) : -1;

    if (target->memory_dir != target->dir) {
        close(target->memory_dir);
    }
    target->memory_dir = thread >= 0 ? thread : target->dir;
}

void ra_target_close(struct ra_target *target)
{
    if (target->memory_dir >= 0 && target->memory_dir != target->dir) {
        close(target->memory_dir);
    }
    if (target->dir >= 0) {
        close(target->dir);
    }
    target->dir = -1;
    target->memory_dir = -1;
}

static const char *type_name(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFDIR:
        return "a directory";
    case S_IFIFO:
        return "a FIFO";
    case S_IFLNK:
        return "a symbolic link";
    case S_IFSOCK:
        return "a socket";
    default:
        return "a device";
    }
}

static void refuse_owner(struct search *search, const struct ra_place *place, const char *cure)
{
    const struct ra_target *target = search->target;

    if (ra_belong_is_owner(target, place)) {
        search->status = ra_failure_set(search->why, RA_DAMAGED,
                                        "region %s is of another process than %d, by what is in "
                                        "it: %s",
                                        place->path, (int)target->pid, cure);
        return;
    }
    search->status = ra_failure_set(
        search->why, RA_DAMAGED,
        "region %s belongs to user %u, expected %u, the user of process %d: %s", place->path,
        (unsigned)place->file.st_uid, (unsigned)target->status.uids[1], (int)target->pid, cure);
}

/* Whether the file at a region's name can be one; if not, the message says why. */
static bool is_acceptable(struct search *search, const struct ra_place *place,
                          const struct ra_region_name *name)
{
    const char *cure = "remove it and restart the process";
    const struct stat *file = &place->file;

    if (!S_ISREG(file->st_mode)) {
        search->status =
            ra_failure_set(search->why, RA_DAMAGED, "region %s is %s, expected a regular file: %s",
                           place->path, type_name(file->st_mode), cure);
        return false;
    }
    if (file->st_nlink > 1) {
        search->status = ra_failure_set(search->why, RA_DAMAGED,
                                        "region %s has %ju names (hard links), expected 1: %s",
                                        place->path, (uintmax_t)file->st_nlink, cure);
        return false;
    }
    if (search->living && !ra_belong_is_region(search->target, place)) {
        refuse_owner(search, place, cure);
        return false;
    }
    if (!search->living && !ra_belong_is_named(place, name)) {
        search->status = ra_failure_set(search->why, RA_DAMAGED,
                                        "region %s is of another process, by what is in it: "
                                        "remove it",
                                        place->path);
        return false;
    }
    return true;
}

/* What could not be opened for want of descriptors may be there all the same. */
static void note_want(struct search *search)
{
    if (ra_proc_is_want(errno)) {
        search->status = ra_failure_set(search->why, RA_SYSTEM,
                                        "the region of process %d can't be looked for: %s",
                                        (int)search->target->pid, strerror(errno));
    }
}

/* Take the file at fd (closed unless it is taken), found as place->path says. */
static bool take(struct search *search, int fd, const struct ra_region_name *name,
                 struct ra_place *found)
{
    struct ra_place *place = search->place;

    found->fd = fd;
    if (fd < 0) {
        note_want(search);
    }
    if (fd < 0 || fstat(fd, &found->file) != 0 || found->file.st_nlink == 0 ||
        !is_acceptable(search, found, name)) {
        if (fd >= 0) {
            close(fd);
        }
        return false;
    }
    if (place->fd >= 0) {
        close(place->fd);
    }
    *place = *found;
    search->status = RA_OK;
    return true;
}

/* Look at name in dir (shown as prefix and path). Returns true when it is taken. */
static bool examine(struct search *search, int dir, const char *prefix, const char *path,
                    const char *name)
{
    struct ra_region_name parsed = {0};
    struct ra_place found;
    int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

    snprintf(found.path, sizeof(found.path), "%s%s/%s", prefix, path, name);
    ra_region_name_parse(name, &parsed);
    return take(search, fd, &parsed, &found);
}

static bool examine_in(struct search *search, int root, const char *prefix, const char *path,
                       const char *name)
{
    int dir;
    bool taken;

    if (path == NULL || *path != '/') {
        return false;
    }
    dir = ra_locate_open_dir(root, path);
    if (dir < 0) {
        note_want(search);
        return false;
    }
    taken = examine(search, dir, prefix, path, name);
    close(dir);
    return taken;
}

/* A search among the mappings of a process. */
struct mapping_search {
    struct search *search;
    int root;
    const char *prefix;
    bool is_taken;
};

/* By the mapping, for root: no mount stands before that file. Else by its path. */
static bool examine_map(const struct ra_smap *map, void *context)
{
    struct mapping_search *among = context;
    struct search *search = among->search;
    const char *slash = strrchr(map->path, '/');
    struct ra_region_name parsed;
    struct ra_place found;
    char dir[PATH_MAX];

    if (slash == NULL || !ra_region_name_parse(slash + 1, &parsed) ||
        parsed.pid != search->target->status.inner_pid || slash - map->path >= PATH_MAX) {
        return true;
    }
    snprintf(found.path, sizeof(found.path), "%s%s", among->prefix, map->path);
    snprintf(dir, sizeof(dir), "%.*s", (int)(slash - map->path), map->path);
    among->is_taken = take(search, ra_belong_open(search->target, map), &parsed, &found) ||
                      examine_in(search, among->root, among->prefix, dir, slash + 1);
    return !among->is_taken;
}

/* The region that the process has mapped, wherever that lies. */
static bool examine_mapped(struct search *search, int root, const char *prefix)
{
    struct mapping_search among = {search, root, prefix, false};

    errno = -ra_smaps_walk(search->target->memory_dir, "maps", examine_map, &among);
    if (!among.is_taken) {
        note_want(search);
    }
    return among.is_taken;
}

static bool examine_tree(struct search *search, int root, const char *prefix)
{
    const struct ra_target *target = search->target;
    char name[96];
    size_t bytes = 0;
    char *environment = ra_proc_slurp(target->memory_dir, "environ", &bytes);
    const char *text = environment == NULL ? "" : environment;
    const char *dirs[] = {
        ra_proc_variable(text, bytes, "RUBY_ALLOC_DIR"),
        RA_DEFAULT_DIR,
        ra_proc_variable(text, bytes, "XDG_RUNTIME_DIR"),
        getenv("XDG_RUNTIME_DIR"),
        "/tmp",
    };
    bool taken = false;

    snprintf(name, sizeof(name), RA_REGION_PREFIX "%d.%" PRIu64 ".%" PRIu64,
             (int)target->status.inner_pid, target->start_ticks, target->pid_namespace);
    for (size_t i = 0; !taken && i < sizeof(dirs) / sizeof(dirs[0]); i++) {
        taken = examine_in(search, root, prefix, dirs[i], name);
    }
    free(environment);
    return taken || examine_mapped(search, root, prefix);
}

static bool examine_own_dir(struct search *search)
{
    const struct ra_target *target = search->target;
    const char *path = getenv("RUBY_ALLOC_DIR");
    char name[96];
    int dir;
    bool taken;

    if (path == NULL || *path == '\0') {
        return false;
    }
    dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0) {
        return false;
    }
    snprintf(name, sizeof(name), RA_REGION_PREFIX "%d.%" PRIu64 ".%" PRIu64,
             (int)target->status.inner_pid, target->start_ticks, target->pid_namespace);
    taken = examine(search, dir, "", path, name);
    close(dir);
    return taken;
}

enum ra_status ra_locate_living(const struct ra_target *target, struct ra_place *place,
                                struct ra_failure *why)
{
    struct search search = {target, true, place, why, RA_NO_REGION};
    char prefix[32];
    int root = -1;
    bool taken;

    place->fd = -1;
    taken = examine_own_dir(&search);
    if (!taken && ra_locate_is_elsewhere(target->memory_dir)) {
        snprintf(prefix, sizeof(prefix), "/proc/%d/root", (int)target->pid);
        root = openat(target->memory_dir, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
        taken = root >= 0 && examine_tree(&search, root, prefix);
        if (root >= 0) {
            close(root);
        }
    }
    if (!taken) {
        root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        taken = root >= 0 && examine_tree(&search, root, "");
        if (root < 0) {
            note_want(&search);
        }
        if (root >= 0) {
            close(root);
        }
    }
    return search.status;
}

enum ra_status ra_locate_left_at(const struct ra_target *target, const char *path, bool is_run,
                                 const char *name, struct ra_place *place, struct ra_failure *why)
{
    struct search search = {target, false, place, why, RA_NO_REGION};
    int dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC | (is_run ? O_NOFOLLOW : 0));

    place->fd = -1;
    if (dir >= 0) {
        examine(&search, dir, "", path, name);
        close(dir);
    }
    return search.status;
}

/* Take the newest of the regions in an open directory that have the target's pid. */
static void examine_left_in(struct search *search, DIR *stream, const char *path,
                            uint64_t pid_namespace, uint64_t *newest)
{
    const struct ra_target *target = search->target;
    struct dirent *entry;

    while ((entry = readdir(stream)) != NULL) {
        struct ra_region_name parsed;

        if (!ra_region_name_parse(entry->d_name, &parsed) || parsed.pid != target->pid ||
            parsed.pid_namespace != pid_namespace ||
            (target->dir >= 0 && parsed.start_ticks == target->start_ticks) ||
            (search->place->fd >= 0 && parsed.start_ticks <= *newest)) {
            continue;
        }
        if (examine(search, dirfd(stream), "", path, entry->d_name)) {
            *newest = parsed.start_ticks;
        }
    }
}

/* The same in the directory at path and in those of runs in it. */
static void examine_left(struct search *search, const char *path, uint64_t pid_namespace,
                         uint64_t *newest)
{
    DIR *stream = opendir(path);
    const char *name;
    DIR *run;

    if (stream == NULL) {
        note_want(search);
        return;
    }
    examine_left_in(search, stream, path, pid_namespace, newest);
    rewinddir(stream);
    while ((run = ra_locate_next_run(stream, &name)) != NULL) {
        char run_path[PATH_MAX];

        snprintf(run_path, sizeof(run_path), "%s/%s", path, name);
        examine_left_in(search, run, run_path, pid_namespace, newest);
        closedir(run);
    }
    note_want(search);
    closedir(stream);
}

enum ra_status ra_locate_left(const struct ra_target *target, struct ra_place *place,
                              struct ra_failure *why)
{
    struct search search = {target, false, place, why, RA_NO_REGION};
    uint64_t pid_namespace = ra_proc_namespace(AT_FDCWD, "/proc/self/ns/pid");
    const char *dirs[RA_OWN_DIRS];
    size_t count = ra_locate_own_dirs(dirs);
    uint64_t newest = 0;

    place->fd = -1;
    for (size_t i = 0; i < count; i++) {
        examine_left(&search, dirs[i], pid_namespace, &newest);
    }
    return place->fd >= 0 ? RA_OK : search.status;
}
