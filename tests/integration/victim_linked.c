/*
 * A Ruby, as far as a symbol makes one, that is linked to a jemalloc of its own: makes 1000
 * objects of 3000 bytes, frees 400 of them, asks its allocator what it would make of them, and
 * waits for a line.
 */
#include <stdio.h>
#include <stdlib.h>

extern const char ruby_version[];
const char ruby_version[] = "3.1.7";

extern size_t nallocx(size_t size, int flags);
extern int mallctl(const char *name, void *old, size_t *length, void *new, size_t new_length);

enum { OBJECTS = 1000, FREED = 400, BYTES = 3000 };

int main(void)
{
    static void *objects[OBJECTS];
    const char *version = "none";
    size_t length = sizeof version;

    for (unsigned i = 0; i < OBJECTS; i++) {
        objects[i] = malloc(BYTES);
    }
    for (unsigned i = 0; i < FREED; i++) {
        free(objects[i]);
    }
    mallctl("version", &version, &length, NULL, 0);
    printf("%zu bytes, version %.2s\n", nallocx(BYTES, 0), version);
    fflush(stdout);
    return getchar() == EOF;
}
