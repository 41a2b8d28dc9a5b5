/*
 * Pages: the kernel maps, reserves and protects whole ones, and arm64's may be of 64 KiB. The
 * region is laid out by pages of 4 KiB; what is done to a part of it is done to the pages
 * within that part.
 */
#ifndef RA_SHIM_PAGES_H
#define RA_SHIM_PAGES_H

#include <stddef.h>

#pragma GCC visibility push(hidden)

/*
 * The kernel's, which need not be jemalloc's (ra_header.page_bytes). Kept, as a forked child asks
 * libc for nothing. Set with the region's layout; 4096 before.
 */
extern size_t ra_pages_kernel;

/* Offsets and lengths in bytes; page is a power of two. */
struct ra_pages {
    size_t at, bytes;
};

/* The pages that [from, to) touches. */
static inline struct ra_pages ra_pages_around(size_t from, size_t to, size_t page)
{
    size_t first = from & ~(page - 1), end = (to + page - 1) & ~(page - 1);

    return (struct ra_pages){first, end - first};
}

/* The pages that lie in [from, to) as a whole; bytes is 0 where there are none. */
static inline struct ra_pages ra_pages_within(size_t from, size_t to, size_t page)
{
    size_t first = (from + page - 1) & ~(page - 1), end = to & ~(page - 1);

    return (struct ra_pages){first, end > first ? end - first : 0};
}

#pragma GCC visibility pop

#endif
