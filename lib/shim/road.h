/*
 * The road to the allocator behind us: its functions by address, never by symbol, as the
 * symbols are ours. ra_road_find fills a table of its own and publishes it whole.
 */
#ifndef RA_SHIM_ROAD_H
#define RA_SHIM_ROAD_H

#include <stddef.h>

#pragma GCC visibility push(hidden)

/* X(field, symbol, result, parameters): functions without which an allocator is not usable. */
#define RA_ROAD_NEEDED(X)                                                                          \
    X(malloc, "malloc", void *, (size_t))                                                          \
    X(calloc, "calloc", void *, (size_t, size_t))                                                  \
    X(realloc, "realloc", void *, (void *, size_t))                                                \
    X(free, "free", void, (void *))                                                                \
    X(posix_memalign, "posix_memalign", int, (void **, size_t, size_t))                            \
    X(aligned_alloc, "aligned_alloc", void *, (size_t, size_t))                                    \
    X(malloc_usable_size, "malloc_usable_size", size_t, (void *))

/* Missing from libc, but for memalign and valloc, which some jemallocs lack: NULL there. */
#define RA_ROAD_OPTIONAL(X)                                                                        \
    X(memalign, "memalign", void *, (size_t, size_t))                                              \
    X(valloc, "valloc", void *, (size_t))                                                          \
    X(mallocx, "mallocx", void *, (size_t, int))                                                   \
    X(rallocx, "rallocx", void *, (void *, size_t, int))                                           \
    X(xallocx, "xallocx", size_t, (void *, size_t, size_t, int))                                   \
    X(dallocx, "dallocx", void, (void *, int))                                                     \
    X(sdallocx, "sdallocx", void, (void *, size_t, int))                                           \
    X(nallocx, "nallocx", size_t, (size_t, int))                                                   \
    RA_ROAD_CONTROL(X)

/* How jemalloc is asked. */
#define RA_ROAD_CONTROL(X)                                                                         \
    X(mallctl, "mallctl", int, (const char *, void *, size_t *, void *, size_t))                   \
    X(mallctlnametomib, "mallctlnametomib", int, (const char *, size_t *, size_t *))               \
    X(mallctlbymib, "mallctlbymib", int,                                                           \
      (const size_t *, size_t, void *, size_t *, void *, size_t))                                  \
    X(malloc_stats_print, "malloc_stats_print", void,                                              \
      (void (*)(void *, const char *), void *, const char *))

/* From jemalloc, or where libc is behind us from the C++ library; NULL if that has none. */
#define RA_ROAD_CXX(X)                                                                             \
    X(new_plain, "_Znwm", void *, (size_t))                                                        \
    X(new_array, "_Znam", void *, (size_t))                                                        \
    X(new_nothrow, "_ZnwmRKSt9nothrow_t", void *, (size_t, const void *))                          \
    X(new_array_nothrow, "_ZnamRKSt9nothrow_t", void *, (size_t, const void *))                    \
    X(new_aligned, "_ZnwmSt11align_val_t", void *, (size_t, size_t))                               \
    X(new_array_aligned, "_ZnamSt11align_val_t", void *, (size_t, size_t))                         \
    X(new_aligned_nothrow, "_ZnwmSt11align_val_tRKSt9nothrow_t", void *,                           \
      (size_t, size_t, const void *))                                                              \
    X(new_array_aligned_nothrow, "_ZnamSt11align_val_tRKSt9nothrow_t", void *,                     \
      (size_t, size_t, const void *))

#define RA_ROAD(X) RA_ROAD_NEEDED(X) RA_ROAD_OPTIONAL(X) RA_ROAD_CXX(X)

#define RA_ROAD_FIELD(field, symbol, result, parameters) result(*field) parameters;
struct ra_road {
    RA_ROAD(RA_ROAD_FIELD)
};

/* All NULL until ra_road_find was called, but for malloc_usable_size: it is called unchecked. */
extern struct ra_road ra_road;

/*
 * jemalloc's control for whoever asks it by symbol, also where libc is behind us; NULL where it
 * has none.
 */
struct ra_control {
    RA_ROAD_CONTROL(RA_ROAD_FIELD)
};
extern struct ra_control ra_control;
#undef RA_ROAD_FIELD

/*
 * Which allocator is behind us, for the whole life of the process: jemalloc, or libc where
 * RUBY_ALLOC_BACKEND says so. NONE: none of which we know how to count: no usable jemalloc
 * is loaded, and libc's own functions serve so that the host lives on.
 */
enum ra_backend { RA_BACKEND_NONE, RA_BACKEND_JEMALLOC, RA_BACKEND_LIBC };
extern enum ra_backend ra_backend;

/*
 * Choose the allocator, and fill ra_road and ra_backend. Any thread, any number of times,
 * always with the same result, without allocating; for start-up.
 */
void ra_road_find(void);

#pragma GCC visibility pop

#endif
