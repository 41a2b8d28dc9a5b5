/*
 * The mappings of a process with what the kernel tells of each: /proc/PID/maps, smaps
 * and smaps_rollup, which have one form.
 *
 * Read line by line: a process may have tens of thousands of mappings. Paths are as the
 * process left them: not to be shown without ra_text_clean.
 */
#ifndef RUBY_ALLOC_READER_SMAPS_H
#define RUBY_ALLOC_READER_SMAPS_H

#include <stdbool.h>
#include <stdint.h>

/* X(field of the kernel's, name): in bytes, RA_UNKNOWN where the kernel shows none. */
#define RA_SMAP_SIZES(X)                                                                           \
    X(Rss, rss)                                                                                    \
    X(Pss, pss)                                                                                    \
    X(Anonymous, rss_anon)                                                                         \
    X(LazyFree, lazy_free)                                                                         \
    X(AnonHugePages, huge_pages)                                                                   \
    X(Swap, swap)

#define RA_SMAP_MEMBER(field, name) int64_t name;

struct ra_smap_sizes {
    RA_SMAP_SIZES(RA_SMAP_MEMBER)
};

struct ra_smap {
    uint64_t start, end;
    uint64_t offset; /* in the file */
    uint64_t inode;
    uint32_t device_major, device_minor;
    char access[5];   /* "rw-p" */
    const char *path; /* "" for anonymous memory, "[heap]", ...; valid during the visit */
    struct ra_smap_sizes sizes;
};

/*
 * Call visit with each mapping that dir/name (maps, smaps or smaps_rollup of an open
 * /proc/PID) lists, until it returns false. Lines that make no sense are left out.
 *
 * Returns the number of mappings visited, or a negative errno.
 */
int ra_smaps_walk(int dir, const char *name, bool (*visit)(const struct ra_smap *, void *context),
                  void *context);

/* Add what is known of more to sum; what one of the two doesn't know, the sum doesn't. */
void ra_smap_sizes_add(struct ra_smap_sizes *sum, const struct ra_smap_sizes *more);

/* All RA_UNKNOWN. */
void ra_smap_sizes_clear(struct ra_smap_sizes *sizes);

#endif
