/*
 * The files that a process has mapped as code, and what is in its address space.
 *
 * Opened by the mapping itself (/proc/PID/map_files, for root) or by path within the
 * process's own root, so that containers work and no link leads out of them.
 */
#ifndef RUBY_ALLOC_READER_MAPPED_H
#define RUBY_ALLOC_READER_MAPPED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "reader/elffile.h"
#include "reader/locate.h"
#include "reader/smaps.h"

/* The symbols by which files are told apart: X(name in the code, symbol). */
#define RA_MARKS(X)                                                                                \
    X(MALLOC, "malloc")                                                                            \
    X(MALLCTL, "mallctl")                                                                          \
    X(JE_MALLCTL, "je_mallctl")                                                                    \
    X(TC_MALLOC, "tc_malloc")                                                                      \
    X(TCMALLOC_EXTENSION, "MallocExtension_Internal_GetNumericProperty")                           \
    X(MI_MALLOC, "mi_malloc")                                                                      \
    X(GLIBC, "gnu_get_libc_version")                                                               \
    X(MUSL, "_dl_debug_addr")                                                                      \
    X(RUBY_VERSION, "ruby_version")                                                                \
    X(ENVIRON, "environ")                                                                          \
    X(R_DEBUG, "_r_debug")

enum ra_mark {
#define RA_MARK_ID(id, symbol) RA_MARK_##id,
    RA_MARKS(RA_MARK_ID)
#undef RA_MARK_ID
        RA_MARK_COUNT
};

/* What a file says of itself. */
struct ra_file_facts {
    bool has_header;  /* class, machine and type are known */
    bool is_elf;      /* and it is a whole ELF file */
    bool has_symbols; /* the marks could be looked for */
    unsigned char class;
    uint16_t machine;
    uint16_t type;
    uint64_t entry;
    bool has_interpreter;
    GElf_Phdr dynamic;
    uint64_t marks[RA_MARK_COUNT]; /* addresses in the file's own terms; 0: not defined */
    struct ra_elf_needs needs;
};

struct ra_mapped_file {
    char *path;       /* as the kernel shows it, without " (deleted)"; not printable yet */
    const char *name; /* the last part of it */
    uint64_t inode;
    uint64_t start, end; /* of its first mapping */
    bool is_code;        /* some of it may be executed */
    bool is_deleted;
    struct ra_file_facts facts; /* once ra_mapped_facts was asked */
    bool is_read;
};

enum { RA_RANGE_ANONYMOUS = -1, RA_RANGE_HEAP = -2, RA_RANGE_OTHER = -3 };

/* One mapping. */
struct ra_range {
    uint64_t start, end;
    int file; /* index, or RA_RANGE_... */
    bool is_writable, is_none;
    int64_t rss;
};

struct ra_mapped {
    const struct ra_target *target;
    int root; /* O_PATH of the process's root, or -1 */
    struct ra_mapped_file *files;
    size_t file_count, file_room;
    struct ra_range *ranges; /* ascending */
    size_t range_count, range_room;
    struct ra_proc_rollup sum;
    int exe;         /* the file of the program itself; -1: not among them */
    bool has_failed; /* no memory */
};

/*
 * Read what the process has mapped (smaps, else maps). To be released in any case.
 * Returns the number of mappings, or a negative errno.
 */
int ra_mapped_take(struct ra_mapped *mapped, const struct ra_target *target);
void ra_mapped_release(struct ra_mapped *mapped);

/* Open file index for reading. Returns a descriptor of a regular file, or -1. */
int ra_mapped_open(const struct ra_mapped *mapped, size_t index);

/* Open the regular file at a path within the process's root; likewise. */
int ra_mapped_open_path(const struct ra_mapped *mapped, const char *path);

/* Whether there is a directory at a path within the process's root. */
bool ra_mapped_is_directory(const struct ra_mapped *mapped, const char *path);

/* What is known of file index, read when it is asked for first. */
const struct ra_file_facts *ra_mapped_facts(struct ra_mapped *mapped, size_t index);

/* Read the facts of the file at fd. facts->needs.needed is to be freed. */
void ra_file_facts_read(struct ra_file_facts *facts, int fd);

/* The file that is mapped at an address, or -1. */
int ra_mapped_at(const struct ra_mapped *mapped, uint64_t address);

#endif
