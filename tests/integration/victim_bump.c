/*
 * A program that looks like a Ruby and brings its own allocator, as one does that is
 * linked to a static jemalloc: the dynamic linker finds the program's malloc before
 * that of a preloaded library. Linked with -rdynamic.
 *
 * Usage: victim_bump; it allocates, writes "ready" to descriptor 1, waits there for
 * standard input to end, and exits with 0 if its memory held what was put there.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OBJECTS = 10000, ALIGNMENT = 16, POOL_BYTES = 64 * 1024 * 1024 };

extern const char ruby_version[];
const char ruby_version[] = "9.9.9";

static char pool[POOL_BYTES] __attribute__((aligned(ALIGNMENT)));
static size_t used;

void *malloc(size_t size)
{
    size_t bytes = (size + 2 * ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    size_t at = __atomic_fetch_add(&used, bytes, __ATOMIC_RELAXED);

    if (size > POOL_BYTES || at > POOL_BYTES - bytes) {
        return NULL;
    }
    memcpy(pool + at, &size, sizeof size);
    return pool + at + ALIGNMENT;
}

void free(void *object)
{
    (void)object;
}

void *calloc(size_t count, size_t size)
{
    return size != 0 && count > SIZE_MAX / size ? NULL : malloc(count * size);
}

void *realloc(void *object, size_t size)
{
    void *larger = malloc(size);
    size_t had = 0;

    if (object != NULL && larger != NULL) {
        memcpy(&had, (char *)object - ALIGNMENT, sizeof had);
        memcpy(larger, object, had < size ? had : size);
    }
    return larger;
}

int main(void)
{
    static uint32_t *objects[OBJECTS];
    char byte;

    for (uint32_t i = 0; i < OBJECTS; i++) {
        objects[i] = malloc(40);
        *objects[i] = i;
    }
    if (write(STDOUT_FILENO, "ready\n", 6) != 6) {
        return 1;
    }
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
    for (uint32_t i = 0; i < OBJECTS; i++) {
        if (*objects[i] != i || (char *)objects[i] < pool ||
            (char *)objects[i] >= pool + POOL_BYTES) {
            return 1;
        }
        free(objects[i]);
    }
    return 0;
}
