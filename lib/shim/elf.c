/*
 * Finds symbols by walking ld.so's list of loaded objects (_r_debug) and their
 * hash tables, as ld.so itself does. Every object that ld.so can bind to has
 * DT_GNU_HASH or DT_HASH, so no other way is needed.
 */
#include "elf.h"

#include <elf.h>
#include <string.h>

struct tables {
    const char *strings;
    const ElfW(Sym) * symbols;
    const ElfW(Half) * versions;
    const uint32_t *gnu_hash;
    const uint32_t *sysv_hash;
    const char *soname;
};

/* glibc adds the load address to the pointers of a writable dynamic section, and only there. */
static const void *pointer(const struct link_map *library, ElfW(Addr) value)
{
    return (const void *)(value < library->l_addr ? value + library->l_addr : value);
}

static struct tables tables_of(const struct link_map *library)
{
    struct tables tables = {0};
    ElfW(Xword) soname = 0;

    for (const ElfW(Dyn) *entry = library->l_ld; entry && entry->d_tag != DT_NULL; entry++) {
        ElfW(Addr) value = entry->d_un.d_ptr;

        switch (entry->d_tag) {
        case DT_STRTAB:
            tables.strings = pointer(library, value);
            break;
        case DT_SYMTAB:
            tables.symbols = pointer(library, value);
            break;
        case DT_VERSYM:
            tables.versions = pointer(library, value);
            break;
        case DT_GNU_HASH:
            tables.gnu_hash = pointer(library, value);
            break;
        case DT_HASH:
            tables.sysv_hash = pointer(library, value);
            break;
        case DT_SONAME:
            soname = entry->d_un.d_val;
            break;
        }
    }
    if (tables.strings && soname) {
        tables.soname = tables.strings + soname;
    }
    return tables;
}

static bool defines(const struct tables *tables, uint32_t index, const char *name)
{
    const ElfW(Sym) *symbol = &tables->symbols[index];
    unsigned type = ELF64_ST_TYPE(symbol->st_info);
    bool hidden_version = tables->versions && (tables->versions[index] & 0x8000);

    return symbol->st_shndx != SHN_UNDEF && !hidden_version &&
           (type == STT_FUNC || type == STT_OBJECT || type == STT_NOTYPE) &&
           strcmp(tables->strings + symbol->st_name, name) == 0;
}

/* Layout: nbuckets, first symbol, bloom words, bloom shift, bloom[], buckets[], hashes[]. */
static uint32_t find_gnu(const struct tables *tables, const char *name)
{
    const uint32_t *header = tables->gnu_hash;
    uint32_t bucket_count = header[0], first = header[1], bloom_count = header[2];
    const uint32_t *buckets = (const uint32_t *)((const ElfW(Addr) *)(header + 4) + bloom_count);
    const uint32_t *hashes = buckets + bucket_count;
    uint32_t hash = 5381;

    for (const char *c = name; *c; c++) {
        hash = hash * 33 + (unsigned char)*c;
    }
    if (bucket_count == 0) {
        return STN_UNDEF;
    }
    uint32_t index = buckets[hash % bucket_count];
    if (index < first) {
        return STN_UNDEF;
    }
    do {
        uint32_t found = hashes[index - first];
        if ((found | 1) == (hash | 1) && defines(tables, index, name)) {
            return index;
        }
        if (found & 1) { /* the last of its chain */
            break;
        }
    } while (index++);
    return STN_UNDEF;
}

/* Layout: nbuckets, nsymbols, buckets[], chain[]. All symbols are looked at; it is a rare table. */
static uint32_t find_sysv(const struct tables *tables, const char *name)
{
    uint32_t count = tables->sysv_hash[1];

    for (uint32_t index = 1; index < count; index++) {
        if (defines(tables, index, name)) {
            return index;
        }
    }
    return STN_UNDEF;
}

const struct link_map *ra_elf_library(const char *soname)
{
    for (const struct link_map *library = _r_debug.r_map; library; library = library->l_next) {
        struct tables tables = tables_of(library);

        if (tables.soname && strcmp(tables.soname, soname) == 0) {
            return library;
        }
    }
    return NULL;
}

void *ra_elf_symbol(const struct link_map *library, const char *name)
{
    struct tables tables = tables_of(library);
    uint32_t index = STN_UNDEF;

    if (!tables.strings || !tables.symbols) {
        return NULL;
    }
    if (tables.gnu_hash) {
        index = find_gnu(&tables, name);
    } else if (tables.sysv_hash) {
        index = find_sysv(&tables, name);
    }
    return index == STN_UNDEF ? NULL : (void *)(library->l_addr + tables.symbols[index].st_value);
}

void *ra_elf_symbol_anywhere(const char *name)
{
    void *address = NULL;

    for (const struct link_map *library = _r_debug.r_map; library && !address;
         library = library->l_next) {
        address = ra_elf_symbol(library, name);
    }
    return address;
}

const char *ra_elf_ruby_version(void)
{
    const char *version = ra_elf_symbol_anywhere("ruby_version");

    return version && version[0] >= '0' && version[0] <= '9' ? version : NULL;
}
