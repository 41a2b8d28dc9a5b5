#include "scratch.h"

#include <stdint.h>
#include <sys/mman.h>

/* Twice what malloc_info tells of 512 arenas: 8 of each of 64 processors. */
enum { SCRATCH_BYTES = 16 * 1024 * 1024, ALIGNMENT = 16 };

__thread bool ra_scratch_on;
static char *memory;
static size_t used;

bool ra_scratch_begin(void)
{
    if (memory) {
        munmap(memory, SCRATCH_BYTES); /* the parent's, whose thread was in the middle of it */
        memory = NULL;
    }
    void *mapped = mmap(NULL, SCRATCH_BYTES, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapped == MAP_FAILED) {
        return false;
    }
    memory = mapped;
    used = 0;
    ra_scratch_on = true;
    return true;
}

void ra_scratch_end(void)
{
    ra_scratch_on = false;
    munmap(memory, SCRATCH_BYTES);
    memory = NULL;
}

/* The size lies before the object. */
void *ra_scratch_make(size_t size)
{
    if (size > SCRATCH_BYTES - used - 2 * ALIGNMENT) {
        return NULL;
    }
    char *object = memory + used + ALIGNMENT;
    *(size_t *)(object - ALIGNMENT) = size;
    used += ALIGNMENT + (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return object;
}

bool ra_scratch_has(const void *object)
{
    return (uintptr_t)object - (uintptr_t)memory < SCRATCH_BYTES;
}

size_t ra_scratch_size(const void *object)
{
    return *(const size_t *)((const char *)object - ALIGNMENT);
}
