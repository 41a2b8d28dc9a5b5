/* The files that a process has mapped as code, and what is in its address space. */
#include "reader/mapped.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "reader/grow.h"

/* A large Ruby maps some hundred; each is compared with all before. */
enum { FILES_MAX = 4096, ROOM = 64 };

static const char deleted[] = " (deleted)";

/* Whether it is the file that the kernel calls path. */
static bool has_path(const struct ra_mapped_file *file, const char *path)
{
    size_t length = strlen(file->path);

    return strncmp(file->path, path, length) == 0 &&
           strcmp(path + length, file->is_deleted ? deleted : "") == 0;
}

static int add_file(struct ra_mapped *mapped, const struct ra_smap *map)
{
    struct ra_mapped_file *files;
    struct ra_mapped_file file = {
        .path = strdup(map->path), .inode = map->inode, .start = map->start, .end = map->end};
    size_t length = strlen(map->path);
    size_t tail = strlen(deleted);

    files = ra_grown(mapped->files, &mapped->file_room, mapped->file_count, sizeof(*files), ROOM);
    mapped->files = files == NULL ? mapped->files : files;
    if (files == NULL || file.path == NULL) {
        free(file.path);
        mapped->has_failed = true;
        return RA_RANGE_OTHER;
    }
    if (length > tail && strcmp(file.path + length - tail, deleted) == 0) {
        file.path[length - tail] = '\0';
        file.is_deleted = true;
    }
    file.name = strrchr(file.path, '/') + 1;
    files[mapped->file_count] = file;
    return (int)mapped->file_count++;
}

/* The index of the map's file, or what it is instead. */
static int file_of(struct ra_mapped *mapped, const struct ra_smap *map)
{
    if (strcmp(map->path, "[heap]") == 0) {
        return RA_RANGE_HEAP;
    }
    if (map->inode == 0) {
        /* "[anon:...]" is named by the process, and private memory like another. */
        return map->path[0] == '\0' || strncmp(map->path, "[anon:", 6) == 0 ? RA_RANGE_ANONYMOUS
                                                                            : RA_RANGE_OTHER;
    }
    if (map->path[0] != '/') {
        return RA_RANGE_OTHER;
    }
    for (size_t i = mapped->file_count; i-- > 0;) {
        if (mapped->files[i].inode == map->inode && has_path(&mapped->files[i], map->path)) {
            return (int)i;
        }
    }
    return mapped->file_count == FILES_MAX ? RA_RANGE_OTHER : add_file(mapped, map);
}

static bool take_map(const struct ra_smap *map, void *context)
{
    struct ra_mapped *mapped = context;
    struct ra_range range = {.start = map->start, .end = map->end, .rss = map->sizes.rss};
    struct ra_range *ranges;

    range.file = file_of(mapped, map);
    range.is_writable = map->access[0] == 'r' && map->access[1] == 'w' && map->access[3] == 'p';
    range.is_none = strncmp(map->access, "---p", 4) == 0;
    if (range.file >= 0 && map->access[2] == 'x') {
        mapped->files[range.file].is_code = true;
    }
    ranges =
        ra_grown(mapped->ranges, &mapped->range_room, mapped->range_count, sizeof(*ranges), ROOM);
    if (ranges == NULL) {
        mapped->has_failed = true;
        return false;
    }
    mapped->ranges = ranges;
    ranges[mapped->range_count++] = range;
    ra_smap_sizes_add(&mapped->sum, &map->sizes);
    return !mapped->has_failed;
}

/* Which file is the program: its name is the kernel's, as those of the mappings are. */
static void find_exe(struct ra_mapped *mapped)
{
    char path[PATH_MAX + sizeof(deleted)];
    ssize_t length = readlinkat(mapped->target->memory_dir, "exe", path, sizeof(path) - 1);

    mapped->exe = -1;
    if (length <= 0) {
        return;
    }
    path[length] = '\0';
    for (size_t i = 0; i < mapped->file_count && mapped->exe < 0; i++) {
        if (has_path(&mapped->files[i], path)) {
            mapped->exe = (int)i;
        }
    }
}

