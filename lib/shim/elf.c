/*
 * Finds symbols by walking ld.so's list of loaded objects (_r_debug) and their
 * hash tables, as ld.so itself does. Every object that ld.so can bind to has
 * DT_GNU_HASH or DT_HASH, so no other way is needed.
 */
#include "elf.h"

#include <elf.h>
#include <stddef.h>

#include "early.h"

/* ld.so's. */
extern const void *const __libc_stack_end;

/* ld.so's header, and its list of loaded objects; NULL: not found yet. */
static const ElfW(Ehdr) * linker;
static const struct r_debug *objects;

/* How far ld.so's header is from its code, at most: four times what it measures. */
enum { PAGE_STEP = 4096, LINKER_PAGES = 256 };

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

/* Member by member: a compiler may call memset for an initialiser of them all. */
static struct tables tables_of(const struct link_map *library)
{
    struct tables tables;
    ElfW(Xword) soname = 0;

    tables.strings = tables.soname = NULL;
    tables.symbols = NULL;
    tables.versions = NULL;
    tables.gnu_hash = tables.sysv_hash = NULL;
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
           ra_early_same(tables->strings + symbol->st_name, name);
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

const struct link_map *ra_elf_first(void)
{
    return objects ? objects->r_map : NULL;
}

/* The last part of the path by which it was loaded. */
static const char *file_name(const struct link_map *library)
{
    const char *name = library->l_name;

    for (const char *at = name; *at; at++) {
        name = *at == '/' ? at + 1 : name;
    }
    return name;
}

const struct link_map *ra_elf_library(const char *soname)
{
    const struct link_map *named = NULL;

    for (const struct link_map *library = ra_elf_first(); library; library = library->l_next) {
        struct tables tables = tables_of(library);

        if (tables.soname && ra_early_same(tables.soname, soname)) {
            return library;
        }
        if (!named && *library->l_name && ra_early_same(file_name(library), soname)) {
            named = library;
        }
    }
    return named;
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

    for (const struct link_map *library = ra_elf_first(); library && !address;
         library = library->l_next) {
        address = ra_elf_symbol(library, name);
    }
    return address;
}

const char *ra_elf_ruby_version(void)
{
    const char *version = NULL;
    bool is_ruby = false;

    for (const struct link_map *library = ra_elf_first(); library && !is_ruby;
         library = library->l_next) {
        version = ra_elf_symbol(library, "ruby_version");
        is_ruby = version && version[0] >= '0' && version[0] <= '9';
    }
    return is_ruby ? version : NULL;
}

static const ElfW(Phdr) * segments_of(const ElfW(Ehdr) * header)
{
    return (const ElfW(Phdr) *)((const char *)header + header->e_phoff);
}

static bool has(const ElfW(Ehdr) * header, const void *address)
{
    const ElfW(Phdr) *segments = segments_of(header);

    for (unsigned i = 0; i < header->e_phnum; i++) {
        if (segments[i].p_type == PT_LOAD &&
            (uintptr_t)address - (uintptr_t)header - segments[i].p_vaddr < segments[i].p_memsz) {
            return true;
        }
    }
    return false;
}

static bool is_header(const ElfW(Ehdr) * header)
{
    return header->e_ident[EI_MAG0] == ELFMAG0 && header->e_ident[EI_MAG1] == ELFMAG1 &&
           header->e_ident[EI_MAG2] == ELFMAG2 && header->e_ident[EI_MAG3] == ELFMAG3 &&
           header->e_type == ET_DYN && header->e_phentsize == sizeof(ElfW(Phdr));
}

static bool segment_has(const char *at, const char *end, const char *text)
{
    size_t length = 0;

    while (text[length]) {
        length++;
    }
    for (; at + length < end; at++) {
        if (*at == *text && ra_early_same(at, text)) {
            return true;
        }
    }
    return false;
}

/* A library begins where it was loaded, but for one that was laid out for a fixed address. */
bool ra_elf_has_text(const struct link_map *library, const char *text)
{
    const ElfW(Ehdr) *header = (const ElfW(Ehdr) *)library->l_addr;

    if (!header || !is_header(header)) {
        return false;
    }
    for (unsigned i = 0; i < header->e_phnum; i++) {
        const ElfW(Phdr) *segment = &segments_of(header)[i];
        const char *begin = (const char *)header + segment->p_vaddr;

        if (segment->p_type == PT_LOAD && !(segment->p_flags & PF_W) &&
            segment_has(begin, begin + segment->p_filesz, text)) {
            return true;
        }
    }
    return false;
}

/* At the beginning of a page, in front of all else that is mapped of ld.so. */
static const ElfW(Ehdr) * header_before(const void *inside)
{
    const char *page = (const char *)((uintptr_t)inside & -(uintptr_t)PAGE_STEP);

    for (unsigned i = 0; i < LINKER_PAGES; i++, page -= PAGE_STEP) {
        const ElfW(Ehdr) *header = (const ElfW(Ehdr) *)page;

        if (is_header(header)) {
            return has(header, inside) ? header : NULL;
        }
    }
    return NULL;
}

static struct link_map linker_map(void)
{
    const ElfW(Phdr) *segments = segments_of(linker);
    struct link_map map;

    map.l_addr = (ElfW(Addr))linker;
    map.l_ld = NULL;
    for (unsigned i = 0; i < linker->e_phnum; i++) {
        if (segments[i].p_type == PT_DYNAMIC) {
            map.l_ld = (ElfW(Dyn) *)(map.l_addr + segments[i].p_vaddr);
        }
    }
    return map;
}

void ra_elf_find_linker(const void *inside)
{
    linker = header_before(inside);
    if (linker) {
        struct link_map map = linker_map();
        const void *const *stack = ra_elf_symbol(&map, "__libc_stack_end");

        objects = ra_elf_symbol(&map, "_r_debug");
        ra_early_begin(stack ? *stack : NULL);
    }
}

void ra_elf_ask_linker(void)
{
    if (!objects) {
        linker = (const ElfW(Ehdr) *)_r_debug.r_ldbase;
        objects = &_r_debug;
        ra_early_begin(__libc_stack_end);
    }
}
