/* An array that grows as items are added to it. */
#ifndef RUBY_ALLOC_READER_GROW_H
#define RUBY_ALLOC_READER_GROW_H

#include <stddef.h>
#include <stdlib.h>

/*
 * The items, with room for one more than count of them: as they are, or moved to where
 * there is room for twice as many (for first, when there was none), and *room says how
 * many. NULL without memory: the items are still where they were then, and *room too.
 */
static inline void *ra_grown(void *items, size_t *room, size_t count, size_t item_bytes,
                             size_t first)
{
    size_t larger = *room == 0 ? first : *room * 2;
    void *more;

    if (count < *room) {
        return items;
    }
    more = reallocarray(items, larger, item_bytes);
    if (more != NULL) {
        *room = larger;
    }
    return more;
}

#endif
