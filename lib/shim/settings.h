/*
 * Settings: the environment variables of environment.h, read once at set-up.
 */
#ifndef RA_SHIM_SETTINGS_H
#define RA_SHIM_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

struct ra_settings {
    bool off;                  /* RUBY_ALLOC=0 */
    bool all;                  /* RUBY_ALLOC_ALL=1 */
    bool no_decay;             /* RUBY_ALLOC_DECAY=0 */
    bool no_helper;            /* RUBY_ALLOC_HELPER=0 */
    uint32_t interval_seconds; /* RUBY_ALLOC_INTERVAL */
    uint64_t keep_bytes;       /* RUBY_ALLOC_KEEP */
    const char *directory;     /* RUBY_ALLOC_DIR; NULL: the usual ones */
    const char *log;           /* RUBY_ALLOC_LOG; NULL: none */
    const char *runtime;       /* XDG_RUNTIME_DIR; NULL: none */
};
extern struct ra_settings ra_settings;

/* Read the environment; what makes no sense is logged and ignored. Called once, one thread. */
void ra_settings_read(void);

#pragma GCC visibility pop

#endif
