/*
 * A process that makes objects and keeps them: victim_pages COUNT SIZE [COUNT SIZE ...]
 *
 * Prints the bytes that they have, and keepcost of mallinfo2, a line each; then it is ready.
 */
#include <malloc.h>

#include "victim_common.h"

int main(int argc, char **argv)
{
    size_t usable = 0;

    for (int i = 1; i + 1 < argc; i += 2) {
        for (unsigned long count = strtoul(argv[i], NULL, 10); count > 0; count--) {
            usable += malloc_usable_size(make_object(strtoul(argv[i + 1], NULL, 10)));
        }
    }
    put_number((long)usable);
    put_number((long)mallinfo2().keepcost);
    pause_for_test();
    return 0;
}
