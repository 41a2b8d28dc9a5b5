/* Control groups: how much memory a process may have, and how many tasks. */
#include "reader/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reader/proc.h"
#include "ruby_alloc/report.h"

/* Version 1 says "no limit" by the largest number of whole pages; no machine has so much. */
static const int64_t no_limit = INT64_MAX / 2;

/* The two kinds of hierarchies, and where each keeps its limit of what. */
struct kind {
    const char *type;       /* of the file system */
    const char *controller; /* by which version 1 tells them apart; NULL: version 2 */
    const char *file;
};

static const struct kind memory_1 = {"cgroup", "memory", "memory.limit_in_bytes"};
static const struct kind memory_2 = {"cgroup2", NULL, "memory.max"};
static const struct kind tasks_1 = {"cgroup", "pids", "pids.max"};
static const struct kind tasks_2 = {"cgroup2", NULL, "pids.max"};

/* Whether a list of words, parted by commas, up to a colon, has this one. */
static bool has_word(const char *list, size_t length, const char *word)
{
    size_t bytes = strlen(word);

    for (const char *at = list; at < list + length;) {
        size_t part = strcspn(at, ",:\n ");

        if (part == bytes && memcmp(at, word, bytes) == 0) {
            return true;
        }
        at += part + 1;
    }
    return false;
}

/* The process's path in the hierarchy: "4:memory:/path", or "0::/path" of version 2. */
static bool find_group(const char *groups, const struct kind *kind, char path[PATH_MAX])
{
    for (const char *line = groups; *line != '\0'; line += *line == '\n') {
        size_t length = strcspn(line, "\n");
        const char *words = memchr(line, ':', length);
        const char *where = words == NULL ? NULL : strchr(words + 1, ':');
        bool is_it = false;

        if (where != NULL && where < line + length) {
            is_it = kind->controller == NULL
                        ? strncmp(line, "0::", 3) == 0
                        : has_word(words + 1, (size_t)(where - words - 1), kind->controller);
        }
        if (is_it && line + length - where - 1 < PATH_MAX) {
            memcpy(path, where + 1, (size_t)(line + length - where - 1));
            path[line + length - where - 1] = '\0';
            return true;
        }
        line += length;
    }
    return false;
}

/* A line of mountinfo: its fourth and fifth words, and what follows " - ". */
static bool parse_mount(const char *line, const struct kind *kind, char root[PATH_MAX],
                        char point[PATH_MAX])
{
    char type[64];
    char options[512];
    const char *rest = strstr(line, " - ");

    _Static_assert(PATH_MAX == 4096, "the widths below are one less");
    return rest != NULL && sscanf(line, "%*s %*s %*s %4095s %4095s", root, point) == 2 &&
           sscanf(rest, " - %63s %*s %511s", type, options) == 2 && strcmp(type, kind->type) == 0 &&
           (kind->controller == NULL || has_word(options, strlen(options), kind->controller));
}

static bool find_mount(const char *mounts, const struct kind *kind, char root[PATH_MAX],
                       char point[PATH_MAX])
{
    for (const char *at = mounts; *at != '\0'; at += *at == '\n') {
        size_t length = strcspn(at, "\n");
        char *line = strndup(at, length);
        bool is_it = line != NULL && parse_mount(line, kind, root, point);

        free(line);
        if (is_it) {
            return true;
        }
        at += length;
    }
    return false;
}

/* A number; "max" is none. */
static int64_t read_limit(const char *dir, const char *file)
{
    char path[2 * PATH_MAX + 64];
    char text[64];
    char *end;
    int64_t limit;

    snprintf(path, sizeof(path), "%s/%s", dir, file);
    if (ra_proc_read(AT_FDCWD, path, text, sizeof(text)) <= 0) {
        return RA_UNKNOWN;
    }
    errno = 0;
    limit = strtoll(text, &end, 10);
    return end == text || errno != 0 || limit < 0 || limit > no_limit ? RA_UNKNOWN : limit;
}

