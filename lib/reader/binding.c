/* Bindings: which loaded libraries call another malloc than the one that answers the program. */
#include "reader/binding.h"

#include <unistd.h>

#include "reader/allocator.h"

/* Those by which a block gets from one library to another. */
static const char *const functions[] = {"malloc",        "free",           "calloc",  "realloc",
                                        "aligned_alloc", "posix_memalign", "memalign"};

enum { FUNCTIONS = sizeof(functions) / sizeof(functions[0]), PLACES_MAX = 4 * FUNCTIONS };

/* The file's references to them; 0: none, or it can't be read. */
static size_t find_places(const struct ra_mapped *mapped, size_t file, uint64_t places[PLACES_MAX])
{
    int fd = ra_mapped_open(mapped, file);
    struct ra_elf elf;
    size_t count = 0;

    if (fd >= 0 && ra_elf_open(&elf, fd)) {
        count = ra_elf_references(&elf, functions, FUNCTIONS, places, PLACES_MAX);
        ra_elf_close(&elf);
    }
    if (fd >= 0) {
        close(fd);
    }
    return count;
}

/* The file that the function called through this word is in; -1: none, or none yet. */
static int find_callee(const struct ra_mapped *mapped, const struct ra_memory *memory,
                       const struct ra_object *object, uint64_t place)
{
    uint64_t at = object->bias + place;
    uint64_t callee;

    /* Words of its own data alone: an offset that leads elsewhere is no offset. */
    if (ra_mapped_at(mapped, at) != object->file || !ra_memory_words(memory, at, &callee, 1)) {
        return -1;
    }
    return ra_mapped_at(mapped, callee);
}

bool ra_binding_is_past(struct ra_mapped *mapped, const struct ra_memory *memory,
                        const struct ra_object *object, int answering)
{
    uint64_t places[PLACES_MAX];
    size_t count;

    if (object->file < 0 || object->file == answering || memory->fd < 0 ||
        memory->word != sizeof(uint64_t)) {
        return false;
    }
    count = find_places(mapped, (size_t)object->file, places);
    for (size_t i = 0; i < count; i++) {
        int file = find_callee(mapped, memory, object, places[i]);

        if (file >= 0 && file != object->file && file != answering &&
            ra_allocator_defines_malloc(mapped, (size_t)file) == 1) {
            return true;
        }
    }
    return false;
}
