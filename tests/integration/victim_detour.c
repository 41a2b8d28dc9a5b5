/*
 * A program that isn't position-independent and takes malloc's address: the symbol malloc
 * then is a place in the program itself, for every library, and leads on from there.
 *
 * Prints whether it has a region.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *(*volatile allocate)(size_t);

int main(void)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[4096];
    int has_region = 0;

    allocate = malloc; /* here, in code: that takes a place of the program's own */
    free(allocate(100));
    while (maps && fgets(line, sizeof line, maps)) {
        has_region |= strstr(line, "/ruby_alloc.") != NULL;
    }
    puts(has_region ? "counted" : "not counted");
    return 0;
}
