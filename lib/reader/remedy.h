/*
 * Advice on an examination: a table of rules, each with the line to type.
 *
 * A process's own command line is shown as something to type only where it is the
 * caller's own process: another user could have made it up.
 */
#ifndef RUBY_ALLOC_READER_REMEDY_H
#define RUBY_ALLOC_READER_REMEDY_H

#include "reader/allocator.h"
#include "reader/findings.h"
#include "reader/mapped.h"
#include "reader/preload.h"
#include "reader/tasks.h"

/* What rules go by, beside the findings themselves. */
struct ra_remedy_facts {
    enum ra_allocator_id allocator;
    enum ra_allocator_id behind; /* of ruby_alloc: what it forwards to; else the same */
    enum ra_how how;
    struct ra_mapped *mapped;
    bool is_secure;     /* setuid or the like: ld.so hardly takes a LD_PRELOAD */
    const char *bound;  /* a library that is bound past the allocator, or NULL */
    size_t bound_count; /* and how many are */
    struct ra_tasks tasks;
    const char *recount; /* how to restart it, if this library counts nothing there, or NULL */
    const char *command; /* quoted for a shell */
};

/* Fill the findings' table of advice. */
void ra_remedy_find(struct ra_findings *findings, const struct ra_remedy_facts *facts);

/*
 * The command line of a process (arguments, each terminated, bytes in all) quoted for a
 * shell into out. False, and nothing there, if it would be too long or not printable, or
 * is rather a title that the process gave itself.
 */
bool ra_remedy_quote(char *out, size_t capacity, const char *arguments, size_t bytes);

#endif
