/* Surroundings: the environment variables of a process. */
#include "reader/surroundings.h"

#include <stdlib.h>
#include <string.h>

enum { VARIABLES_MAX = 4096, VARIABLE_BYTES = 8192, TEXT_BYTES = 1 << 20 };

/* A title ends in zeros up to the end of the place: no environment has an empty text within. */
bool ra_surroundings_is_overwritten(const char *text, size_t bytes)
{
    for (size_t at = 0; at < bytes; at += strlen(text + at) + 1) {
        if (text[at] == '\0') {
            return true;
        }
    }
    return false;
}

void ra_surroundings_take(struct ra_surroundings *surroundings, int proc_dir)
{
    memset(surroundings, 0, sizeof(*surroundings));
    surroundings->text = ra_proc_slurp(proc_dir, "environ", &surroundings->bytes);
    if (surroundings->text == NULL) {
        surroundings->source = RA_SURROUNDINGS_NONE;
        surroundings->bytes = 0;
    } else if (ra_surroundings_is_overwritten(surroundings->text, surroundings->bytes)) {
        surroundings->source = RA_SURROUNDINGS_OVERWRITTEN;
    } else {
        surroundings->source = RA_SURROUNDINGS_START;
    }
}

/* The address of the process's own variable "environ": the first that the linker finds. */
static uint64_t find_environ(struct ra_mapped *mapped, const struct ra_linkmap *map)
{
    for (size_t i = 0; i < map->count; i++) {
        const struct ra_object *object = &map->objects[i];
        uint64_t value =
            object->file < 0
                ? 0
                : ra_mapped_facts(mapped, (size_t)object->file)->marks[RA_MARK_ENVIRON];

        if (value != 0) {
            return object->bias + value;
        }
    }
    return 0;
}

static size_t read_variables(const struct ra_memory *memory, uint64_t list, char *text)
{
    size_t bytes = 0;

    for (unsigned i = 0; i < VARIABLES_MAX && bytes <= TEXT_BYTES - VARIABLE_BYTES; i++) {
        uint64_t at;

        if (!ra_memory_words(memory, list + i * (uint64_t)memory->word, &at, 1) || at == 0) {
            break;
        }
        if (ra_memory_text(memory, at, text + bytes, VARIABLE_BYTES)) {
            bytes += strlen(text + bytes) + 1;
        }
    }
    return bytes;
}

void ra_surroundings_follow(struct ra_surroundings *surroundings, struct ra_mapped *mapped,
                            const struct ra_linkmap *map, const struct ra_memory *memory)
{
    uint64_t list;
    char *text;

    if (surroundings->source != RA_SURROUNDINGS_OVERWRITTEN || !map->is_exact ||
        !ra_memory_words(memory, find_environ(mapped, map), &list, 1) || list == 0) {
        return;
    }
    text = malloc(TEXT_BYTES);
    if (text == NULL) {
        return;
    }
    free(surroundings->text);
    surroundings->text = text;
    surroundings->bytes = read_variables(memory, list, text);
    surroundings->source = RA_SURROUNDINGS_NOW;
}

void ra_surroundings_release(struct ra_surroundings *surroundings)
{
    free(surroundings->text);
    surroundings->text = NULL;
}

const char *ra_surroundings_get(const struct ra_surroundings *surroundings, const char *name)
{
    bool is_known = surroundings->source == RA_SURROUNDINGS_START ||
                    surroundings->source == RA_SURROUNDINGS_NOW;

    return is_known ? ra_proc_variable(surroundings->text, surroundings->bytes, name) : NULL;
}