static int64_t smaller(int64_t left, int64_t right)
{
    if (left == RA_UNKNOWN || right == RA_UNKNOWN) {
        return left == RA_UNKNOWN ? right : left;
    }
    return left < right ? left : right;
}

/* What lies below the mount's root in a group's path, or NULL: it is not to be seen there. */
static const char *below(const char *path, const char *root)
{
    size_t length = strcmp(root, "/") == 0 ? 0 : strlen(root);

    return path[0] == '/' && strstr(path, "/../") == NULL && strcmp(path, "/..") != 0 &&
                   strncmp(path, root, length) == 0 && (path[length] == '/' || path[length] == '\0')
               ? path + length
               : NULL;
}

/* Called for each group of a process, from its own up to the top one that is seen from here. */
typedef void visit_group(const char *dir, const struct kind *kind, void *context);

static void walk(const char *groups, const char *mounts, const struct kind *kind,
                 visit_group *visit, void *context)
{
    char path[PATH_MAX];
    char root[PATH_MAX];
    char point[PATH_MAX];
    char dir[2 * PATH_MAX];
    const char *rest;

    if (!find_group(groups, kind, path) || !find_mount(mounts, kind, root, point)) {
        return;
    }
    rest = below(path, root);
    snprintf(dir, sizeof(dir), "%s%s", point, rest == NULL ? "" : rest);
    for (size_t length = strlen(dir); length >= strlen(point);) {
        char *slash;

        visit(dir, kind, context);
        slash = strrchr(dir, '/');
        if (slash == NULL) {
            break;
        }
        *slash = '\0';
        length = (size_t)(slash - dir);
    }
}

static void take_limit(const char *dir, const struct kind *kind, void *context)
{
    int64_t *limit = context;

    *limit = smaller(*limit, read_limit(dir, kind->file));
}

static void take_tasks(const char *dir, const struct kind *kind, void *context)
{
    struct ra_cgroup_tasks *tasks = context;
    int64_t limit = read_limit(dir, kind->file);
    int64_t used = read_limit(dir, "pids.current");

    if (limit != RA_UNKNOWN && used != RA_UNKNOWN &&
        (tasks->limit == RA_UNKNOWN || limit - used < tasks->limit - tasks->used)) {
        *tasks = (struct ra_cgroup_tasks){used, limit};
    }
}

int64_t ra_cgroup_limit_in(const char *groups, const char *mounts)
{
    int64_t limit = RA_UNKNOWN;

    walk(groups, mounts, &memory_1, take_limit, &limit);
    walk(groups, mounts, &memory_2, take_limit, &limit);
    return limit;
}

struct ra_cgroup_tasks ra_cgroup_tasks_in(const char *groups, const char *mounts)
{
    struct ra_cgroup_tasks tasks = {RA_UNKNOWN, RA_UNKNOWN};

    walk(groups, mounts, &tasks_1, take_tasks, &tasks);
    walk(groups, mounts, &tasks_2, take_tasks, &tasks);
    return tasks;
}

/* The two texts that a process's groups are found by; to be freed. False: not to be read. */
static bool take_texts(int proc_dir, char **groups, char **mounts)
{
    size_t bytes;

    *groups = ra_proc_slurp(proc_dir, "cgroup", &bytes);
    *mounts = ra_proc_slurp(AT_FDCWD, "/proc/self/mountinfo", &bytes);
    return *groups != NULL && *mounts != NULL;
}

int64_t ra_cgroup_limit(int proc_dir)
{
    char *groups, *mounts;
    int64_t limit =
        take_texts(proc_dir, &groups, &mounts) ? ra_cgroup_limit_in(groups, mounts) : RA_UNKNOWN;

    free(groups);
    free(mounts);
    return limit;
}

struct ra_cgroup_tasks ra_cgroup_tasks(int proc_dir)
{
    char *groups, *mounts;
    struct ra_cgroup_tasks tasks = {RA_UNKNOWN, RA_UNKNOWN};

    if (take_texts(proc_dir, &groups, &mounts)) {
        tasks = ra_cgroup_tasks_in(groups, mounts);
    }
    free(groups);
    free(mounts);
    return tasks;
}
