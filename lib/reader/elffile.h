/*
 * ELF files by libelf: what kind, what they need, what they define.
 *
 * A file is hostile input: it is read, never mapped; its size and those of the sections
 * that are read are bounded; compressed sections are refused.
 */
#ifndef RUBY_ALLOC_READER_ELFFILE_H
#define RUBY_ALLOC_READER_ELFFILE_H

#include <gelf.h>
#include <libelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RA_ELF_NAME_BYTES = 256, RA_ELF_NEEDED_MAX = 512 };

struct ra_elf {
    int fd; /* the caller's */
    Elf *elf;
    GElf_Ehdr header;
    size_t segments;
    bool has_interpreter;
    GElf_Phdr dynamic; /* p_memsz 0: none */
};

/* A symbol that is looked for. */
struct ra_elf_symbol {
    const char *name;
    uint64_t value; /* its address in the file's own terms; 0: not defined there */
};

/* What the dynamic section says. */
struct ra_elf_needs {
    char soname[RA_ELF_NAME_BYTES];    /* "": none */
    char (*needed)[RA_ELF_NAME_BYTES]; /* to be freed */
    size_t count;
};

/* Open the file at fd, which stays the caller's. False: no whole ELF file. */
bool ra_elf_open(struct ra_elf *elf, int fd);

void ra_elf_close(struct ra_elf *elf);

/*
 * Find which of count symbols the file defines for others to use, by its dynamic symbol
 * table (what the dynamic linker looks in; it remains in stripped files).
 *
 * False: the table can't be read, so that an absent symbol means nothing.
 */
bool ra_elf_find(const struct ra_elf *elf, struct ra_elf_symbol *symbols, size_t count);

/*
 * Find the words in which the dynamic linker puts the addresses of the functions named, where
 * the file only refers to them: in its own terms, at most room of them.
 *
 * Returns how many; 0 also where its tables can't be read, or are of an unknown machine.
 */
size_t ra_elf_references(const struct ra_elf *elf, const char *const *names, size_t count,
                         uint64_t *places, size_t room);

/* Read what the file has at an address once it is loaded. */
bool ra_elf_read(const struct ra_elf *elf, uint64_t address, void *data, size_t bytes);

/* Read the names of its dynamic section. False: without memory. */
bool ra_elf_needs(const struct ra_elf *elf, struct ra_elf_needs *needs);

#endif
