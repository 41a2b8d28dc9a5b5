/*
 * Symbol look-up in loaded libraries without allocating: dlopen and dlsym
 * allocate, and this runs inside the first malloc of the process.
 *
 * All functions read ld.so's link map, which grows when a library is loaded;
 * they are meant for start-up. Any thread; no errno; nothing is owned.
 */
#ifndef RA_SHIM_ELF_H
#define RA_SHIM_ELF_H

#include <link.h>
#include <stdbool.h>

#pragma GCC visibility push(hidden)

/* The loaded library whose DT_SONAME is soname, or NULL. */
const struct link_map *ra_elf_library(const char *soname);

/*
 * The address of the function or variable that library defines under name, in its
 * default version; NULL if there is none.
 */
void *ra_elf_symbol(const struct link_map *library, const char *name);

/* The same in the first loaded object, the program included, that defines name. */
void *ra_elf_symbol_anywhere(const char *name);

/*
 * The version of Ruby in the program itself (static) or in any library that was loaded
 * with it; NULL: no Ruby. It is a text that begins with a digit; another program's symbol
 * of this name may be anything.
 */
const char *ra_elf_ruby_version(void);

#pragma GCC visibility pop

#endif
