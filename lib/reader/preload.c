/* Preloaded libraries, and which of them the dynamic linker ignored. */
#include "reader/preload.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reader/proc.h"

static const struct {
    const char *name;
    const char *text;
} reasons[] = {
#define REASON(id, name, text) [RA_PRELOAD_##id] = {name, text},
    RA_PRELOAD_REASONS(REASON)
#undef REASON
};

const char *ra_preload_reason_name(enum ra_preload_reason reason)
{
    return reasons[reason].name;
}

const char *ra_preload_reason_text(enum ra_preload_reason reason)
{
    return reasons[reason].text;
}

bool ra_preload_split(struct ra_preload *preload, const char *text, const char *separators)
{
    while (*(text += strspn(text, separators)) != '\0' && preload->count < RA_PRELOAD_MAX) {
        size_t length = strcspn(text, separators);

        if (length < PATH_MAX) {
            preload->names[preload->count] = strndup(text, length);
            if (preload->names[preload->count] == NULL) {
                return false;
            }
            preload->count++;
        }
        text += length;
    }
    return true;
}

/* /etc/ld.so.preload, as far as the first '#' of each line. */
static bool take_file(struct ra_preload *preload, const struct ra_mapped *mapped)
{
    char text[4096];
    int fd = ra_mapped_open_path(mapped, "/etc/ld.so.preload");
    ssize_t got = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
    char *hash;

    if (fd >= 0) {
        close(fd);
    }
    text[got < 0 ? 0 : got] = '\0';
    while ((hash = strchr(text, '#')) != NULL) {
        memset(hash, ' ', strcspn(hash, "\n"));
    }
    return ra_preload_split(preload, text, " \t\n:");
}

bool ra_preload_take(struct ra_preload *preload, const struct ra_mapped *mapped, const char *value)
{
    memset(preload, 0, sizeof(*preload));
    if (value != NULL && !ra_preload_split(preload, value, " :")) {
        return false;
    }
    return take_file(preload, mapped);
}

void ra_preload_release(struct ra_preload *preload)
{
    for (size_t i = 0; i < preload->count; i++) {
        free(preload->names[i]);
    }
    preload->count = 0;
}

static bool is_same_file(const struct ra_mapped *mapped, size_t index, const char *path)
{
    struct stat file;
    int fd = path[0] == '/' ? ra_mapped_open_path(mapped, path) : -1;
    bool is_same = fd >= 0 && fstat(fd, &file) == 0 && file.st_ino == mapped->files[index].inode;

    if (fd >= 0) {
        close(fd);
    }
    return is_same;
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? path : slash + 1;
}

bool ra_preload_is(struct ra_mapped *mapped, const struct ra_object *object, const char *name)
{
    if (object->file < 0) {
        return false;
    }
    if (strchr(name, '/') == NULL) {
        return (object->name != NULL && strcmp(last_part(object->name), name) == 0) ||
               ra_linkmap_is_named(mapped, (size_t)object->file, name);
    }
    if (object->name != NULL && strcmp(object->name, name) == 0) {
        return true;
    }
    /* $LIB and the like stand for a directory that only the linker knows; "./" for one long left. */
    if (strchr(name, '$') != NULL || (name[0] != '/' && object->name == NULL)) {
        return ra_linkmap_is_named(mapped, (size_t)object->file, name);
    }
    return is_same_file(mapped, (size_t)object->file, name);
}

bool ra_preload_has(const struct ra_preload *preload, struct ra_mapped *mapped,
                    const struct ra_object *object)
{
    for (size_t i = 0; i < preload->count; i++) {
        if (ra_preload_is(mapped, object, preload->names[i])) {
            return true;
        }
    }
    return false;
}

/* Not by being the program itself: that can't be preloaded. */
static bool is_loaded(struct ra_mapped *mapped, const struct ra_linkmap *map, const char *name)
{
    for (size_t i = 0; i < map->count; i++) {
        if (map->objects[i].file != mapped->exe && ra_preload_is(mapped, &map->objects[i], name)) {
            return true;
        }
    }
    return false;
}

/* Where the linker looks without being told, on Debian and elsewhere. */
static const char *const directories[] = {
    "/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu",
    "/lib/aarch64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/local/lib",
    "/usr/local/lib/x86_64-linux-gnu",
    "/usr/local/lib/aarch64-linux-gnu",
    "/lib64",
    "/usr/lib64",
    "/lib",
    "/usr/lib",
};

/* A file that a name was found to mean. */
struct found {
    int fd; /* -1: none that can be read */
    bool is_directory;
};

