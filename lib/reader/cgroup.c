/* Control groups: how much memory a process may have. */
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

/* The two kinds of hierarchies, and where each keeps its limit. */
struct kind {
    const char *type; /* of the file system */
    const char *file;
};

static const struct kind version_1 = {"cgroup", "memory.limit_in_bytes"};
static const struct kind version_2 = {"cgroup2", "memory.max"};

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
            is_it = kind == &version_2 ? strncmp(line, "0::", 3) == 0
                                       : has_word(words + 1, (size_t)(where - words - 1), "memory");
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
           (kind == &version_2 || has_word(options, strlen(options), "memory"));
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

static int64_t read_limit(const char *dir, const char *file)
{
    char path[2 * PATH_MAX + 64];
    char text[64];
    char *end;
    int64_t bytes;

    snprintf(path, sizeof(path), "%s/%s", dir, file);
    if (ra_proc_read(AT_FDCWD, path, text, sizeof(text)) <= 0) {
        return RA_UNKNOWN;
    }
    errno = 0;
    bytes = strtoll(text, &end, 10);
    return end == text || errno != 0 || bytes < 0 || bytes > no_limit ? RA_UNKNOWN : bytes;
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

static int64_t limit_of(const char *groups, const char *mounts, const struct kind *kind)
{
    char path[PATH_MAX];
    char root[PATH_MAX];
    char point[PATH_MAX];
    char dir[2 * PATH_MAX];
    const char *rest;
    int64_t limit = RA_UNKNOWN;

    if (!find_group(groups, kind, path) || !find_mount(mounts, kind, root, point)) {
        return RA_UNKNOWN;
    }
    rest = below(path, root);
    snprintf(dir, sizeof(dir), "%s%s", point, rest == NULL ? "" : rest);
    for (size_t length = strlen(dir); length >= strlen(point);) {
        char *slash;

        limit = smaller(limit, read_limit(dir, kind->file));
        slash = strrchr(dir, '/');
        if (slash == NULL) {
            break;
        }
        *slash = '\0';
        length = (size_t)(slash - dir);
    }
    return limit;
}

int64_t ra_cgroup_limit_in(const char *groups, const char *mounts)
{
    return smaller(limit_of(groups, mounts, &version_1), limit_of(groups, mounts, &version_2));
}

int64_t ra_cgroup_limit(int proc_dir)
{
    size_t bytes;
    char *groups = ra_proc_slurp(proc_dir, "cgroup", &bytes);
    char *mounts = ra_proc_slurp(AT_FDCWD, "/proc/self/mountinfo", &bytes);
    int64_t limit =
        groups == NULL || mounts == NULL ? RA_UNKNOWN : ra_cgroup_limit_in(groups, mounts);

    free(groups);
    free(mounts);
    return limit;
}
