/* Allocators: which one a file is, of which version, and which one answers. */
#include "reader/allocator.h"

#include <string.h>
#include <unistd.h>

#include "reader/banner.h"

/* How a version is told: by a banner, or otherwise. */
enum { VERSION_NONE = -1, VERSION_FILE_NAME = -2 };
enum {
    VERSION_JEMALLOC = RA_BANNER_JEMALLOC,
    VERSION_GLIBC = RA_BANNER_GLIBC,
    VERSION_GPERFTOOLS = RA_BANNER_GPERFTOOLS,
    VERSION_MUSL = RA_BANNER_MUSL
};

static const struct {
    const char *name;
    const char *file;
    int version;
} allocators[] = {
#define ALLOCATOR(id, name, file, version) [RA_ALLOCATOR_##id] = {name, file, VERSION_##version},
    RA_ALLOCATORS(ALLOCATOR)
#undef ALLOCATOR
};

/* Which symbol tells which allocator; the first that is defined decides. */
static const struct {
    enum ra_mark mark;
    enum ra_allocator_id id;
} signs[] = {
    {RA_MARK_MALLCTL, RA_ALLOCATOR_JEMALLOC},
    {RA_MARK_JE_MALLCTL, RA_ALLOCATOR_JEMALLOC},
    {RA_MARK_MI_MALLOC, RA_ALLOCATOR_MIMALLOC},
    {RA_MARK_TC_MALLOC, RA_ALLOCATOR_TCMALLOC},
    {RA_MARK_TCMALLOC_EXTENSION, RA_ALLOCATOR_TCMALLOC},
    {RA_MARK_GLIBC, RA_ALLOCATOR_GLIBC},
    {RA_MARK_MUSL, RA_ALLOCATOR_MUSL},
};

const char *ra_allocator_name(enum ra_allocator_id id)
{
    return allocators[id].name;
}

const char *ra_how_name(enum ra_how how)
{
    static const char *const names[] = {
#define HOW_NAME(id, name, meaning) [RA_HOW_##id] = (name),
        RA_HOWS(HOW_NAME)
#undef HOW_NAME
    };

    return names[how];
}

/* A copy of the library may have its other name alone. */
static enum ra_allocator_id id_by_name(const char *name)
{
    if (strncmp(name, "libruby_malloc.so", strlen("libruby_malloc.so")) == 0) {
        return RA_ALLOCATOR_RUBY_ALLOC;
    }
    for (size_t id = RA_ALLOCATOR_UNKNOWN + 1; id < RA_ALLOCATOR_COUNT; id++) {
        if (strncmp(name, allocators[id].file, strlen(allocators[id].file)) == 0) {
            return (enum ra_allocator_id)id;
        }
    }
    return RA_ALLOCATOR_UNKNOWN;
}

static bool find_banner(const struct ra_mapped *mapped, size_t file, enum ra_banner banner,
                        char version[RA_ALLOCATOR_VERSION_BYTES])
{
    int fd = ra_mapped_open(mapped, file);
    bool is_there = fd >= 0 && ra_banner_find(fd, banner, version, RA_ALLOCATOR_VERSION_BYTES);

    if (fd >= 0) {
        close(fd);
    }
    return is_there;
}

enum ra_allocator_id ra_allocator_of(struct ra_mapped *mapped, size_t file)
{
    const struct ra_file_facts *facts = ra_mapped_facts(mapped, file);
    enum ra_allocator_id id = id_by_name(mapped->files[file].name);
    char version[RA_ALLOCATOR_VERSION_BYTES];

    if (id == RA_ALLOCATOR_RUBY_ALLOC || !facts->is_elf) {
        return id;
    }
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        if (facts->marks[signs[i].mark] != 0) {
            return signs[i].id;
        }
    }
    if (id != RA_ALLOCATOR_UNKNOWN) {
        return id;
    }
    /* A static one need not show more than malloc itself. */
    if (find_banner(mapped, file, RA_BANNER_JEMALLOC, version)) {
        return RA_ALLOCATOR_JEMALLOC;
    }
    if (find_banner(mapped, file, RA_BANNER_GPERFTOOLS, version)) {
        return RA_ALLOCATOR_TCMALLOC;
    }
    return facts->marks[RA_MARK_MALLOC] == 0 &&
                   find_banner(mapped, file, RA_BANNER_GLIBC_STATIC, version)
               ? RA_ALLOCATOR_GLIBC
               : RA_ALLOCATOR_UNKNOWN;
}

int ra_allocator_defines_malloc(struct ra_mapped *mapped, size_t file)
{
    const struct ra_file_facts *facts = ra_mapped_facts(mapped, file);

    if (facts->is_elf && facts->has_symbols) {
        return facts->marks[RA_MARK_MALLOC] != 0;
    }
    return id_by_name(mapped->files[file].name) != RA_ALLOCATOR_UNKNOWN ? 1 : -1;
}

/* "libmimalloc.so.2.0": what follows ".so.". */
static void version_of_name(const char *name, char version[RA_ALLOCATOR_VERSION_BYTES])
{
    const char *at = strstr(name, ".so.");
    size_t length = at == NULL ? 0 : strspn(at + 4, "0123456789.");

    if (length > 0 && length < RA_ALLOCATOR_VERSION_BYTES && at[4 + length] == '\0') {
        memcpy(version, at + 4, length + 1);
    }
}

void ra_allocator_version(const struct ra_mapped *mapped, size_t file, enum ra_allocator_id id,
                          char version[RA_ALLOCATOR_VERSION_BYTES])
{
    int told = allocators[id].version;

    version[0] = '\0';
    if (told == VERSION_FILE_NAME) {
        version_of_name(mapped->files[file].name, version);
    }
    if (told >= 0) {
        find_banner(mapped, file, (enum ra_banner)told, version);
    }
}

int ra_allocator_find(struct ra_mapped *mapped, const struct ra_linkmap *map, size_t *unread)
{
    *unread = 0;
    for (size_t i = 0; i < map->count; i++) {
        int file = map->objects[i].file;
        int defines = file < 0 ? 0 : ra_allocator_defines_malloc(mapped, (size_t)file);

        if (defines == 1) {
            return (int)i;
        }
        *unread += defines < 0;
    }
    return -1;
}
