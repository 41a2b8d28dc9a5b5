/*
 * What the dynamic linker has loaded into a process, in the order in which it looks
 * symbols up: the program, what is preloaded, what these need, then what came by dlopen.
 *
 * Read from the process's own link map; where its memory may not be read, put together
 * from what its files say they need. Both are hostile: walks are bounded, and a chain
 * whose links don't fit each other is not believed.
 */
#ifndef RUBY_ALLOC_READER_LINKMAP_H
#define RUBY_ALLOC_READER_LINKMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reader/mapped.h"
#include "reader/memory.h"

struct ra_preload;

enum { RA_OBJECTS_MAX = 4096 };

struct ra_object {
    int file;      /* index of a mapped file; -1: none (the kernel's vdso) */
    uint64_t bias; /* what to add to addresses in the file */
    char *name;    /* as the linker calls it; NULL where that can't be known; not printable yet */
};

/* What the kernel told the program when it started. */
struct ra_auxiliary {
    uint64_t entry;
    bool is_secure; /* setuid or the like: ld.so ignores most of LD_PRELOAD */
};

struct ra_linkmap {
    struct ra_object *objects;
    size_t count;
    bool is_exact;  /* read from the process, not guessed */
    bool is_static; /* there is no dynamic linker in the process */
    struct ra_auxiliary auxiliary;
};

/* Read /proc/PID/auxv. False: it may not be read, or ends early. */
bool ra_auxiliary_read(int proc_dir, unsigned word, struct ra_auxiliary *auxiliary);

/*
 * Read the link map, or guess it from what is preloaded. To be released in any case.
 * False: without memory.
 */
bool ra_linkmap_take(struct ra_linkmap *map, struct ra_mapped *mapped,
                     const struct ra_memory *memory, const struct ra_preload *preload);
void ra_linkmap_release(struct ra_linkmap *map);

/* The two ways, apart. False: it can't be read so. */
bool ra_linkmap_read(struct ra_linkmap *map, struct ra_mapped *mapped,
                     const struct ra_memory *memory);
bool ra_linkmap_guess(struct ra_linkmap *map, struct ra_mapped *mapped,
                      const struct ra_preload *preload);

/*
 * Whether a file came when the process started: it is the program, preloaded, or needed by one
 * of these. 1, 0, or -1: can't be told, as a file can't be read, or without memory.
 */
int ra_linkmap_is_early(struct ra_mapped *mapped, const struct ra_preload *preload, size_t file);

/* Whether the mapped file is what a name in DT_NEEDED or LD_PRELOAD, without "/", means. */
bool ra_linkmap_is_named(struct ra_mapped *mapped, size_t file, const char *name);

/* Append an object. False: there are too many, or no memory. */
bool ra_linkmap_add(struct ra_linkmap *map, int file, uint64_t bias, const char *name);

#endif
