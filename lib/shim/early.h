/*
 * The environment before libc has it: jemalloc reads its configuration, and the first
 * call of malloc chooses its road, before libc's constructor has set environ.
 *
 * Any thread, any time; no allocation, no errno. Reads what the kernel laid on the stack
 * (x86-64 psABI, "Process Initialization": argc, argv, NULL, envp, NULL), which a host may
 * write over later, so these are for start-up.
 */
#ifndef RA_SHIM_EARLY_H
#define RA_SHIM_EARLY_H

#include <stdbool.h>

#pragma GCC visibility push(hidden)

/*
 * Whether name is set to value; never in a setuid program, whose
 * environment must not be trusted.
 */
bool ra_early_is(const char *name, const char *value);

#pragma GCC visibility pop

#endif
