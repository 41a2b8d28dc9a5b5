/*
 * What is needed before libc is: jemalloc reads its configuration, and the first call of
 * malloc chooses its road, before libc's constructor has set environ; and the first of all
 * questions is asked while ld.so relocates this library (tuning.c).
 *
 * Any thread, any time; no allocation, no errno; no call of another library, nor a look at a
 * variable of one. Reads what the kernel laid on the stack (x86-64 psABI, "Process
 * Initialization": argc, argv, NULL, envp, NULL, auxv), which a host may write over later, so
 * these are for start-up.
 */
#ifndef RA_SHIM_EARLY_H
#define RA_SHIM_EARLY_H

#include <stdbool.h>

#pragma GCC visibility push(hidden)

/* Where argc lies; NULL: nobody knows, and no variable is set. Once, before all others. */
void ra_early_begin(const void *stack_end);

/*
 * Whether name is set to value; never in a setuid program, whose
 * environment must not be trusted.
 */
bool ra_early_is(const char *name, const char *value);

/* strcmp(one, other) == 0. */
static inline bool ra_early_same(const char *one, const char *other)
{
    while (*one && *one == *other) {
        one++;
        other++;
    }
    return *one == *other;
}

#pragma GCC visibility pop

#endif
