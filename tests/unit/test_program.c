/* What executables define: real ones, and ELF files made by hand with one defect each. */
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
#include <unistd.h>

#include "reader/program.h"

#include "suite.h"

enum { BASE = 0x10000, BUCKETS = 1 };

/* Loaded whole at BASE: one bucket, in which "malloc" and "free" are, in each kind of table. */
struct made {
    ElfW(Ehdr) header;
    ElfW(Phdr) segments[2];
    ElfW(Dyn) dynamic[6];
    ElfW(Sym) symbols[3];
    uint32_t old_hash[2 + BUCKETS + 3];
    uint32_t gnu_hash[4];
    uint64_t bloom;
    uint32_t bucket;
    uint32_t chain[2];
    char strings[16];
};

static struct made made;

static uint64_t address(size_t offset)
{
    return BASE + offset;
}

static uint32_t gnu_hash(const char *name)
{
    uint32_t hash = 5381;

    for (; *name != '\0'; name++) {
        hash = hash * 33 + (unsigned char)*name;
    }
    return hash;
}

static void set_up(void)
{
    static const char strings[] = "\0malloc\0free";

    memset(&made, 0, sizeof(made));
    memcpy(made.header.e_ident, ELFMAG, SELFMAG);
    made.header.e_ident[EI_CLASS] = sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32;
    made.header.e_ident[EI_DATA] =
        __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;
    made.header.e_phoff = offsetof(struct made, segments);
    made.header.e_phentsize = sizeof(ElfW(Phdr));
    made.header.e_phnum = 2;
    made.segments[0] = (ElfW(Phdr)){.p_type = PT_LOAD, .p_vaddr = BASE, .p_filesz = sizeof(made)};
    made.segments[1] = (ElfW(Phdr)){.p_type = PT_DYNAMIC,
                                    .p_vaddr = address(offsetof(struct made, dynamic)),
                                    .p_filesz = sizeof(made.dynamic)};
    made.dynamic[0] = (ElfW(Dyn)){DT_SYMTAB, {address(offsetof(struct made, symbols))}};
    made.dynamic[1] = (ElfW(Dyn)){DT_STRTAB, {address(offsetof(struct made, strings))}};
    made.dynamic[2] = (ElfW(Dyn)){DT_STRSZ, {sizeof(made.strings)}};
    made.dynamic[3] = (ElfW(Dyn)){DT_GNU_HASH, {address(offsetof(struct made, gnu_hash))}};
    made.symbols[1] = (ElfW(Sym)){.st_name = 8, .st_shndx = 1, .st_value = BASE};
    made.symbols[2] = (ElfW(Sym)){.st_name = 1, .st_shndx = 1, .st_value = BASE};
    memcpy(made.old_hash, (uint32_t[]){BUCKETS, 3, 1, 0, 2, 0}, sizeof(made.old_hash));
    memcpy(made.gnu_hash, (uint32_t[]){BUCKETS, 1, 1, 0}, sizeof(made.gnu_hash));
    made.bucket = 1;
    made.chain[0] = gnu_hash("free") & ~1u;
    made.chain[1] = gnu_hash("malloc") | 1u;
    memcpy(made.strings, strings, sizeof(strings));
}

static void use_old_table(void)
{
    made.dynamic[3] = (ElfW(Dyn)){DT_HASH, {address(offsetof(struct made, old_hash))}};
}

static int write_out(const void *data, size_t bytes)
{
    int fd = memfd_create("made", MFD_CLOEXEC);

    ck_assert_int_eq(pwrite(fd, data, bytes, 0), (ssize_t)bytes);
    return fd;
}

static int find(const char *name)
{
    int fd = write_out(&made, sizeof(made));
    int found = ra_program_defines(fd, name);

    close(fd);
    return found;
}

START_TEST(test_made)
{
    if (_i == 1) {
        use_old_table();
    }
    ck_assert_int_eq(find("malloc"), 1);
    ck_assert_int_eq(find("free"), 1);
    ck_assert_int_eq(find("mallo"), 0);
    ck_assert_int_eq(find("realloc"), 0);
    ck_assert_int_eq(find(""), 0);
}
END_TEST

