/*
 * Copies: the bytes of a region file at one moment, by pread alone.
 *
 * Waits are bounded: a region may never become ready, a sample never be finished.
 */
#ifndef RUBY_ALLOC_READER_COPY_H
#define RUBY_ALLOC_READER_COPY_H

#include "ruby_alloc/reader.h"

/* A buffer that is used again from copy to copy; zero it before the first. */
struct ra_copy {
    void *data;
    size_t capacity;
    size_t bytes; /* of the last copy */
};

/*
 * Copy the region file at fd whole, its sample between two writes of it. A region
 * that is not ready yet is given ready_ms milliseconds.
 *
 * Returns RA_OK, the header being checked; RA_DAMAGED; RA_SYSTEM (no memory, the
 * file can't be read). copy stays valid in each case.
 */
enum ra_status ra_copy_take(struct ra_copy *copy, int fd, const char *path, int ready_ms,
                            struct ra_failure *why);

void ra_copy_release(struct ra_copy *copy);

/* Sleep; an interrupted sleep is a short one. */
void ra_copy_pause(long microseconds);

#endif
