/*
 * Where libruby_alloc.so is: beside this program, or where `make install` puts it
 * relative to it. No search path and no variable has a say in it.
 *
 * Preferred is its other name, libruby_malloc.so: where gems bind their symbols tightly
 * (RTLD_DEEPBIND), past any preloaded malloc, they look whether LD_PRELOAD has that word.
 */
#ifndef RA_TOP_LIBRARY_H
#define RA_TOP_LIBRARY_H

#include <stddef.h>

/*
 * Find the library that commands are run under. Passed over is one that others than its
 * owner could have put there: in a directory, or below one, that everybody may write to.
 *
 * Returns 0 and its path; or -1 and in path a line that says what is wrong.
 */
int ra_library_find(char *path, size_t size);

#endif
