/* Rubies: in which processes Ruby is, and of which version. */
#ifndef RUBY_ALLOC_READER_RUBIES_H
#define RUBY_ALLOC_READER_RUBIES_H

#include <stdbool.h>
#include <stddef.h>

#include "reader/mapped.h"
#include "reader/preload.h"

enum { RA_RUBY_VERSION_BYTES = 32 };

/* Whether Ruby is in the process; if so its version, "" where it can't be told. */
bool ra_ruby_find(struct ra_mapped *mapped, char version[RA_RUBY_VERSION_BYTES]);

/*
 * Whether Ruby was loaded by dlopen, after the process had started: this library has looked
 * for it by then. 1, 0, or -1: can't be told. 0 also where there is no Ruby.
 */
int ra_ruby_is_late(struct ra_mapped *mapped, const struct ra_preload *preload);

#endif
