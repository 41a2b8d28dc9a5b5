/*
 * Bindings: which loaded libraries call another malloc than the one that answers the program.
 *
 * A library loaded with RTLD_DEEPBIND looks its functions up in itself and in what it needs
 * before it looks where all others do: it gets the C library's malloc and free, past the
 * allocator in front of it. Where the linker has put which address is read from the process's
 * memory, which is hostile: an address is only compared with what is mapped there.
 */
#ifndef RUBY_ALLOC_READER_BINDING_H
#define RUBY_ALLOC_READER_BINDING_H

#include <stdbool.h>
#include <stddef.h>

#include "reader/linkmap.h"
#include "reader/mapped.h"
#include "reader/memory.h"

/*
 * Whether a function that makes or frees memory is, for this object, one of another file that
 * has a malloc than answering, the file whose malloc is found first. What is not looked up yet
 * (lazy binding) is bound to nothing. False also where it can't be told.
 */
bool ra_binding_is_past(struct ra_mapped *mapped, const struct ra_memory *memory,
                        const struct ra_object *object, int answering);

#endif
