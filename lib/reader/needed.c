/* What the dynamic linker has loaded, put together from what the files say they need. */
#include "reader/linkmap.h"

#include <stdlib.h>
#include <string.h>

#include "reader/preload.h"

struct guess {
    struct ra_linkmap *map;
    struct ra_mapped *mapped;
    bool *is_taken; /* for each file */
};

bool ra_linkmap_is_named(struct ra_mapped *mapped, size_t file, const char *name)
{
    const char *last = strrchr(name, '/');

    name = last == NULL ? name : last + 1;
    return *name != '\0' && mapped->files[file].is_code &&
           (strcmp(mapped->files[file].name, name) == 0 ||
            strcmp(ra_mapped_facts(mapped, file)->needs.soname, name) == 0);
}

static bool take(struct guess *guess, int file)
{
    if (file < 0 || guess->is_taken[file]) {
        return true;
    }
    guess->is_taken[file] = true;
    return ra_linkmap_add(guess->map, file, 0, NULL);
}

static bool take_named(struct guess *guess, const char *name)
{
    for (size_t i = 0; i < guess->mapped->file_count; i++) {
        if (ra_linkmap_is_named(guess->mapped, i, name)) {
            return take(guess, (int)i);
        }
    }
    return true;
}

/* Breadth first, as ld.so does: all that the first needs, then all that these need. */
static bool take_needed(struct guess *guess)
{
    for (size_t i = 0; i < guess->map->count; i++) {
        const struct ra_file_facts *facts =
            ra_mapped_facts(guess->mapped, (size_t)guess->map->objects[i].file);

        for (size_t n = 0; n < facts->needs.count; n++) {
            if (!take_named(guess, facts->needs.needed[n])) {
                return false;
            }
        }
    }
    return true;
}

/* The C library, behind which no preloaded library is. */
static int find_libc(struct ra_mapped *mapped)
{
    for (size_t i = 0; i < mapped->file_count; i++) {
        const struct ra_file_facts *facts =
            mapped->files[i].is_code ? ra_mapped_facts(mapped, i) : NULL;

        if (facts != NULL &&
            (facts->marks[RA_MARK_GLIBC] != 0 || facts->marks[RA_MARK_MUSL] != 0)) {
            return (int)i;
        }
    }
    return -1;
}

static bool take_preloaded(struct guess *guess, const char *name)
{
    for (size_t i = 0; i < guess->mapped->file_count; i++) {
        const struct ra_object object = {.file = (int)i};

        if (guess->mapped->files[i].is_code && ra_preload_is(guess->mapped, &object, name)) {
            return take(guess, (int)i);
        }
    }
    return true;
}

/*
 * Where LD_PRELOAD is not known: what nothing needs, and lies above the C library. The
 * kernel fills the address space from the top, so it was loaded before.
 */
static bool take_early(struct guess *guess, const bool *is_needed)
{
    int libc = find_libc(guess->mapped);

    for (size_t i = guess->mapped->file_count; libc >= 0 && i-- > (size_t)libc + 1;) {
        if (guess->mapped->files[i].is_code && !is_needed[i] && !take(guess, (int)i)) {
            return false;
        }
    }
    return true;
}

/* What would be loaded without anything preloaded. */
static bool find_needed(struct ra_mapped *mapped, bool *is_needed)
{
    struct ra_linkmap map = {0};
    struct guess guess = {&map, mapped, is_needed};
    bool is_done = take(&guess, mapped->exe) && take_needed(&guess);

    ra_linkmap_release(&map);
    return is_done;
}

/* A file that can't be read may need others, and be needed by a name that it doesn't tell. */
static bool are_readable(struct ra_mapped *mapped, const struct ra_linkmap *map, size_t file)
{
    bool are = ra_mapped_facts(mapped, file)->is_elf;

    for (size_t i = 0; are && i < map->count; i++) {
        are = ra_mapped_facts(mapped, (size_t)map->objects[i].file)->is_elf;
    }
    return are;
}

int ra_linkmap_is_early(struct ra_mapped *mapped, const struct ra_preload *preload, size_t file)
{
    struct ra_linkmap map = {0};
    struct guess guess = {&map, mapped, calloc(mapped->file_count + 1, sizeof(bool))};
    bool is_done = guess.is_taken != NULL && take(&guess, mapped->exe);
    int is_early = -1;

    for (size_t i = 0; is_done && i < preload->count; i++) {
        is_done = take_preloaded(&guess, preload->names[i]);
    }
    is_done = is_done && map.count > 0 && take_needed(&guess);
    if (is_done && (guess.is_taken[file] || are_readable(mapped, &map, file))) {
        is_early = guess.is_taken[file];
    }
    ra_linkmap_release(&map);
    free(guess.is_taken);
    return is_early;
}

static bool take_all(struct guess *guess, const struct ra_preload *preload, bool *is_needed)
{
    bool is_done = take(guess, guess->mapped->exe);

    for (size_t i = 0; is_done && i < preload->count; i++) {
        is_done = take_preloaded(guess, preload->names[i]);
    }
    if (is_done && !preload->is_known) {
        is_done = find_needed(guess->mapped, is_needed) && take_early(guess, is_needed);
    }
    is_done = is_done && take_needed(guess);
    /* What nothing needs came by dlopen, behind all others. */
    for (size_t i = 0; is_done && i < guess->mapped->file_count; i++) {
        is_done = !guess->mapped->files[i].is_code || take(guess, (int)i);
    }
    return is_done;
}

bool ra_linkmap_guess(struct ra_linkmap *map, struct ra_mapped *mapped,
                      const struct ra_preload *preload)
{
    struct guess guess = {map, mapped, calloc(mapped->file_count + 1, sizeof(bool))};
    bool *is_needed = calloc(mapped->file_count + 1, sizeof(bool));
    bool is_done =
        guess.is_taken != NULL && is_needed != NULL && take_all(&guess, preload, is_needed);

    map->is_exact = false;
    free(guess.is_taken);
    free(is_needed);
    return is_done;
}
