/* What victim_libc prints and test_libc reads: a number a line, in the order of these. */
#ifndef RUBY_ALLOC_TESTS_VICTIM_LIBC_H
#define RUBY_ALLOC_TESTS_VICTIM_LIBC_H

#include <stdint.h>

#include "ruby_alloc/buckets.h"

/* The order of RA_REPORT_CALLS. */
enum { MALLOC, CALLOC, REALLOC, ALIGNED, NEW, OTHER, FREE, FAILED, CALLS };

struct ledger {
    uint64_t calls[CALLS];
    uint64_t made, freed, made_bytes, freed_bytes; /* usable ones */
    uint64_t requested_bytes;           /* but for small requests that got large objects */
    uint64_t requests[RA_BUCKET_COUNT]; /* by requested size */
    uint64_t made_by_usable[RA_BUCKET_COUNT];
    uint64_t freed_by_usable[RA_BUCKET_COUNT];
};

struct figures {
    uint64_t arenas;
    uint64_t heap, in_use, free, fast; /* arena, uordblks, fordblks, fsmblks of mallinfo2 */
    uint64_t main_top;                 /* keepcost: the first arena's */
    uint64_t mapped;                   /* hblkhd */
};

#endif
