/* Programs: what the executable file of a process defines. */
#include "reader/program.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SEGMENTS_MAX = 64,
    ENTRIES_MAX = 512, /* of the dynamic section */
    NAME_MAX_BYTES = 64,
    /* A chain has two or three symbols, up to hundreds in DT_HASH: a loop ends here. */
    CHAIN_MAX = 4096
};

struct program {
    int fd;
    uint64_t bytes;
    ElfW(Phdr) segments[SEGMENTS_MAX];
    unsigned segment_count;

    /* Addresses in the program; 0: none. */
    uint64_t symbols;
    uint64_t strings;
    uint64_t string_bytes;
    uint64_t gnu_hash;
    uint64_t old_hash;
};

static bool read_at(const struct program *program, uint64_t offset, void *data, size_t bytes)
{
    ssize_t got;

    if (offset > program->bytes || bytes > program->bytes - offset) {
        return false;
    }
    do {
        got = pread(program->fd, data, bytes, (off_t)offset);
    } while (got < 0 && errno == EINTR);
    return got == (ssize_t)bytes;
}

/* Read what the program has at an address once it is loaded. */
static bool read_loaded(const struct program *program, uint64_t address, void *data, size_t bytes)
{
    for (unsigned i = 0; i < program->segment_count; i++) {
        const ElfW(Phdr) *segment = &program->segments[i];
        uint64_t into = address - segment->p_vaddr;

        if (segment->p_type == PT_LOAD && address >= segment->p_vaddr &&
            into <= segment->p_filesz && bytes <= segment->p_filesz - into &&
            segment->p_offset <= UINT64_MAX - into) {
            return read_at(program, segment->p_offset + into, data, bytes);
        }
    }
    return false;
}

/* Element index of an array of so many bytes each. */
static bool read_element(const struct program *program, uint64_t array, uint64_t index, void *data,
                         size_t bytes)
{
    uint64_t offset;
    uint64_t address;

    return !__builtin_mul_overflow(index, bytes, &offset) &&
           !__builtin_add_overflow(array, offset, &address) &&
           read_loaded(program, address, data, bytes);
}

static bool read_segments(struct program *program)
{
    ElfW(Ehdr) header;
    const unsigned char kind = sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32;
    const unsigned char order =
        __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;

    if (!read_at(program, 0, &header, sizeof(header)) ||
        memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != kind ||
        header.e_ident[EI_DATA] != order || header.e_phentsize != sizeof(ElfW(Phdr)) ||
        header.e_phnum > SEGMENTS_MAX ||
        !read_at(program, header.e_phoff, program->segments, header.e_phnum * sizeof(ElfW(Phdr)))) {
        return false;
    }
    program->segment_count = header.e_phnum;
    return true;
}

static void take_entry(struct program *program, const ElfW(Dyn) * entry)
{
    switch (entry->d_tag) {
    case DT_SYMTAB:
        program->symbols = entry->d_un.d_ptr;
        break;
    case DT_STRTAB:
        program->strings = entry->d_un.d_ptr;
        break;
    case DT_STRSZ:
        program->string_bytes = entry->d_un.d_val;
        break;
    case DT_GNU_HASH:
        program->gnu_hash = entry->d_un.d_ptr;
        break;
    case DT_HASH:
        program->old_hash = entry->d_un.d_ptr;
        break;
    default:
        break;
    }
}

/* A program without a dynamic section is linked statically: no tables, nothing to find. */
static void read_dynamic(struct program *program)
{
    for (unsigned i = 0; i < program->segment_count; i++) {
        const ElfW(Phdr) *segment = &program->segments[i];
        ElfW(Dyn) entry;

        if (segment->p_type != PT_DYNAMIC) {
            continue;
        }
        for (unsigned n = 0; n < ENTRIES_MAX; n++) {
            if (!read_element(program, segment->p_vaddr, n, &entry, sizeof(entry)) ||
                entry.d_tag == DT_NULL) {
                break;
            }
            take_entry(program, &entry);
        }
    }
}