/* The linker takes the first that can be opened, be it a directory. */
static struct found find_at(const struct ra_mapped *mapped, const char *path)
{
    int fd = ra_mapped_open_path(mapped, path);

    return (struct found){fd, fd < 0 && ra_mapped_is_directory(mapped, path)};
}

static struct found find_in(const struct ra_mapped *mapped, const char *directory, size_t length,
                            const char *name)
{
    char path[PATH_MAX];

    if (length == 0 ||
        snprintf(path, sizeof(path), "%.*s/%s", (int)length, directory, name) >= PATH_MAX) {
        return (struct found){-1, false};
    }
    return find_at(mapped, path);
}

static bool is_found(const struct found *found)
{
    return found->fd >= 0 || found->is_directory;
}

static struct found find_installed(const struct ra_mapped *mapped, const char *name,
                                   const char *path_list)
{
    struct found found = {-1, false};

    while (!is_found(&found) && path_list != NULL && *path_list != '\0') {
        size_t length = strcspn(path_list, ":;");

        found = find_in(mapped, path_list, length < PATH_MAX ? length : 0, name);
        path_list += length + (path_list[length] != '\0');
    }
    for (size_t i = 0; !is_found(&found) && i < sizeof(directories) / sizeof(directories[0]); i++) {
        found = find_in(mapped, directories[i], strlen(directories[i]), name);
    }
    return found;
}

/* A path; one that is not absolute begins where the process is, which may have moved since. */
static struct found find_named(const struct ra_mapped *mapped, const char *name)
{
    char directory[PATH_MAX];
    ssize_t length;

    if (name[0] == '/') {
        return find_at(mapped, name);
    }
    length = readlinkat(mapped->target->memory_dir, "cwd", directory, sizeof(directory));
    return find_in(mapped, directory, length <= 0 ? 0 : (size_t)length, name);
}

static enum ra_preload_reason judge_file(int fd, struct ra_mapped *mapped)
{
    const struct ra_file_facts *program =
        mapped->exe < 0 ? NULL : ra_mapped_facts(mapped, (size_t)mapped->exe);
    struct ra_file_facts facts;

    ra_file_facts_read(&facts, fd);
    free(facts.needs.needed);
    if (!facts.has_header) {
        return RA_PRELOAD_NOT_ELF;
    }
    if (program != NULL && program->is_elf && facts.class != program->class) {
        return RA_PRELOAD_WRONG_CLASS;
    }
    if (program != NULL && program->is_elf && facts.machine != program->machine) {
        return RA_PRELOAD_WRONG_ARCHITECTURE;
    }
    return !facts.is_elf || facts.type != ET_DYN ? RA_PRELOAD_NOT_ELF : RA_PRELOAD_NOT_LOADED;
}

bool ra_preload_is_installed(struct ra_mapped *mapped, const char *name)
{
    int fd = find_installed(mapped, name, NULL).fd;
    bool is_fit = fd >= 0 && judge_file(fd, mapped) == RA_PRELOAD_NOT_LOADED;

    if (fd >= 0) {
        close(fd);
    }
    return is_fit;
}

/* ld.so(8), "secure-execution mode". */
static bool is_barred(int fd, const char *name, const struct ra_linkmap *map)
{
    struct stat file;

    return map->auxiliary.is_secure &&
           (strchr(name, '/') != NULL || fstat(fd, &file) != 0 || (file.st_mode & S_ISUID) == 0);
}

enum ra_preload_reason ra_preload_judge(const char *name, struct ra_mapped *mapped,
                                        const struct ra_linkmap *map, const char *path_list)
{
    enum ra_preload_reason reason = RA_PRELOAD_NOT_FOUND;
    bool has_slash = strchr(name, '/') != NULL;
    struct found found;

    if (is_loaded(mapped, map, name)) {
        return RA_PRELOAD_NONE;
    }
    if (map->is_static) {
        return RA_PRELOAD_STATIC;
    }
    found = has_slash ? find_named(mapped, name) : find_installed(mapped, name, path_list);
    if (found.fd >= 0) {
        reason = is_barred(found.fd, name, map) ? RA_PRELOAD_SECURE : judge_file(found.fd, mapped);
        close(found.fd);
    } else if (found.is_directory) {
        reason = RA_PRELOAD_DIRECTORY;
    } else if (strchr(name, '=') != NULL) {
        reason = RA_PRELOAD_STRAY_EQUALS;
    } else if (strpbrk(name, "'\"") != NULL) {
        reason = RA_PRELOAD_STRAY_QUOTE;
    }
    return reason;
}
