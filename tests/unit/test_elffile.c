/* ELF files by libelf: real ones, stripped of their headers, cut, and lying about their sizes. */
#include <check.h>
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <gnu/libc-version.h>
#include <link.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reader/elffile.h"
#include "reader/mapped.h"

#include "suite.h"

static int copy = -1; /* of this test's libc, whole, to be spoilt */
static size_t copy_bytes;

static void set_up(void)
{
    Dl_info info;
    struct stat file;
    int fd;
    char *data;

    ck_assert_int_ne(dladdr((void *)(uintptr_t)&gnu_get_libc_version, &info), 0);
    fd = open(info.dli_fname, O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(fstat(fd, &file), 0);
    copy_bytes = (size_t)file.st_size;
    data = malloc(copy_bytes);
    ck_assert_int_eq(pread(fd, data, copy_bytes, 0), file.st_size);
    copy = memfd_create("copy", MFD_CLOEXEC);
    ck_assert_int_eq(pwrite(copy, data, copy_bytes, 0), file.st_size);
    free(data);
    close(fd);
}

static void tear_down(void)
{
    close(copy);
}

static ElfW(Ehdr) read_header(void)
{
    ElfW(Ehdr) header;

    ck_assert_int_eq(pread(copy, &header, sizeof(header), 0), sizeof(header));
    return header;
}

static void write_header(const ElfW(Ehdr) * header)
{
    ck_assert_int_eq(pwrite(copy, header, sizeof(*header), 0), sizeof(*header));
}

/* Facts of the copy; needs.needed is released. */
static struct ra_file_facts facts_of_copy(void)
{
    struct ra_file_facts facts;

    ra_file_facts_read(&facts, copy);
    free(facts.needs.needed);
    return facts;
}

START_TEST(test_libc)
{
    struct ra_file_facts facts;

    ra_file_facts_read(&facts, copy);
    ck_assert(facts.has_header && facts.is_elf && facts.has_symbols);
    ck_assert_int_eq(facts.type, ET_DYN);
    ck_assert_uint_ne(facts.marks[RA_MARK_MALLOC], 0);
    ck_assert_uint_ne(facts.marks[RA_MARK_GLIBC], 0);
    ck_assert_uint_ne(facts.marks[RA_MARK_ENVIRON], 0);
    ck_assert_uint_eq(facts.marks[RA_MARK_MALLCTL], 0);
    ck_assert_uint_eq(facts.marks[RA_MARK_RUBY_VERSION], 0);
    ck_assert_str_eq(facts.needs.soname, "libc.so.6");
    ck_assert_uint_ge(facts.needs.count, 1);
    ck_assert_int_eq(strncmp(facts.needs.needed[0], "ld-linux", 8), 0);
    free(facts.needs.needed);
}
END_TEST

/* What a program that strips section headers leaves: the table that ld.so uses is found all the same. */
START_TEST(test_without_sections)
{
    ElfW(Ehdr) header = read_header();
    struct ra_file_facts facts;

    header.e_shoff = 0;
    header.e_shnum = 0;
    header.e_shstrndx = 0;
    write_header(&header);
    facts = facts_of_copy();
    ck_assert(facts.is_elf && facts.has_symbols);
    ck_assert_uint_ne(facts.marks[RA_MARK_MALLOC], 0);
    ck_assert_uint_eq(facts.marks[RA_MARK_MALLCTL], 0);
    ck_assert_str_eq(facts.needs.soname, "libc.so.6");
}
END_TEST

/* Change one field of the section that holds the dynamic symbols. */
static void spoil_symbols(size_t offset, uint64_t value)
{
    ElfW(Ehdr) header = read_header();

    for (unsigned i = 0; i < header.e_shnum; i++) {
        off_t at = (off_t)(header.e_shoff + i * sizeof(ElfW(Shdr)));
        ElfW(Shdr) section;

        ck_assert_int_eq(pread(copy, &section, sizeof(section), at), sizeof(section));
        if (section.sh_type == SHT_DYNSYM) {
            ck_assert_int_eq(pwrite(copy, &value, sizeof(ElfW(Addr)), at + (off_t)offset),
                             sizeof(ElfW(Addr)));
            return;
        }
    }
    ck_abort_msg("no dynamic symbols");
}

static const struct {
    size_t offset;
    uint64_t value;
} lies[] = {
    {offsetof(ElfW(Shdr), sh_size), UINT64_MAX},
    {offsetof(ElfW(Shdr), sh_size), UINT64_C(1) << 40},
    {offsetof(ElfW(Shdr), sh_offset), UINT64_MAX},
    {offsetof(ElfW(Shdr), sh_offset), UINT64_C(1) << 40},
    {offsetof(ElfW(Shdr), sh_flags), SHF_COMPRESSED},
};

/* A table that can't be so is not read; the other one still answers. */
START_TEST(test_lying_section)
{
    struct ra_file_facts facts;

    spoil_symbols(lies[_i].offset, lies[_i].value);
    facts = facts_of_copy();
    ck_assert(facts.is_elf && facts.has_symbols);
    ck_assert_uint_ne(facts.marks[RA_MARK_MALLOC], 0);
    ck_assert_uint_eq(facts.marks[RA_MARK_MALLCTL], 0);
}
END_TEST

/* Of this program: where the linker has put what it calls, and whose addresses it takes. */
START_TEST(test_references)
{
    static const char *const names[] = {"gnu_get_libc_version", "memfd_create", "no_such_function"};
    uintptr_t expected[] = {(uintptr_t)dlsym(RTLD_DEFAULT, names[0]),
                            (uintptr_t)dlsym(RTLD_DEFAULT, names[1])};
    const struct link_map *program = _r_debug.r_map;
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    uint64_t places[8];
    bool is_found[2] = {false, false};
    struct ra_elf elf;
    size_t count;

    ck_assert(ra_elf_open(&elf, fd));
    count = ra_elf_references(&elf, names, 3, places, 8);
    ck_assert_uint_ge(count, 2);
    for (size_t i = 0; i < count; i++) {
        uintptr_t word = *(uintptr_t *)(program->l_addr + places[i]);

        ck_assert(word == expected[0] || word == expected[1]);
        is_found[word == expected[1]] = true;
    }
    ck_assert(is_found[0] && is_found[1]);
    ck_assert_uint_eq(ra_elf_references(&elf, names, 3, places, 1), 1);
    ck_assert_uint_eq(ra_elf_references(&elf, names + 2, 1, places, 8), 0);
    ra_elf_close(&elf);
    close(fd);
}
END_TEST

/* Change the value of an entry of the copy's dynamic section. */
static void spoil_dynamic(int64_t tag, uint64_t value)
{
    struct ra_elf elf;
    ElfW(Dyn) entry = {0};

    ck_assert(ra_elf_open(&elf, copy));
    for (off_t at = (off_t)elf.dynamic.p_offset;; at += (off_t)sizeof(entry)) {
        ck_assert_int_eq(pread(copy, &entry, sizeof(entry), at), sizeof(entry));
        ck_assert_int_ne(entry.d_tag, DT_NULL);
        if (entry.d_tag == tag) {
            entry.d_un.d_val = value;
            ck_assert_int_eq(pwrite(copy, &entry, sizeof(entry), at), sizeof(entry));
            break;
        }
    }
    ra_elf_close(&elf);
}

static const struct {
    int64_t tag;
    uint64_t value;
    bool is_found;
} tables[] = {
    {DT_RELASZ, UINT64_MAX, false}, {DT_RELA, UINT64_MAX - 8, false}, {DT_RELA, 0, false},
    {DT_RELASZ, 0, false},          {DT_PLTRELSZ, UINT64_MAX, true},  {DT_JMPREL, UINT64_MAX, true},
};

/* A table whose end isn't there is read as far as it is, or not at all. */
START_TEST(test_lying_relocations)
{
    static const char *const names[] = {"_rtld_global"};
    uint64_t places[8];
    struct ra_elf elf;

    ck_assert(ra_elf_open(&elf, copy));
    ck_assert_uint_ge(ra_elf_references(&elf, names, 1, places, 8), 1);
    ra_elf_close(&elf);
    spoil_dynamic(tables[_i].tag, tables[_i].value);
    ck_assert(ra_elf_open(&elf, copy));
    if (tables[_i].is_found) {
        ck_assert_uint_ge(ra_elf_references(&elf, names, 1, places, 8), 1);
    } else {
        ck_assert_uint_le(ra_elf_references(&elf, names, 1, places, 8), 8);
    }
    ra_elf_close(&elf);
}
END_TEST

static long peak_kilobytes(void)
{
    struct rusage usage;

    ck_assert_int_eq(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_maxrss;
}

/* What a sparse file claims to hold is not read into memory. */
START_TEST(test_huge_section)
{
    long before = peak_kilobytes();
    struct ra_file_facts facts;

    ck_assert_int_eq(ftruncate(copy, 512 << 20), 0);
    spoil_symbols(offsetof(ElfW(Shdr), sh_size), sizeof(ElfW(Sym)) * (UINT64_C(10) << 20));
    facts = facts_of_copy();
    ck_assert_uint_ne(facts.marks[RA_MARK_MALLOC], 0);
    ck_assert_int_lt(peak_kilobytes() - before, 128 << 10);
}
END_TEST

/* A count of sections beyond all bounds must not be made room for. */
START_TEST(test_huge_counts)
{
    ElfW(Ehdr) header = read_header();

    if (_i == 0) {
        header.e_shnum = 0; /* it is in the first section then, up to 2^64 */
    } else if (_i == 1) {
        header.e_phnum = UINT16_MAX;
    } else {
        header.e_phnum = 0;
    }
    write_header(&header);
    ck_assert(!facts_of_copy().is_elf);
    ck_assert(facts_of_copy().has_header);
}
END_TEST

START_TEST(test_cut)
{
    static const size_t steps[] = {0, 1, 4, 16, 20, 63, 64, 65, 200, 4096, 100000, 1000000};
    size_t length = _i < (int)(sizeof(steps) / sizeof(steps[0])) ? steps[_i] : copy_bytes - 1;
    struct ra_file_facts facts;

    ck_assert_int_eq(ftruncate(copy, (off_t)length), 0);
    facts = facts_of_copy();
    ck_assert(!facts.is_elf || length > sizeof(ElfW(Ehdr)));
    ck_assert_int_eq(facts.has_header, length >= 20);
}
END_TEST

START_TEST(test_not_elf)
{
    static const char *const names[] = {"/", "/dev/null", "/dev/zero", "/proc/self/stat"};
    struct ra_file_facts facts;
    int fd;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        fd = open(names[i], O_RDONLY | O_CLOEXEC);
        ra_file_facts_read(&facts, fd);
        ck_assert(!facts.is_elf);
        close(fd);
    }
    ra_file_facts_read(&facts, -1);
    ck_assert(!facts.is_elf && !facts.has_header);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("elffile");
    TCase *tests = tcase_create("elffile");

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, test_libc);
    tcase_add_test(tests, test_without_sections);
    tcase_add_loop_test(tests, test_lying_section, 0, sizeof(lies) / sizeof(lies[0]));
    tcase_add_test(tests, test_references);
    tcase_add_loop_test(tests, test_lying_relocations, 0, sizeof(tables) / sizeof(tables[0]));
    tcase_add_test(tests, test_huge_section);
    tcase_add_loop_test(tests, test_huge_counts, 0, 3);
    tcase_add_loop_test(tests, test_cut, 0, 13);
    tcase_add_test(tests, test_not_elf);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
