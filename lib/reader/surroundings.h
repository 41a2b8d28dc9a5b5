/*
 * Surroundings: the environment variables of a process.
 *
 * /proc/PID/environ is the place in which the kernel put them. A program that sets its
 * title (Puma, Sidekiq: Process.setproctitle) writes over them, having moved its
 * environment elsewhere; there it is read, where memory may be read.
 */
#ifndef RUBY_ALLOC_READER_SURROUNDINGS_H
#define RUBY_ALLOC_READER_SURROUNDINGS_H

#include "reader/linkmap.h"
#include "reader/mapped.h"
#include "reader/memory.h"

enum ra_surroundings_source {
    RA_SURROUNDINGS_NONE,        /* not to be read */
    RA_SURROUNDINGS_START,       /* as the process was started */
    RA_SURROUNDINGS_OVERWRITTEN, /* lost, unless they can be found in its memory */
    RA_SURROUNDINGS_NOW          /* as they are now in its memory */
};

struct ra_surroundings {
    char *text; /* "NAME=value" texts, each terminated */
    size_t bytes;
    enum ra_surroundings_source source;
};

/* Read them as they were at the start. To be released in any case. */
void ra_surroundings_take(struct ra_surroundings *surroundings, int proc_dir);

/* Where they were overwritten: find them in the process's memory. */
void ra_surroundings_follow(struct ra_surroundings *surroundings, struct ra_mapped *mapped,
                            const struct ra_linkmap *map, const struct ra_memory *memory);

void ra_surroundings_release(struct ra_surroundings *surroundings);

/* The value of a variable, not printable yet, or NULL. */
const char *ra_surroundings_get(const struct ra_surroundings *surroundings, const char *name);

/* Whether an environ of so many bytes was written over. */
bool ra_surroundings_is_overwritten(const char *text, size_t bytes);

#endif
