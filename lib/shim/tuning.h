/*
 * The settings of jemalloc that a Ruby wants, below the user's own in rank: jemalloc
 * reads the variable malloc_conf of the program or the first library that exports one,
 * then what /etc/malloc.conf links to, then MALLOC_CONF (jemalloc(3), "Tuning").
 */
#ifndef RA_SHIM_TUNING_H
#define RA_SHIM_TUNING_H

#pragma GCC visibility push(hidden)

/*
 * narenas:2: under Ruby's global lock one thread at a time allocates, and each arena
 * beyond a few only scatters what could share a slab. dirty_decay_ms:1000: what a burst
 * leaves behind goes back after a second instead of ten. Measured: make bench-memory.
 */
#define RA_TUNING "narenas:2,dirty_decay_ms:1000"

/*
 * What each jemalloc knows, since 3.0. One before 5 prints a line for a pair that it doesn't
 * know, and reads the same variable: a Ruby may be linked to one. All are then given this.
 */
#define RA_TUNING_FOR_ALL "narenas:2"
#define RA_TUNING_IS_NEW "dirty_decay_ms"

/* What jemalloc was given by this library, or NULL: no Ruby, or RUBY_ALLOC_TUNING=0. */
typedef const char *ra_tuning_getter(void);
extern ra_tuning_getter *const ra_tuning_conf;

#pragma GCC visibility pop

#endif
