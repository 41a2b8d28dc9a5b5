/*
 * The mappings of a process with what the kernel tells of each: /proc/PID/maps and smaps,
 * which have one form.
 *
 * Read line by line: a process may have tens of thousands of mappings. Paths are as the
 * process left them: not to be shown without ra_text_clean.
 */
#ifndef RUBY_ALLOC_READER_SMAPS_H
#define RUBY_ALLOC_READER_SMAPS_H

#include <stdbool.h>
#include <stdint.h>

#include "reader/proc.h"

struct ra_smap {
    uint64_t start, end;
    uint64_t offset; /* in the file */
    uint64_t inode;
    uint32_t device_major, device_minor;
    char access[5];   /* "rw-p" */
    const char *path; /* "" for anonymous memory, "[heap]", ...; valid during the visit */
    struct ra_proc_rollup sizes;
};

/*
 * Call visit with each mapping that dir/name (maps or smaps of an open /proc/PID) lists,
 * until it returns false. Lines that make no sense are left out.
 *
 * Returns the number of mappings visited, or a negative errno.
 */
int ra_smaps_walk(int dir, const char *name, bool (*visit)(const struct ra_smap *, void *context),
                  void *context);

/* Add what is known of more to sum; what one of the two doesn't know, the sum doesn't. */
void ra_smap_sizes_add(struct ra_proc_rollup *sum, const struct ra_proc_rollup *more);

/* All RA_UNKNOWN. */
void ra_smap_sizes_clear(struct ra_proc_rollup *sizes);

#endif