int ra_mapped_take(struct ra_mapped *mapped, const struct ra_target *target)
{
    int got;

    memset(mapped, 0, sizeof(*mapped));
    mapped->target = target;
    mapped->root = openat(target->memory_dir, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
    got = ra_smaps_walk(target->memory_dir, "smaps", take_map, mapped);
    if (got < 0 && mapped->range_count == 0) {
        ra_smap_sizes_clear(&mapped->sum);
        got = ra_smaps_walk(target->memory_dir, "maps", take_map, mapped);
    }
    find_exe(mapped);
    return mapped->has_failed ? -ENOMEM : got;
}

void ra_mapped_release(struct ra_mapped *mapped)
{
    for (size_t i = 0; i < mapped->file_count; i++) {
        free(mapped->files[i].path);
        free(mapped->files[i].facts.needs.needed);
    }
    free(mapped->files);
    free(mapped->ranges);
    if (mapped->root >= 0) {
        close(mapped->root);
    }
    mapped->root = -1;
    mapped->files = NULL;
    mapped->ranges = NULL;
    mapped->file_count = mapped->range_count = 0;
}

/* Opening a device or a FIFO may do something: a regular file alone is opened in earnest. */
static int open_regular(int found)
{
    char path[40];
    struct stat file;
    int fd = -1;

    if (found >= 0 && fstat(found, &file) == 0 && S_ISREG(file.st_mode)) {
        snprintf(path, sizeof(path), "/proc/self/fd/%d", found);
        fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    }
    if (found >= 0) {
        close(found);
    }
    return fd;
}

/* Without openat2: by the directory, and no link in the last place. */
static int find_by_directory(int root, const char *path)
{
    char directory[PATH_MAX];
    const char *name = strrchr(path, '/');
    int dir;
    int found;

    if (name == NULL || name[1] == '\0' || (size_t)(name - path) >= sizeof(directory)) {
        return -1;
    }
    memcpy(directory, path, (size_t)(name - path));
    directory[name - path] = '\0';
    dir = ra_locate_open_dir(root, directory[0] == '\0' ? "/" : directory);
    found = dir < 0 ? -1 : openat(dir, name + 1, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (dir >= 0) {
        close(dir);
    }
    return found;
}

static int find_path(int root, const char *path)
{
    struct open_how how = {
        .flags = O_PATH | O_CLOEXEC,
        .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
    };
    long found = syscall(SYS_openat2, root, path, &how, sizeof(how));

    if (found < 0 && (errno == ENOSYS || errno == EPERM)) {
        return find_by_directory(root, path);
    }
    return (int)found;
}

int ra_mapped_open_path(const struct ra_mapped *mapped, const char *path)
{
    return mapped->root < 0 ? -1 : open_regular(find_path(mapped->root, path));
}

bool ra_mapped_is_directory(const struct ra_mapped *mapped, const char *path)
{
    int found = mapped->root < 0 ? -1 : find_path(mapped->root, path);
    struct stat file;
    bool is_directory = found >= 0 && fstat(found, &file) == 0 && S_ISDIR(file.st_mode);

    if (found >= 0) {
        close(found);
    }
    return is_directory;
}

int ra_mapped_open(const struct ra_mapped *mapped, size_t index)
{
    const struct ra_mapped_file *file = &mapped->files[index];
    char name[64] = "exe"; /* may be opened also after the file was replaced */
    int fd;

    if (mapped->exe != (int)index) {
        snprintf(name, sizeof(name), "map_files/%" PRIx64 "-%" PRIx64, file->start, file->end);
    }
    fd = open_regular(openat(mapped->target->memory_dir, name, O_PATH | O_CLOEXEC));
    if (fd >= 0 || file->is_deleted || mapped->root < 0) {
        return fd;
    }
    /* Not the same inode: an overlay shows the numbers of the file below it. */
    return open_regular(find_path(mapped->root, file->path));
}

static void find_marks(const struct ra_elf *elf, struct ra_file_facts *facts)
{
    struct ra_elf_symbol symbols[RA_MARK_COUNT] = {
#define MARK_SYMBOL(id, symbol) [RA_MARK_##id] = {.name = symbol},
        RA_MARKS(MARK_SYMBOL)
#undef MARK_SYMBOL
    };

    facts->has_symbols = ra_elf_find(elf, symbols, RA_MARK_COUNT);
    for (size_t i = 0; i < RA_MARK_COUNT; i++) {
        facts->marks[i] = symbols[i].value;
    }
}

/* The start of the header, which is the same for both classes. */
static void read_header(struct ra_file_facts *facts, int fd)
{
    const unsigned char order =
        __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;
    struct {
        unsigned char ident[EI_NIDENT];
        uint16_t type, machine;
    } start;

    if (pread(fd, &start, sizeof(start), 0) != sizeof(start) ||
        memcmp(start.ident, ELFMAG, SELFMAG) != 0) {
        return;
    }
    facts->has_header = true;
    facts->class = start.ident[EI_CLASS];
    /* Of the other byte order: no machine of ours, whichever it is. */
    facts->machine = start.ident[EI_DATA] == order ? start.machine : EM_NONE;
    facts->type = start.ident[EI_DATA] == order ? start.type : ET_NONE;
}

void ra_file_facts_read(struct ra_file_facts *facts, int fd)
{
    struct ra_elf elf;

    memset(facts, 0, sizeof(*facts));
    if (fd >= 0) {
        read_header(facts, fd);
    }
    if (fd < 0 || !ra_elf_open(&elf, fd)) {
        return;
    }
    facts->is_elf = true;
    facts->entry = elf.header.e_entry;
    facts->has_interpreter = elf.has_interpreter;
    facts->dynamic = elf.dynamic;
    find_marks(&elf, facts);
    ra_elf_needs(&elf, &facts->needs);
    ra_elf_close(&elf);
}

const struct ra_file_facts *ra_mapped_facts(struct ra_mapped *mapped, size_t index)
{
    struct ra_mapped_file *file = &mapped->files[index];

    if (!file->is_read) {
        int fd = ra_mapped_open(mapped, index);

        ra_file_facts_read(&file->facts, fd);
        file->is_read = true;
        if (fd >= 0) {
            close(fd);
        }
    }
    return &file->facts;
}

int ra_mapped_at(const struct ra_mapped *mapped, uint64_t address)
{
    size_t low = 0;
    size_t high = mapped->range_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (mapped->ranges[middle].end <= address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < mapped->range_count && mapped->ranges[low].start <= address &&
                   mapped->ranges[low].file >= 0
               ? mapped->ranges[low].file
               : -1;
}
