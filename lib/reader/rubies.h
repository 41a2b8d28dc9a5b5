/* Rubies: in which processes Ruby is, and of which version. */
#ifndef RUBY_ALLOC_READER_RUBIES_H
#define RUBY_ALLOC_READER_RUBIES_H

#include <stdbool.h>
#include <stddef.h>

#include "reader/mapped.h"

enum { RA_RUBY_VERSION_BYTES = 32 };

/* Whether Ruby is in the process; if so its version, "" where it can't be told. */
bool ra_ruby_find(struct ra_mapped *mapped, char version[RA_RUBY_VERSION_BYTES]);

#endif
