/* ELF files by libelf. */
#include "reader/elffile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reader/program.h"

/* Far above real ones; what is larger is not looked into. */
static const uint64_t file_bytes_max = UINT64_C(1) << 30;
static const uint64_t section_bytes_max = UINT64_C(64) << 20;

enum {
    SEGMENTS_MAX = 1024,
    SYMBOLS_MAX = 2 * 1024 * 1024,
    ENTRIES_MAX = 2048,
    REFERENCES_MAX = 32,
    RELOCATIONS_MAX = 4 * 1024 * 1024,
    RELOCATIONS_AT_ONCE = 512
};

static bool read_at(int fd, uint64_t offset, void *data, size_t bytes)
{
    ssize_t got;

    if (offset > INT64_MAX - bytes) {
        return false;
    }
    do {
        got = pread(fd, data, bytes, (off_t)offset);
    } while (got < 0 && errno == EINTR);
    return got == (ssize_t)bytes;
}

/* libelf makes room for as many sections as the file claims, before it looks whether they are there. */
static bool has_plain_counts(const GElf_Ehdr *header)
{
    return (header->e_shoff == 0 || header->e_shnum != 0) && header->e_phnum != 0 &&
           header->e_phnum < SEGMENTS_MAX;
}

static bool is_plain(int fd)
{
    unsigned char ident[EI_NIDENT];
    struct stat file;
    GElf_Ehdr header = {0};

    if (fstat(fd, &file) != 0 || !S_ISREG(file.st_mode) ||
        (uint64_t)file.st_size > file_bytes_max || !read_at(fd, 0, ident, sizeof(ident)) ||
        memcmp(ident, ELFMAG, SELFMAG) != 0) {
        return false;
    }
    if (ident[EI_CLASS] == ELFCLASS64) {
        return read_at(fd, 0, &header, sizeof(header)) && has_plain_counts(&header);
    }
    if (ident[EI_CLASS] == ELFCLASS32) {
        Elf32_Ehdr small;

        if (!read_at(fd, 0, &small, sizeof(small))) {
            return false;
        }
        header.e_shoff = small.e_shoff;
        header.e_shnum = small.e_shnum;
        header.e_phnum = small.e_phnum;
        return has_plain_counts(&header);
    }
    return false;
}

static bool look_at_segments(struct ra_elf *elf)
{
    if (elf_getphdrnum(elf->elf, &elf->segments) != 0 || elf->segments > SEGMENTS_MAX) {
        return false;
    }
    for (size_t i = 0; i < elf->segments; i++) {
        GElf_Phdr segment;

        if (gelf_getphdr(elf->elf, (int)i, &segment) == NULL) {
            return false;
        }
        elf->has_interpreter |= segment.p_type == PT_INTERP;
        if (segment.p_type == PT_DYNAMIC) {
            elf->dynamic = segment;
        }
    }
    return true;
}

bool ra_elf_open(struct ra_elf *elf, int fd)
{
    memset(elf, 0, sizeof(*elf));
    elf->fd = fd;
    if (!is_plain(fd) || elf_version(EV_CURRENT) == EV_NONE) {
        return false;
    }
    elf->elf = elf_begin(fd, ELF_C_READ, NULL);
    if (elf->elf != NULL && elf_kind(elf->elf) == ELF_K_ELF &&
        gelf_getehdr(elf->elf, &elf->header) != NULL && look_at_segments(elf)) {
        return true;
    }
    ra_elf_close(elf);
    return false;
}

void ra_elf_close(struct ra_elf *elf)
{
    elf_end(elf->elf);
    elf->elf = NULL;
}

bool ra_elf_read(const struct ra_elf *elf, uint64_t address, void *data, size_t bytes)
{
    for (size_t i = 0; i < elf->segments; i++) {
        GElf_Phdr segment;
        uint64_t into;

        if (gelf_getphdr(elf->elf, (int)i, &segment) == NULL || segment.p_type != PT_LOAD ||
            address < segment.p_vaddr) {
            continue;
        }
        into = address - segment.p_vaddr;
        if (into <= segment.p_filesz && bytes <= segment.p_filesz - into &&
            segment.p_offset <= UINT64_MAX - into) {
            return read_at(elf->fd, segment.p_offset + into, data, bytes);
        }
    }
    return false;
}

/* A section that may be read whole. */
static bool is_readable(Elf_Scn *section, GElf_Shdr *header)
{
    return section != NULL && gelf_getshdr(section, header) != NULL &&
           header->sh_size <= section_bytes_max && (header->sh_flags & SHF_COMPRESSED) == 0;
}

