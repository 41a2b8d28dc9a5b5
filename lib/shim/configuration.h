/*
 * jemalloc's configuration as it was given, and what is in force of it: every pair of the
 * three texts that jemalloc reads at start-up, in its order: this library's default
 * (tuning.h), what /etc/malloc.conf links to, MALLOC_CONF.
 *
 * Allocates nothing; errno may change.
 */
#ifndef RA_SHIM_CONFIGURATION_H
#define RA_SHIM_CONFIGURATION_H

#include "base.h"

#pragma GCC visibility push(hidden)

/*
 * Keep a copy of MALLOC_CONF: a program may change its environment, or write its title
 * over it. Called once, at set-up, with one thread; in a setuid program it is nothing, as
 * for jemalloc. The rest is left to the sampler: most processes nobody asks about.
 */
void ra_configuration_remember(void);

/*
 * What is in force now, in RA_SETTING_MAX rows that the next call may change; source is 0
 * after the last. The header's decay times and background_thread are brought up to date as
 * well. One thread at a time.
 *
 * A text that jemalloc can't take apart is a row without a value, and jemalloc reads no
 * further in it. Where there are more pairs than rows, the last row's key is "(more)". A
 * state of 0 is that of a setting that jemalloc reads and doesn't show.
 */
const struct ra_setting *ra_configuration_read(struct ra_header *header);

#pragma GCC visibility pop

#endif
