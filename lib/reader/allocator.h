/*
 * Allocators: which one a file is, of which version, and which of those that a process
 * has loaded answers its calls of malloc.
 */
#ifndef RUBY_ALLOC_READER_ALLOCATOR_H
#define RUBY_ALLOC_READER_ALLOCATOR_H

#include <stdbool.h>
#include <stddef.h>

#include "reader/linkmap.h"
#include "reader/mapped.h"

/*
 * X(id, name, how its files' names begin, how its version is told). A file whose content
 * can't be read, or that hides its symbols, is still known by its name.
 */
#define RA_ALLOCATORS(X)                                                                           \
    X(UNKNOWN, "unknown", "", NONE)                                                                \
    X(RUBY_ALLOC, "ruby_alloc", "libruby_alloc.so", NONE)                                          \
    X(JEMALLOC, "jemalloc", "libjemalloc", JEMALLOC)                                               \
    X(TCMALLOC, "tcmalloc", "libtcmalloc", GPERFTOOLS)                                             \
    X(MIMALLOC, "mimalloc", "libmimalloc", FILE_NAME)                                              \
    X(GLIBC, "glibc", "libc.so.6", GLIBC)                                                          \
    X(MUSL, "musl", "ld-musl-", MUSL)

enum ra_allocator_id {
#define RA_ALLOCATOR_ID(id, name, file, version) RA_ALLOCATOR_##id,
    RA_ALLOCATORS(RA_ALLOCATOR_ID)
#undef RA_ALLOCATOR_ID
        RA_ALLOCATOR_COUNT
};

/* How an allocator came to answer: X(id, name, meaning). */
#define RA_HOWS(X)                                                                                 \
    X(DEFAULT, "default", "the C library's own")                                                   \
    X(PRELOAD, "preload", "named in LD_PRELOAD or /etc/ld.so.preload")                             \
    X(LINKED, "linked", "needed by the program or by one of its libraries")                        \
    X(BUILT_IN, "built_in", "linked into the program or into libruby")

enum ra_how {
#define RA_HOW_ID(id, name, meaning) RA_HOW_##id,
    RA_HOWS(RA_HOW_ID)
#undef RA_HOW_ID
};

const char *ra_allocator_name(enum ra_allocator_id id);
const char *ra_how_name(enum ra_how how);

enum { RA_ALLOCATOR_VERSION_BYTES = 80 };

/* Which allocator a mapped file is; RA_ALLOCATOR_UNKNOWN also where it is none. */
enum ra_allocator_id ra_allocator_of(struct ra_mapped *mapped, size_t file);

/* Whether the file defines malloc: 1, 0, -1 if its content can't be read and its name tells nothing. */
int ra_allocator_defines_malloc(struct ra_mapped *mapped, size_t file);

/* The version of allocator id in a mapped file; "" where it can't be told. */
void ra_allocator_version(const struct ra_mapped *mapped, size_t file, enum ra_allocator_id id,
                          char version[RA_ALLOCATOR_VERSION_BYTES]);

/* The object whose malloc is found first, or -1. Counts in *unread those before it that can't be read. */
int ra_allocator_find(struct ra_mapped *mapped, const struct ra_linkmap *map, size_t *unread);

#endif
