/* Belonging: whether a file is the region of a process. */
#include "reader/belong.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "ruby_alloc/region.h"

struct search {
    const struct ra_target *target;
    const struct stat *file;
    bool is_plain; /* its device has the same number in /proc/PID/maps */
    int mapped;
};

static void name_link(char link[64], const struct ra_smap *map)
{
    snprintf(link, 64, "map_files/%" PRIx64 "-%" PRIx64, map->start, map->end);
}

int ra_belong_open(const struct ra_target *target, const struct ra_smap *map)
{
    char link[64];

    name_link(link, map);
    return openat(target->memory_dir, link, O_PATH | O_CLOEXEC);
}

/* Whether a mapping is of the file: 1, 0, or -1 if it may not be looked at. */
static int is_of_file(const struct search *search, const struct ra_smap *map)
{
    char link[64];
    struct statx mapped;

    name_link(link, map);
    /* As the kernel remembers it: its file system may be one that never answers. */
    if (statx(search->target->memory_dir, link, AT_STATX_DONT_SYNC, STATX_INO, &mapped) != 0) {
        return -1;
    }
    return mapped.stx_ino == search->file->st_ino &&
           mapped.stx_dev_major == major(search->file->st_dev) &&
           mapped.stx_dev_minor == minor(search->file->st_dev);
}

static bool is_called_region(const char *path)
{
    const char *name = strrchr(path, '/');

    return name != NULL && strncmp(name + 1, RA_REGION_PREFIX, strlen(RA_REGION_PREFIX)) == 0;
}

/*
 * On overlayfs and btrfs a mapping shows another device than the file does, the first also
 * another inode: there the mapping itself is looked at, where that may be.
 */
static bool look_at_map(const struct ra_smap *map, void *context)
{
    struct search *search = context;
    bool is_same_inode = map->inode == search->file->st_ino;

    if (is_same_inode && map->device_major == major(search->file->st_dev) &&
        map->device_minor == minor(search->file->st_dev)) {
        search->mapped = 1;
    } else if (!search->is_plain && (is_same_inode || is_called_region(map->path))) {
        int same = is_of_file(search, map);

        search->mapped = same != 0 ? same : search->mapped;
    }
    return search->mapped != 1;
}

/* The file systems of memory, in which regions lie, have one number for each device. */
static bool is_in_memory(int fd)
{
    struct statfs system;

    return fstatfs(fd, &system) == 0 &&
           (system.f_type == TMPFS_MAGIC || system.f_type == RAMFS_MAGIC);
}

int ra_belong_is_mapped(const struct ra_target *target, const struct ra_place *place)
{
    struct search search = {target, &place->file, is_in_memory(place->fd), 0};
    int got = ra_smaps_walk(target->memory_dir, "maps", look_at_map, &search);

    return got > 0 ? search.mapped : -1;
}

bool ra_belong_is_owner(const struct ra_target *target, const struct ra_place *place)
{
    for (size_t i = 0; i < 4; i++) {
        if (target->status.uids[i] == place->file.st_uid) {
            return true;
        }
    }
    return false;
}

/* What is damaged, or of another version, is for others to refuse. */
static bool is_readable(const struct ra_header *header)
{
    return memcmp(header->magic, RA_REGION_MAGIC, sizeof(header->magic)) == 0 &&
           header->ready == RA_READY && header->layout_major == RA_LAYOUT_MAJOR;
}

bool ra_belong_is_named(const struct ra_place *place, const struct ra_region_name *name)
{
    enum { BYTES = offsetof(struct ra_header, pid_namespace) + sizeof(uint64_t) };
    struct ra_header header;
    bool is_named = true;
    char link[40];
    int fd;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", place->fd);
    fd = open(link, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0 && pread(fd, &header, sizeof(header), 0) >= BYTES && is_readable(&header)) {
        is_named = header.pid == (uint32_t)name->pid && header.start_ticks == name->start_ticks &&
                   header.pid_namespace == name->pid_namespace;
    }
    if (fd >= 0) {
        close(fd);
    }
    return is_named;
}

bool ra_belong_is_region(const struct ra_target *target, const struct ra_place *place)
{
    const struct ra_region_name name = {target->status.inner_pid, target->start_ticks,
                                        target->pid_namespace};

    return (ra_belong_is_owner(target, place) && ra_belong_is_named(place, &name)) ||
           ra_belong_is_mapped(target, place) == 1;
}
