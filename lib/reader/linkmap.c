/* What the dynamic linker has loaded, read from its own link map. */
#include "reader/linkmap.h"

#include <elf.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { DYNAMIC_MAX = 1024, AUXILIARY_MAX = 64 * 2, TRIES = 3 };

/* struct link_map and the start of struct r_debug, in words: the same in glibc and musl. */
enum { LINK_BASE, LINK_NAME, LINK_DYNAMIC, LINK_NEXT, LINK_BEFORE, LINK_WORDS };
enum { DEBUG_MAP = 1, DEBUG_WORDS };

bool ra_auxiliary_read(int proc_dir, unsigned word, struct ra_auxiliary *auxiliary)
{
    char data[AUXILIARY_MAX * sizeof(uint64_t) + 1];
    ssize_t got = ra_proc_read(proc_dir, "auxv", data, sizeof(data));
    bool has_entry = false;

    memset(auxiliary, 0, sizeof(*auxiliary));
    for (ssize_t at = 0; at + 2 * (ssize_t)word <= got; at += 2 * (ssize_t)word) {
        uint64_t type = 0;
        uint64_t value = 0;

        /* The reader's own byte order: processes of one machine share it. */
        memcpy(&type, data + at, word);
        memcpy(&value, data + at + word, word);
        if (type == AT_ENTRY) {
            auxiliary->entry = value;
            has_entry = true;
        } else if (type == AT_SECURE) {
            auxiliary->is_secure = value != 0;
        }
    }
    return has_entry;
}

bool ra_linkmap_add(struct ra_linkmap *map, int file, uint64_t bias, const char *name)
{
    struct ra_object *objects;
    struct ra_object object = {.file = file, .bias = bias};

    if (map->count == RA_OBJECTS_MAX) {
        return false;
    }
    if ((map->count & (map->count - 1)) == 0) {
        size_t room = map->count == 0 ? 1 : map->count * 2;

        objects = reallocarray(map->objects, room, sizeof(*objects));
        if (objects == NULL) {
            return false;
        }
        map->objects = objects;
    }
    if (name != NULL) {
        object.name = strdup(name);
        if (object.name == NULL) {
            return false;
        }
    }
    map->objects[map->count++] = object;
    return true;
}

static void forget(struct ra_linkmap *map)
{
    for (size_t i = 0; i < map->count; i++) {
        free(map->objects[i].name);
    }
    free(map->objects);
    map->objects = NULL;
    map->count = 0;
}

/* Where the program's dynamic section says that the linker keeps its data; 0: nowhere. */
static uint64_t find_debug(const struct ra_file_facts *facts, uint64_t bias,
                           const struct ra_memory *memory)
{
    uint64_t at = bias + facts->dynamic.p_vaddr;

    for (unsigned i = 0; i < DYNAMIC_MAX && facts->dynamic.p_memsz != 0; i++) {
        uint64_t entry[2];

        if (!ra_memory_words(memory, at + i * UINT64_C(2) * memory->word, entry, 2) ||
            entry[0] == DT_NULL) {
            break;
        }
        if (entry[0] == DT_DEBUG) {
            return entry[1];
        }
    }
    /* Started as an argument of ld.so: then that is the program. */
    return facts->marks[RA_MARK_R_DEBUG] == 0 ? 0 : bias + facts->marks[RA_MARK_R_DEBUG];
}

/* Follow the chain. Each link must know the one before it: so no loop is taken for a chain. */
static bool follow(struct ra_linkmap *map, const struct ra_mapped *mapped,
                   const struct ra_memory *memory, uint64_t at)
{
    uint64_t before = 0;

    while (at != 0) {
        uint64_t link[LINK_WORDS];
        char name[PATH_MAX];

        if (!ra_memory_words(memory, at, link, LINK_WORDS) || link[LINK_BEFORE] != before ||
            !ra_memory_text(memory, link[LINK_NAME], name, sizeof(name)) ||
            !ra_linkmap_add(map, ra_mapped_at(mapped, link[LINK_DYNAMIC]), link[LINK_BASE], name)) {
            return false;
        }
        before = at;
        at = link[LINK_NEXT];
    }
    return map->count > 0;
}

static bool add_program_alone(struct ra_linkmap *map, const struct ra_mapped *mapped, uint64_t bias)
{
    map->is_static = true;
    map->is_exact = ra_linkmap_add(map, mapped->exe, bias, "");
    return map->is_exact;
}

bool ra_linkmap_read(struct ra_linkmap *map, struct ra_mapped *mapped,
                     const struct ra_memory *memory)
{
    const struct ra_file_facts *program;
    uint64_t bias;
    uint64_t debug;
    uint64_t words[DEBUG_WORDS];

    if (mapped->exe < 0) {
        return false;
    }
    program = ra_mapped_facts(mapped, (size_t)mapped->exe);
    if (!program->is_elf || map->auxiliary.entry == 0) {
        return false;
    }
    bias = map->auxiliary.entry - program->entry;
    if (!program->has_interpreter && program->marks[RA_MARK_R_DEBUG] == 0 &&
        program->marks[RA_MARK_MUSL] == 0) {
        return add_program_alone(map, mapped, bias);
    }
    for (unsigned i = 0; i < TRIES; i++) {
        forget(map); /* the process may have been loading something */
        debug = find_debug(program, bias, memory);
        if (debug != 0 && ra_memory_words(memory, debug, words, DEBUG_WORDS) &&
            follow(map, mapped, memory, words[DEBUG_MAP])) {
            map->is_exact = true;
            return true;
        }
    }
    forget(map);
    return false;
}

bool ra_linkmap_take(struct ra_linkmap *map, struct ra_mapped *mapped,
                     const struct ra_memory *memory, const struct ra_preload *preload)
{
    memset(map, 0, sizeof(*map));
    ra_auxiliary_read(mapped->target->memory_dir, memory->word, &map->auxiliary);
    return ra_linkmap_read(map, mapped, memory) || ra_linkmap_guess(map, mapped, preload);
}

void ra_linkmap_release(struct ra_linkmap *map)
{
    forget(map);
}
