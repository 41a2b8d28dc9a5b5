/*
 * Banners: versions that are told by a text in a file.
 *
 * The file is hostile: it is read in pieces, as far as a bound, and what is taken for a
 * version consists of letters, digits, dots and dashes.
 */
#ifndef RUBY_ALLOC_READER_BANNER_H
#define RUBY_ALLOC_READER_BANNER_H

#include <stdbool.h>
#include <stddef.h>

enum ra_banner {
    RA_BANNER_JEMALLOC,     /* "5.3.0-0-g54eaed1d8b56" */
    RA_BANNER_GLIBC,        /* "... release version 2.36." */
    RA_BANNER_GPERFTOOLS,   /* "gperftools 2.10" */
    RA_BANNER_GLIBC_STATIC, /* no version: what each program linked to it statically has */
    RA_BANNER_MUSL          /* "1.2.3" in a file that says "musl libc" */
};

/* Find the version in the file at fd. Returns false, and "", where there is no banner. */
bool ra_banner_find(int fd, enum ra_banner banner, char *version, size_t capacity);

/* The same in length bytes of memory; for tests. */
bool ra_banner_find_in(const char *data, size_t length, enum ra_banner banner, char *version,
                       size_t capacity);

#endif