static Elf_Scn *find_symbols(const struct ra_elf *elf, GElf_Shdr *header)
{
    Elf_Scn *section = NULL;
    GElf_Shdr strings;

    while ((section = elf_nextscn(elf->elf, section)) != NULL) {
        if (gelf_getshdr(section, header) != NULL && header->sh_type == SHT_DYNSYM) {
            return is_readable(section, header) &&
                           is_readable(elf_getscn(elf->elf, header->sh_link), &strings)
                       ? section
                       : NULL;
        }
    }
    return NULL;
}

static bool is_definition(const GElf_Sym *symbol)
{
    unsigned binding = GELF_ST_BIND(symbol->st_info);
    unsigned visibility = GELF_ST_VISIBILITY(symbol->st_other);

    return symbol->st_shndx != SHN_UNDEF && symbol->st_value != 0 && binding != STB_LOCAL &&
           (visibility == STV_DEFAULT || visibility == STV_PROTECTED) &&
           GELF_ST_TYPE(symbol->st_info) != STT_TLS;
}

/* A file whose section headers were cut off still has the table that ld.so uses. */
static bool find_by_hash(const struct ra_elf *elf, struct ra_elf_symbol *symbols, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int defines = ra_program_defines(elf->fd, symbols[i].name);

        if (defines < 0) {
            return false;
        }
        symbols[i].value = (uint64_t)defines;
    }
    return true;
}

bool ra_elf_find(const struct ra_elf *elf, struct ra_elf_symbol *symbols, size_t count)
{
    GElf_Shdr header;
    Elf_Scn *section = find_symbols(elf, &header);
    Elf_Data *data = section == NULL ? NULL : elf_getdata(section, NULL);
    size_t all = data == NULL || header.sh_entsize == 0 ? 0 : header.sh_size / header.sh_entsize;

    for (size_t i = 0; i < count; i++) {
        symbols[i].value = 0;
    }
    if (data == NULL) {
        return find_by_hash(elf, symbols, count);
    }
    for (size_t n = 1; n < all && n < SYMBOLS_MAX; n++) {
        GElf_Sym symbol;
        const char *name;

        if (gelf_getsym(data, (int)n, &symbol) == NULL || !is_definition(&symbol) ||
            (name = elf_strptr(elf->elf, header.sh_link, symbol.st_name)) == NULL) {
            continue;
        }
        for (size_t i = 0; i < count; i++) {
            if (symbols[i].value == 0 && strcmp(name, symbols[i].name) == 0) {
                symbols[i].value = symbol.st_value;
            }
        }
    }
    return true;
}

/* Copy the text at an offset of the dynamic strings; cut off, "" where there is none. */
static void copy_name(const struct ra_elf *elf, uint64_t strings, uint64_t offset,
                      char name[RA_ELF_NAME_BYTES])
{
    size_t length = 0;

    if (strings <= UINT64_MAX - offset &&
        ra_elf_read(elf, strings + offset, name, RA_ELF_NAME_BYTES - 1)) {
        name[RA_ELF_NAME_BYTES - 1] = '\0';
        return;
    }
    /* Too near the end of what is there. */
    while (length < RA_ELF_NAME_BYTES - 1 && strings <= UINT64_MAX - offset - length &&
           ra_elf_read(elf, strings + offset + length, &name[length], 1) && name[length] != '\0') {
        length++;
    }
    name[length] = '\0';
}

/* The dynamic section in the file; NULL: none. libelf checks that the file holds it. */
static Elf_Data *read_dynamic(const struct ra_elf *elf, size_t *count)
{
    size_t entry =
        elf->header.e_ident[EI_CLASS] == ELFCLASS64 ? sizeof(Elf64_Dyn) : sizeof(Elf32_Dyn);
    uint64_t entries = elf->dynamic.p_filesz / entry;

    *count = entries < ENTRIES_MAX ? (size_t)entries : ENTRIES_MAX;
    return *count == 0 || elf->dynamic.p_offset > INT64_MAX
               ? NULL
               : elf_getdata_rawchunk(elf->elf, (int64_t)elf->dynamic.p_offset, *count * entry,
                                      ELF_T_DYN);
}

bool ra_elf_needs(const struct ra_elf *elf, struct ra_elf_needs *needs)
{
    size_t count;
    Elf_Data *data = read_dynamic(elf, &count);
    uint64_t strings = 0;
    GElf_Dyn entry;

    memset(needs, 0, sizeof(*needs));
    for (size_t i = 0; data != NULL && i < count && gelf_getdyn(data, (int)i, &entry) != NULL &&
                       entry.d_tag != DT_NULL;
         i++) {
        strings = entry.d_tag == DT_STRTAB ? entry.d_un.d_ptr : strings;
        needs->count += entry.d_tag == DT_NEEDED && needs->count < RA_ELF_NEEDED_MAX;
    }
    needs->needed = calloc(needs->count + 1, sizeof(*needs->needed));
    if (needs->needed == NULL) {
        return false;
    }
    count = needs->count;
    for (size_t i = 0, n = 0;
         data != NULL && gelf_getdyn(data, (int)i, &entry) != NULL && entry.d_tag != DT_NULL; i++) {
        if (entry.d_tag == DT_NEEDED && n < count) {
            copy_name(elf, strings, entry.d_un.d_val, needs->needed[n++]);
        } else if (entry.d_tag == DT_SONAME) {
            copy_name(elf, strings, entry.d_un.d_val, needs->soname);
        }
    }
    return true;
}

