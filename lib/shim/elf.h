/*
 * Symbol look-up in loaded libraries without allocating: dlopen and dlsym
 * allocate, and this runs inside the first malloc of the process, and before
 * that while ld.so relocates us.
 *
 * All functions read ld.so's link map, which grows when a library is loaded;
 * they are meant for start-up. Any thread; no errno; nothing is owned; no call
 * of another library.
 */
#ifndef RA_SHIM_ELF_H
#define RA_SHIM_ELF_H

#include <link.h>
#include <stdbool.h>

#pragma GCC visibility push(hidden)

/*
 * Find ld.so's list of loaded objects, in which all the others look, and the stack
 * (early.h), from an address in ld.so. By no symbol of ours: what it leads to may be a
 * copy in the program (R_X86_64_COPY) that ld.so fills only when it relocates that.
 */
void ra_elf_find_linker(const void *inside);

/* The same by symbol, where nothing was found; once all objects are relocated. */
void ra_elf_ask_linker(void);

/* The program, with which the list of loaded objects begins; NULL: the list isn't known. */
const struct link_map *ra_elf_first(void);

/* The loaded library whose DT_SONAME is soname; else one whose file is called so; or NULL. */
const struct link_map *ra_elf_library(const char *soname);

/*
 * The address of the function or variable that library defines under name, in its
 * default version; NULL if there is none.
 */
void *ra_elf_symbol(const struct link_map *library, const char *name);

/* The same in the first loaded object, the program included, that defines name. */
void *ra_elf_symbol_anywhere(const char *name);

/* Whether text, with its end, is in what library, not the program, has to be read and not written. */
bool ra_elf_has_text(const struct link_map *library, const char *text);

/*
 * The version of Ruby in the program itself (static) or in any library that was loaded
 * with it; NULL: no Ruby. It is a text that begins with a digit; another program's symbol
 * of this name may be anything, or the program's copy of libruby's, which ld.so has yet to
 * fill while it relocates us.
 */
const char *ra_elf_ruby_version(void);

#pragma GCC visibility pop

#endif
