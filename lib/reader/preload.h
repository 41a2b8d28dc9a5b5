/*
 * Preloaded libraries: what LD_PRELOAD and /etc/ld.so.preload name, and which of them
 * the dynamic linker ignored, as it does without a word that anybody keeps.
 */
#ifndef RUBY_ALLOC_READER_PRELOAD_H
#define RUBY_ALLOC_READER_PRELOAD_H

#include <stdbool.h>
#include <stddef.h>

#include "reader/linkmap.h"
#include "reader/mapped.h"

enum { RA_PRELOAD_MAX = 64 };

/* Why: X(id, name, what is wrong and what to do). */
#define RA_PRELOAD_REASONS(X)                                                                      \
    X(NONE, "none", "it is loaded")                                                                \
    X(STRAY_EQUALS, "stray_equals",                                                                \
      "there is a '=' in the name: write LD_PRELOAD=NAME with one '=' and nothing between")        \
    X(STRAY_QUOTE, "stray_quote", "there is a quotation mark in the name: leave it out")           \
    X(STATIC, "static_program", "the program is linked statically: no dynamic linker reads it")    \
    X(SECURE, "privileged",                                                                        \
      "the program is setuid or has capabilities: there a library must be setuid too, in one of "  \
      "the system's directories, and be named without one")                                        \
    X(NOT_FOUND, "not_found", "there is no such file: check the path, install the library")        \
    X(DIRECTORY, "directory", "it is a directory: name the file of the library")                   \
    X(NOT_ELF, "not_elf", "it is not a shared library")                                            \
    X(WRONG_CLASS, "wrong_class", "it is of another word size (32 or 64 bits) than the program")   \
    X(WRONG_ARCHITECTURE, "wrong_architecture", "it is made for another kind of processor")        \
    X(NOT_LOADED, "not_loaded",                                                                    \
      "the file is there now, but was not loaded: restart, and look at what ld.so says")

enum ra_preload_reason {
#define RA_PRELOAD_ID(id, name, meaning) RA_PRELOAD_##id,
    RA_PRELOAD_REASONS(RA_PRELOAD_ID)
#undef RA_PRELOAD_ID
};

const char *ra_preload_reason_name(enum ra_preload_reason reason);
const char *ra_preload_reason_text(enum ra_preload_reason reason);

/* Names of libraries, in order: LD_PRELOAD's before those of the file. */
struct ra_preload {
    char *names[RA_PRELOAD_MAX];
    size_t count;
    bool is_known; /* LD_PRELOAD could be read, or is not set */
};

/*
 * Take the names in value (LD_PRELOAD's; NULL: not set, or not known) and in the process's
 * /etc/ld.so.preload. To be released in any case. False: without memory.
 */
bool ra_preload_take(struct ra_preload *preload, const struct ra_mapped *mapped, const char *value);
void ra_preload_release(struct ra_preload *preload);

/* Add the names in a text in which characters of separators part them. */
bool ra_preload_split(struct ra_preload *preload, const char *text, const char *separators);

/* Whether a loaded object is the one that name means. */
bool ra_preload_is(struct ra_mapped *mapped, const struct ra_object *object, const char *name);

/* Whether some name means the object. */
bool ra_preload_has(const struct ra_preload *preload, struct ra_mapped *mapped,
                    const struct ra_object *object);

/* Why the linker ignored a name; path_list is the process's LD_LIBRARY_PATH or NULL. */
enum ra_preload_reason ra_preload_judge(const char *name, struct ra_mapped *mapped,
                                        const struct ra_linkmap *map, const char *path_list);

/*
 * Whether a library of this name, fit for the program, is where the linker looks, in the
 * process's own file system.
 */
bool ra_preload_is_installed(struct ra_mapped *mapped, const char *name);

#endif
