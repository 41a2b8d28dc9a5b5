/* One process being looked at for an examination. */
#ifndef RUBY_ALLOC_READER_LOOK_H
#define RUBY_ALLOC_READER_LOOK_H

#include "reader/remedy.h"
#include "reader/findings.h"
#include "reader/linkmap.h"
#include "reader/preload.h"
#include "reader/surroundings.h"

enum { RA_LOOK_COMMAND_BYTES = 4096 };

/* All that is held of the process while it is looked at. */
struct ra_look {
    struct ra_target target;
    struct ra_mapped mapped;
    struct ra_memory memory;
    struct ra_surroundings surroundings;
    struct ra_preload preload;
    struct ra_linkmap map;
    struct ra_findings *findings;
    char command[RA_LOOK_COMMAND_BYTES]; /* as in cmdline */
    size_t command_bytes;
};

/* Find whose malloc answers, how that came, and what else is loaded; into findings and facts. */
void ra_look_for_allocator(struct ra_look *seen, struct ra_remedy_facts *facts);

#endif
