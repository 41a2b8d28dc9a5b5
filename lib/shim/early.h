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

#pragma GCC visibility push(hidden)

/* The value of name, or NULL: not set, or a setuid program's, which must not be trusted. */
const char *ra_early_variable(const char *name);

#pragma GCC visibility pop

#endif
