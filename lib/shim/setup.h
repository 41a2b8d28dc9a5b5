/*
 * Set-up: what happens once in a process, in two steps. The first call of any
 * allocation function finds jemalloc, before any constructor has run; ours then,
 * with environment and libraries in place, decides whether this process counts.
 */
#ifndef RA_SHIM_SETUP_H
#define RA_SHIM_SETUP_H

#pragma GCC visibility push(hidden)

/* The first step. Any thread, any number of times; no allocation; errno kept. */
void ra_setup_first_call(void);

#pragma GCC visibility pop

#endif
