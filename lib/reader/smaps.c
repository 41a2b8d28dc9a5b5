/* The mappings of a process with what the kernel tells of each. */
#include "reader/smaps.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ruby_alloc/report.h"

struct walk {
    struct ra_smap map;
    char *path; /* owned */
    bool is_open;
    bool goes_on;
    int count;
    bool (*visit)(const struct ra_smap *, void *);
    void *context;
};

void ra_smap_sizes_clear(struct ra_proc_rollup *sizes)
{
#define CLEAR_SIZE(field, name) sizes->name = RA_UNKNOWN;
    RA_SMAP_SIZES(CLEAR_SIZE)
}

static int64_t add(int64_t left, int64_t right)
{
    int64_t sum;

    return left == RA_UNKNOWN || right == RA_UNKNOWN || __builtin_add_overflow(left, right, &sum)
               ? RA_UNKNOWN
               : sum;
}

void ra_smap_sizes_add(struct ra_proc_rollup *sum, const struct ra_proc_rollup *more)
{
#define ADD_SIZE(field, name) sum->name = add(sum->name, more->name);
    RA_SMAP_SIZES(ADD_SIZE)
}

/* Hand on the mapping that was read, its sizes included. */
static void finish(struct walk *walk)
{
    if (walk->is_open && walk->goes_on) {
        walk->map.path = walk->path;
        walk->goes_on = walk->visit(&walk->map, walk->context);
        walk->count += walk->count < INT_MAX;
    }
    free(walk->path);
    walk->path = NULL;
    walk->is_open = false;
}

static bool begin(struct walk *walk, const char *line)
{
    struct ra_smap *map = &walk->map;
    int path_at = 0;

    ra_smap_sizes_clear(&map->sizes);
    if (sscanf(line,
               "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %" SCNx32 ":%" SCNx32 " %" SCNu64 " %n",
               &map->start, &map->end, map->access, &map->offset, &map->device_major,
               &map->device_minor, &map->inode, &path_at) != 7 ||
        path_at == 0 || strlen(map->access) != 4 || map->end <= map->start) {
        return true;
    }
    walk->path = strdup(line + path_at);
    walk->is_open = walk->path != NULL;
    return walk->is_open;
}

static void take_size(struct walk *walk, const char *line)
{
    static const struct {
        const char *field;
        size_t offset;
    } sizes[] = {
#define SIZE_ROW(field, name) {#field ":", offsetof(struct ra_proc_rollup, name)},
        RA_SMAP_SIZES(SIZE_ROW)
#undef SIZE_ROW
    };

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        size_t length = strlen(sizes[i].field);
        int64_t kilobytes;

        if (strncmp(line, sizes[i].field, length) != 0) {
            continue;
        }
        kilobytes = strtoll(line + length, NULL, 10);
        kilobytes = kilobytes < 0 || kilobytes > INT64_MAX / 1024 ? RA_UNKNOWN : kilobytes * 1024;
        memcpy((char *)&walk->map.sizes + sizes[i].offset, &kilobytes, sizeof(kilobytes));
    }
}

/* Addresses begin in small hexadecimal digits, the kernel's names of sizes in capitals. */
static bool is_heading(const char *line)
{
    return strchr("0123456789abcdef", *line) != NULL && *line != '\0';
}

int ra_smaps_walk(int dir, const char *name, bool (*visit)(const struct ra_smap *, void *context),
                  void *context)
{
    struct walk walk = {.goes_on = true, .visit = visit, .context = context};
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
    FILE *stream = fd < 0 ? NULL : fdopen(fd, "r");
    char *line = NULL;
    size_t room = 0;
    bool has_memory = true;
    int result;

    if (stream == NULL) {
        result = -errno;
        if (fd >= 0) {
            close(fd);
        }
        return result;
    }
    errno = 0;
    while (has_memory && walk.goes_on && getline(&line, &room, stream) >= 0) {
        line[strcspn(line, "\n")] = '\0';
        if (is_heading(line)) {
            finish(&walk);
            has_memory = begin(&walk, line);
        } else if (walk.is_open) {
            take_size(&walk, line);
        }
    }
    result = !has_memory ? -ENOMEM : ferror(stream) ? -(errno == 0 ? EIO : errno) : 0;
    finish(&walk);
    free(line);
    fclose(stream);
    return result < 0 ? result : walk.count;
}
