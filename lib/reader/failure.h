/* Failures: the one line that goes with a status. */
#ifndef RUBY_ALLOC_READER_FAILURE_H
#define RUBY_ALLOC_READER_FAILURE_H

#include "ruby_alloc/reader.h"

/* Fill *why (may be NULL) with status and a message made printable. Returns status. */
enum ra_status ra_failure_set(struct ra_failure *why, enum ra_status status, const char *format,
                              ...) __attribute__((format(printf, 3, 4)));

#endif
