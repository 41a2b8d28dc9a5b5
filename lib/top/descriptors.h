/*
 * Descriptors: how many there may be. Each process that is read keeps some open, and a shell
 * gives a program a thousand.
 */
#ifndef RA_TOP_DESCRIPTORS_H
#define RA_TOP_DESCRIPTORS_H

#include <stddef.h>

/*
 * Raise the soft limit as far as is of use and allowed. Not for one that starts other programs:
 * they would inherit it. Returns how many processes can be held open at once, at least 1.
 */
size_t ra_descriptors_raise(void);

#endif