static void undefined(void)
{
    made.symbols[2].st_shndx = SHN_UNDEF;
}
static void without_value(void)
{
    made.symbols[2].st_value = 0;
}
static void static_program(void)
{
    made.segments[1].p_type = PT_NOTE;
}
static void no_table(void)
{
    made.dynamic[3].d_tag = DT_DEBUG;
}
static void name_beyond(void)
{
    made.symbols[2].st_name = UINT32_MAX;
}
static void strings_cut(void)
{
    made.dynamic[2].d_un.d_val = 5;
}
static void strings_wrap(void)
{
    made.dynamic[1].d_un.d_ptr = UINT64_MAX;
}
static void symbols_wrap(void)
{
    made.dynamic[0].d_un.d_ptr = UINT64_MAX - 8;
}
static void other_magic(void)
{
    made.header.e_ident[0] = 'X';
}
static void other_class(void)
{
    made.header.e_ident[EI_CLASS] ^= 3;
}
static void many_segments(void)
{
    made.header.e_phnum = UINT16_MAX;
}
static void segments_far(void)
{
    made.header.e_phoff = UINT64_MAX - 16;
}
static void no_buckets(void)
{
    made.gnu_hash[0] = 0;
}
static void bucket_far(void)
{
    made.bucket = UINT32_MAX;
}
static void huge_bloom(void)
{
    made.gnu_hash[2] = UINT32_MAX;
}
static void table_far(void)
{
    made.dynamic[3].d_un.d_ptr = UINT64_MAX - 2;
}
static void segment_wraps(void)
{
    made.segments[0].p_offset = UINT64_MAX - 100;
}
static void old_loop(void)
{
    use_old_table();
    made.symbols[2].st_name = 8;
    made.old_hash[2 + BUCKETS + 2] = 1;
}
static void old_chain_far(void)
{
    use_old_table();
    made.old_hash[2 + BUCKETS + 1] = UINT32_MAX;
}
static void old_no_buckets(void)
{
    use_old_table();
    made.old_hash[0] = 0;
}

static const struct {
    const char *name;
    void (*make)(void);
    int found;
} defects[] = {
#define DEFECT(name, found)                                                                        \
    {                                                                                              \
#name, name, found                                                                         \
    }
    DEFECT(undefined, 0),      DEFECT(without_value, 0),   DEFECT(static_program, 0),
    DEFECT(no_table, 0),       DEFECT(name_beyond, 0),     DEFECT(strings_cut, 0),
    DEFECT(strings_wrap, 0),   DEFECT(symbols_wrap, 0),    DEFECT(other_magic, -1),
    DEFECT(other_class, -1),   DEFECT(many_segments, -1),  DEFECT(segments_far, -1),
    DEFECT(no_buckets, -1),    DEFECT(bucket_far, -1),     DEFECT(huge_bloom, -1),
    DEFECT(table_far, -1),     DEFECT(segment_wraps, 0),   DEFECT(old_loop, -1),
    DEFECT(old_chain_far, -1), DEFECT(old_no_buckets, -1),
};

START_TEST(test_defect)
{
    int found;

    defects[_i].make();
    found = find("malloc");
    ck_assert_msg(found == defects[_i].found, "%s: %d, expected %d", defects[_i].name, found,
                  defects[_i].found);
}
END_TEST

START_TEST(test_cut)
{
    for (size_t bytes = 0; bytes < sizeof(made); bytes++) {
        int fd = write_out(&made, bytes);

        ck_assert_int_ge(ra_program_defines(fd, "malloc"), -1);
        ck_assert_int_lt(ra_program_defines(fd, "malloc"), bytes < sizeof(made) - 16 ? 1 : 2);
        close(fd);
    }
}
END_TEST

START_TEST(test_libc)
{
    Dl_info info;
    int fd;

    ck_assert_int_ne(dladdr((void *)(uintptr_t)&gnu_get_libc_version, &info), 0);
    fd = open(info.dli_fname, O_RDONLY | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(ra_program_defines(fd, "malloc"), 1);
    ck_assert_int_eq(ra_program_defines(fd, "getpid"), 1);
    ck_assert_int_eq(ra_program_defines(fd, "no_such_name"), 0);
    close(fd);
}
END_TEST

START_TEST(test_not_a_file)
{
    static const char *const names[] = {"/", "/dev/null", "/dev/zero", "/proc/self/stat"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        int fd = open(names[i], O_RDONLY | O_CLOEXEC);

        ck_assert_int_eq(ra_program_defines(fd, "malloc"), -1);
        close(fd);
    }
    ck_assert_int_eq(ra_program_defines(-1, "malloc"), -1);
}
END_TEST

START_TEST(test_own_process)
{
    int dir = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    ck_assert_int_eq(ra_program_has_allocator(dir), 0);
    close(dir);
    ck_assert_int_eq(ra_program_has_allocator(-1), -1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("program");
    TCase *tests = tcase_create("program");

    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_loop_test(tests, test_made, 0, 2);
    tcase_add_loop_test(tests, test_defect, 0, sizeof(defects) / sizeof(defects[0]));
    tcase_add_test(tests, test_cut);
    tcase_add_test(tests, test_libc);
    tcase_add_test(tests, test_not_a_file);
    tcase_add_test(tests, test_own_process);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
