/*
 * A program with an allocator of its own, which never gives memory back. What the
 * library still answers of the functions that it lacks must use that allocator.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEAP_BYTES = 1 << 24, HEADER_BYTES = 16 };

static char heap[HEAP_BYTES] __attribute__((aligned(16)));
static size_t used;

void *malloc(size_t size)
{
    size_t bytes = (size + HEADER_BYTES + 15) & ~(size_t)15;
    char *object = heap + __atomic_fetch_add(&used, bytes, __ATOMIC_RELAXED);

    memcpy(object, &size, sizeof size);
    return object + HEADER_BYTES;
}

void free(void *object)
{
    (void)object;
}

void *calloc(size_t count, size_t size)
{
    return malloc(count * size);
}

void *realloc(void *old, size_t size)
{
    char *object = malloc(size);
    size_t old_size = 0;

    if (old) {
        memcpy(&old_size, (char *)old - HEADER_BYTES, sizeof old_size);
        memcpy(object, old, old_size < size ? old_size : size);
    }
    return object;
}

int main(void)
{
    char *text = malloc(40);

    strcpy(text, "its own allocator");
    text = reallocarray(text, 10, 100);
    printf("%s, %s\n", text, text > heap && text < heap + HEAP_BYTES ? "still" : "no longer");
    return 0;
}