/* Whether symbol index is a definition of name. */
static bool is_definition(const struct program *program, uint64_t index, const char *name)
{
    size_t bytes = strlen(name) + 1;
    char found[NAME_MAX_BYTES];
    ElfW(Sym) symbol;

    return bytes <= sizeof(found) &&
           read_element(program, program->symbols, index, &symbol, sizeof(symbol)) &&
           symbol.st_shndx != SHN_UNDEF && symbol.st_value != 0 &&
           symbol.st_name < program->string_bytes &&
           bytes <= program->string_bytes - symbol.st_name &&
           program->strings <= UINT64_MAX - symbol.st_name &&
           read_loaded(program, program->strings + symbol.st_name, found, bytes) &&
           memcmp(found, name, bytes) == 0;
}

/* Four words, the Bloom filter, the buckets, and a chain word for each symbol from first on. */
static int find_gnu(const struct program *program, const char *name)
{
    struct {
        uint32_t bucket_count, first, bloom_words, bloom_shift;
    } table;
    uint64_t buckets;
    uint64_t chains;
    uint32_t hash = 5381;
    uint32_t index;
    uint32_t word = 0;

    for (const char *c = name; *c != '\0'; c++) {
        hash = hash * 33 + (unsigned char)*c;
    }
    if (!read_loaded(program, program->gnu_hash, &table, sizeof(table))) {
        return -1;
    }
    /* A sum that wraps around is an address like another: looked at when it is read. */
    buckets = program->gnu_hash + sizeof(table) + table.bloom_words * (uint64_t)sizeof(ElfW(Addr));
    chains = buckets + table.bucket_count * UINT64_C(4);
    if (table.bucket_count == 0 ||
        !read_element(program, buckets, hash % table.bucket_count, &index, sizeof(index))) {
        return -1;
    }
    if (index == STN_UNDEF || index < table.first) {
        return 0;
    }
    for (unsigned n = 0; n < CHAIN_MAX; n++, index++) {
        if (!read_element(program, chains, index - table.first, &word, sizeof(word))) {
            return -1;
        }
        if ((word | 1) == (hash | 1) && is_definition(program, index, name)) {
            return 1;
        }
        if ((word & 1) != 0) {
            return 0;
        }
    }
    return -1;
}

static int find_old(const struct program *program, const char *name)
{
    struct {
        uint32_t bucket_count, chain_count;
    } table;
    uint64_t buckets = program->old_hash + sizeof(table);
    uint64_t chains;
    uint32_t hash = 0;
    uint32_t index;

    for (const char *c = name; *c != '\0'; c++) {
        hash = (hash << 4) + (unsigned char)*c;
        hash ^= (hash >> 24) & 0xf0;
        hash &= 0x0fffffff;
    }
    if (!read_loaded(program, program->old_hash, &table, sizeof(table)) ||
        table.bucket_count == 0 ||
        !read_element(program, buckets, hash % table.bucket_count, &index, sizeof(index))) {
        return -1;
    }
    chains = buckets + table.bucket_count * UINT64_C(4);
    for (unsigned n = 0; n < CHAIN_MAX && index != STN_UNDEF; n++) {
        if (is_definition(program, index, name)) {
            return 1;
        }
        if (!read_element(program, chains, index, &index, sizeof(index))) {
            return -1;
        }
    }
    return index == STN_UNDEF ? 0 : -1;
}

int ra_program_defines(int fd, const char *name)
{
    struct program program = {.fd = fd};
    struct stat file;

    if (fstat(fd, &file) != 0 || !S_ISREG(file.st_mode)) {
        return -1;
    }
    program.bytes = (uint64_t)file.st_size;
    if (!read_segments(&program)) {
        return -1;
    }
    read_dynamic(&program);
    if (program.gnu_hash != 0) {
        return find_gnu(&program, name);
    }
    return program.old_hash != 0 ? find_old(&program, name) : 0;
}

int ra_program_has_allocator(int proc_dir)
{
    int fd = openat(proc_dir, "exe", O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    int defines;

    if (fd < 0) {
        return -1;
    }
    defines = ra_program_defines(fd, "malloc");
    close(fd);
    return defines;
}