/* The numbers in the symbol table of what is named and not defined. Returns how many. */
static size_t find_undefined(const struct ra_elf *elf, const char *const *names, size_t count,
                             uint64_t numbers[REFERENCES_MAX])
{
    GElf_Shdr header;
    Elf_Scn *section = find_symbols(elf, &header);
    Elf_Data *data = section == NULL ? NULL : elf_getdata(section, NULL);
    size_t all = data == NULL || header.sh_entsize == 0 ? 0 : header.sh_size / header.sh_entsize;
    size_t found = 0;

    for (size_t n = 1; n < all && n < SYMBOLS_MAX && found < REFERENCES_MAX; n++) {
        GElf_Sym symbol;
        const char *name;

        if (gelf_getsym(data, (int)n, &symbol) == NULL || symbol.st_shndx != SHN_UNDEF ||
            (name = elf_strptr(elf->elf, header.sh_link, symbol.st_name)) == NULL) {
            continue;
        }
        for (size_t i = 0; i < count && found < REFERENCES_MAX; i++) {
            if (strcmp(name, names[i]) == 0) {
                numbers[found++] = n;
            }
        }
    }
    return found;
}

/* Whether a relocation puts in the plain address of a function. */
static bool is_plain_address(const struct ra_elf *elf, uint64_t type)
{
    switch (elf->header.e_machine) {
    case EM_X86_64:
        return type == R_X86_64_JUMP_SLOT || type == R_X86_64_GLOB_DAT;
    case EM_AARCH64:
        return type == R_AARCH64_JUMP_SLOT || type == R_AARCH64_GLOB_DAT;
    default:
        return false;
    }
}

/* A table of relocations as both machines have it. */
struct relocations {
    uint64_t address, bytes;
};

struct references {
    const uint64_t *numbers; /* of symbols */
    size_t number_count;
    uint64_t *places;
    size_t count, room;
};

static void take_references(const struct ra_elf *elf, const struct relocations *table,
                            struct references *found)
{
    static const size_t entry = sizeof(Elf64_Rela);
    Elf64_Rela part[RELOCATIONS_AT_ONCE];
    uint64_t all = table->bytes / entry;

    for (uint64_t at = 0; at < all && at < RELOCATIONS_MAX; at += RELOCATIONS_AT_ONCE) {
        size_t count = all - at < RELOCATIONS_AT_ONCE ? (size_t)(all - at) : RELOCATIONS_AT_ONCE;

        if (table->address > UINT64_MAX - at * entry ||
            !ra_elf_read(elf, table->address + at * entry, part, count * entry)) {
            return;
        }
        for (size_t i = 0; i < count; i++) {
            for (size_t n = 0; n < found->number_count && found->count < found->room &&
                               is_plain_address(elf, ELF64_R_TYPE(part[i].r_info));
                 n++) {
                if (ELF64_R_SYM(part[i].r_info) == found->numbers[n]) {
                    found->places[found->count++] = part[i].r_offset;
                }
            }
        }
    }
}

size_t ra_elf_references(const struct ra_elf *elf, const char *const *names, size_t count,
                         uint64_t *places, size_t room)
{
    uint64_t numbers[REFERENCES_MAX];
    struct references found = {.numbers = numbers, .places = places, .room = room};
    struct relocations tables[2] = {{0, 0}, {0, 0}};
    size_t entries;
    Elf_Data *data = read_dynamic(elf, &entries);
    GElf_Dyn entry;

    if (elf->header.e_ident[EI_CLASS] != ELFCLASS64) {
        return 0;
    }
    found.number_count = find_undefined(elf, names, count, numbers);
    for (size_t i = 0; data != NULL && i < entries && gelf_getdyn(data, (int)i, &entry) != NULL &&
                       entry.d_tag != DT_NULL;
         i++) {
        struct relocations *table =
            &tables[entry.d_tag == DT_JMPREL || entry.d_tag == DT_PLTRELSZ ? 1 : 0];

        if (entry.d_tag == DT_RELA || entry.d_tag == DT_JMPREL) {
            table->address = entry.d_un.d_ptr;
        } else if (entry.d_tag == DT_RELASZ || entry.d_tag == DT_PLTRELSZ) {
            table->bytes = entry.d_un.d_val;
        }
    }
    for (size_t i = 0; i < 2 && found.number_count > 0; i++) {
        take_references(elf, &tables[i], &found);
    }
    return found.count;
}
