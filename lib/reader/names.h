/* Names: the threads of a process in /proc, kept from one look to the next. */
#ifndef RUBY_ALLOC_READER_NAMES_H
#define RUBY_ALLOC_READER_NAMES_H

#include "reader/snapshot.h"

/* One entry a slot. Zero it before the first use. */
struct ra_names {
    struct ra_thread_name *entries;
    size_t count;
};

/*
 * Bring names up to date with the slots of image: threads that are new are looked
 * up, all of them if again is true. foreign: the process lives in another pid
 * namespace than the caller, so that tids must be translated.
 */
void ra_names_update(struct ra_names *names, const struct ra_image *image, int proc_dir,
                     bool foreign, bool again);

/* A copy of the entries, to be freed; NULL if there are none. */
struct ra_thread_name *ra_names_copy(const struct ra_names *names);

void ra_names_release(struct ra_names *names);

#endif
