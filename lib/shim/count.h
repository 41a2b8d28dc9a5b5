/*
 * Counting off the hot path: any size, any thread. The hot path (entry.c) adds to
 * the slot itself and comes here only for what its one comparison sent away.
 *
 * All functions: any thread, also inside signal handlers; no allocation; errno
 * kept. Sizes in bytes.
 */
#ifndef RA_SHIM_COUNT_H
#define RA_SHIM_COUNT_H

#include "jemalloc.h"

#pragma GCC visibility push(hidden)

/*
 * Whether anything was ever counted where all threads do (RA_CURRENT->shared). A fork needs
 * not look there while it is false.
 */
extern bool ra_count_shared;

/*
 * An object was made: asked for with requested, given usable. Gives the calling
 * thread its slot if it has none yet.
 */
void ra_count_alloc(size_t requested, size_t usable);

/* An object of usable was freed; 0: nothing was, as in free(NULL). */
void ra_count_free(size_t usable);

/* A call of this name. */
void ra_count_call(enum ra_call call);

/*
 * What one forwarded call made and freed, in usable bytes: by how far jemalloc's
 * counters moved, or, while they aren't known, by asking for the object's size. The
 * choice is made once for a call, as the counters may become known in the middle of it.
 *
 *     struct ra_mark mark = ra_mark(old);
 *     object = ra_road.realloc(old, size);
 *     ra_made(&mark, object), ra_freed(&mark);
 */
struct ra_mark {
    bool counters;
    uint64_t allocated, deallocated;
    size_t old_usable;
};

/* old: the object that the call may free, or NULL. */
static inline struct ra_mark ra_mark(void *old)
{
    if (RA_LIKELY(ra_counters_known())) {
        return (struct ra_mark){true, ra_allocated(), ra_deallocated(), 0};
    }
    return (struct ra_mark){.old_usable = old ? ra_road.malloc_usable_size(old) : 0};
}

/* Usable size of object, which the call returned; not NULL. */
static inline size_t ra_made(const struct ra_mark *mark, void *object)
{
    return mark->counters ? ra_allocated() - mark->allocated : ra_road.malloc_usable_size(object);
}

/* Usable size of what the call freed: 0 for nothing. Without counters: of old, if it is gone. */
static inline size_t ra_freed(const struct ra_mark *mark)
{
    return mark->counters ? ra_deallocated() - mark->deallocated : mark->old_usable;
}

#pragma GCC visibility pop

#endif
