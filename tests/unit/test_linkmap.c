/* Link maps: read from memory made by hand, sound and hostile, and guessed from files. */
#include <check.h>
#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reader/linkmap.h"
#include "reader/preload.h"

#include "suite.h"

enum {
    PAGE = 4096,
    DYNAMIC_AT = 0x1000,
    DEBUG_AT = 0x2000,
    LINKS_AT = 0x3000,
    LINK_BYTES = 64,
    NAME_AT = 0x8000,
    LINKS = 3
};

static struct ra_mapped_file files[LINKS];
static struct ra_range ranges[LINKS];
static struct ra_mapped mapped;
static struct ra_memory memory;
static struct ra_linkmap map;

/* A process's word, of 8 or 4 bytes. */
static void put(uint64_t at, uint64_t word)
{
    ck_assert_int_eq(pwrite(memory.fd, &word, memory.word, (off_t)at), (ssize_t)memory.word);
}

static uint64_t link_at(unsigned index)
{
    return LINKS_AT + index * (uint64_t)LINK_BYTES;
}

static void put_link(unsigned index, uint64_t dynamic, uint64_t next, uint64_t before)
{
    const uint64_t words[] = {index * UINT64_C(0x100000), NAME_AT + index * UINT64_C(16), dynamic,
                              next, before};

    for (size_t i = 0; i < 5; i++) {
        put(link_at(index) + i * memory.word, words[i]);
    }
}

/* Three files, of which the middle of the chain is the last. */
static void set_up_words(unsigned word)
{
    static char names[][16] = {"/bin/program", "/lib/libc.so.6", "/lib/liba.so"};

    memset(files, 0, sizeof(files));
    memset(&map, 0, sizeof(map));
    memory = (struct ra_memory){.fd = memfd_create("memory", MFD_CLOEXEC), .word = word};
    for (unsigned i = 0; i < LINKS; i++) {
        files[i] = (struct ra_mapped_file){
            .path = names[i], .name = strrchr(names[i], '/') + 1, .is_code = true, .is_read = true};
        files[i].facts.is_elf = files[i].facts.has_symbols = true;
        ranges[i] = (struct ra_range){.start = (i + 1) * UINT64_C(0x100000),
                                      .end = (i + 1) * UINT64_C(0x100000) + PAGE,
                                      (int)i};
        ck_assert_int_gt(pwrite(memory.fd, names[i], strlen(names[i]) + 1, NAME_AT + i * 16), 0);
    }
    mapped = (struct ra_mapped){.root = -1,
                                .files = files,
                                .file_count = LINKS,
                                .ranges = ranges,
                                .range_count = LINKS,
                                .exe = 0};
    files[0].facts.has_interpreter = true;
    files[0].facts.entry = 0x500;
    files[0].facts.dynamic = (GElf_Phdr){.p_vaddr = DYNAMIC_AT, .p_memsz = 64};
    map.auxiliary.entry = 0x500;
    put(DYNAMIC_AT, DT_NEEDED);
    put(DYNAMIC_AT + word, 1);
    put(DYNAMIC_AT + 2 * word, DT_DEBUG);
    put(DYNAMIC_AT + 3 * word, DEBUG_AT);
    put(DYNAMIC_AT + 4 * word, DT_NULL);
    put(DYNAMIC_AT + 5 * word, 0);
    put(DEBUG_AT, 1);
    put(DEBUG_AT + word, LINKS_AT);
    put_link(0, 0x100010, link_at(1), 0);
    put_link(1, 0x300010, link_at(2), link_at(0));
    put_link(2, 0x200010, 0, link_at(1));
}

static void set_up(void)
{
    set_up_words(sizeof(uint64_t));
}

static void tear_down(void)
{
    ra_linkmap_release(&map);
    close(memory.fd);
}

START_TEST(test_read)
{
    if (_i == 1) {
        close(memory.fd);
        set_up_words(sizeof(uint32_t));
    }
    ck_assert(ra_linkmap_read(&map, &mapped, &memory));
    ck_assert(map.is_exact && !map.is_static);
    ck_assert_uint_eq(map.count, LINKS);
    ck_assert_int_eq(map.objects[0].file, 0);
    ck_assert_int_eq(map.objects[1].file, 2);
    ck_assert_int_eq(map.objects[2].file, 1);
    ck_assert_uint_eq(map.objects[2].bias, 0x200000);
    ck_assert_str_eq(map.objects[2].name, "/lib/liba.so");
}
END_TEST

START_TEST(test_read_without_file)
{
    put_link(1, 0x900000, link_at(2), link_at(0));
    ck_assert(ra_linkmap_read(&map, &mapped, &memory));
    ck_assert_int_eq(map.objects[1].file, -1);
}
END_TEST

static void loop(void)
{
    put_link(2, 0x200010, link_at(0), link_at(1));
}

static void loop_to_itself(void)
{
    put_link(2, 0x200010, link_at(2), link_at(1));
}

static void wrong_before(void)
{
    put_link(1, 0x300010, link_at(2), link_at(2));
}

static void next_nowhere(void)
{
    put_link(2, 0x200010, UINT64_MAX - 8, link_at(1));
}

static void name_nowhere(void)
{
    put(link_at(1) + memory.word, UINT64_C(1) << 40);
}

static void no_debug(void)
{
    put(DYNAMIC_AT + 3 * memory.word, 0);
}

static void no_map(void)
{
    put(DEBUG_AT + memory.word, 0);
}

static void dynamic_without_end(void)
{
    for (uint64_t at = DYNAMIC_AT; at < DYNAMIC_AT + PAGE; at += memory.word) {
        put(at, DT_NEEDED);
    }
    files[0].facts.dynamic.p_memsz = UINT64_MAX;
}

static void no_entry(void)
{
    map.auxiliary.entry = 0;
}

static void not_elf(void)
{
    files[0].facts.is_elf = false;
}

static void no_program(void)
{
    mapped.exe = -1;
}

static void no_memory(void)
{
    close(memory.fd);
    memory.fd = -1;
}

static void (*const defects[])(void) = {
    loop,   loop_to_itself,      wrong_before, next_nowhere, name_nowhere, no_debug,
    no_map, dynamic_without_end, no_entry,     not_elf,      no_program,   no_memory,
};

START_TEST(test_defect)
{
    defects[_i]();
    ck_assert(!ra_linkmap_read(&map, &mapped, &memory));
    ck_assert(!map.is_exact);
    ck_assert_uint_eq(map.count, 0);
}
END_TEST

/* Sound links without end, as long as there is room. */
START_TEST(test_too_many)
{
    ra_linkmap_release(&map);
    for (int i = 0; i < RA_OBJECTS_MAX; i++) {
        ck_assert(ra_linkmap_add(&map, i, 0, "x"));
    }
    ck_assert(!ra_linkmap_add(&map, 0, 0, "x"));
    ck_assert_uint_eq(map.count, RA_OBJECTS_MAX);
}
END_TEST

START_TEST(test_static)
{
    files[0].facts.has_interpreter = false;
    files[0].facts.dynamic = (GElf_Phdr){0};
    ck_assert(ra_linkmap_read(&map, &mapped, &memory));
    ck_assert(map.is_static && map.is_exact);
    ck_assert_uint_eq(map.count, 1);
}
END_TEST

/* Started as an argument of ld.so: the map is where its symbol says. */
START_TEST(test_program_of_loader)
{
    files[0].facts.has_interpreter = false;
    files[0].facts.dynamic = (GElf_Phdr){0};
    files[0].facts.marks[RA_MARK_R_DEBUG] = DEBUG_AT;
    ck_assert(ra_linkmap_read(&map, &mapped, &memory));
    ck_assert(!map.is_static);
    ck_assert_uint_eq(map.count, LINKS);
}
END_TEST

/* program needs libc; liba is above libc, nothing needs it. */
static void need_libc(void)
{
    static char needed[1][RA_ELF_NAME_BYTES] = {"libc.so.6"};

    files[0].facts.needs.needed = needed;
    files[0].facts.needs.count = 1;
    files[1].facts.marks[RA_MARK_GLIBC] = 1;
}

static const struct {
    const char *preloaded;
    bool is_known;
    int order[LINKS];
} guesses[] = {
    {NULL, true, {0, 1, 2}},          /* by dlopen */
    {"liba.so", true, {0, 2, 1}},     /* preloaded */
    {"libother.so", true, {0, 1, 2}}, /* another is preloaded */
    {NULL, false, {0, 2, 1}},         /* not known: by its address */
};

START_TEST(test_guess)
{
    struct ra_preload preload = {.is_known = guesses[_i].is_known};

    need_libc();
    if (guesses[_i].preloaded != NULL) {
        ck_assert(ra_preload_split(&preload, guesses[_i].preloaded, " :"));
    }
    ck_assert(ra_linkmap_guess(&map, &mapped, &preload));
    ck_assert(!map.is_exact);
    ck_assert_uint_eq(map.count, LINKS);
    for (size_t i = 0; i < LINKS; i++) {
        ck_assert_int_eq(map.objects[i].file, guesses[_i].order[i]);
        ck_assert_ptr_null(map.objects[i].name);
    }
    ra_preload_release(&preload);
}
END_TEST

/* Files that need each other and themselves. */
START_TEST(test_guess_loop)
{
    static char both[2][RA_ELF_NAME_BYTES] = {"liba.so", "libc.so.6"};
    struct ra_preload preload = {.is_known = true};

    for (size_t i = 0; i < LINKS; i++) {
        files[i].facts.needs.needed = both;
        files[i].facts.needs.count = 2;
    }
    ck_assert(ra_linkmap_guess(&map, &mapped, &preload));
    ck_assert_uint_eq(map.count, LINKS);
    ck_assert_int_eq(map.objects[1].file, 2);
}
END_TEST

START_TEST(test_auxiliary)
{
    uint64_t words[] = {AT_SECURE, 1, AT_ENTRY, 0x1234, AT_NULL, 0};
    char directory[] = "auxiliaryXXXXXX";
    struct ra_auxiliary auxiliary;
    int dir;
    int fd;

    ck_assert_int_eq(chdir(getenv("TEST_DIR") ? getenv("TEST_DIR") : "/tmp"), 0);
    ck_assert_ptr_nonnull(mkdtemp(directory));
    dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    fd = openat(dir, "auxv", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ck_assert(!ra_auxiliary_read(dir, 8, &auxiliary));
    ck_assert_int_eq(write(fd, words, 2 * 8 + 12), 2 * 8 + 12);
    ck_assert(!ra_auxiliary_read(dir, 8, &auxiliary)); /* cut off within */
    ck_assert_int_eq(pwrite(fd, words, sizeof(words), 0), (ssize_t)sizeof(words));
    ck_assert(ra_auxiliary_read(dir, 8, &auxiliary));
    ck_assert(auxiliary.is_secure);
    ck_assert_uint_eq(auxiliary.entry, 0x1234);
    close(fd);
    unlinkat(dir, "auxv", 0);
    close(dir);
    rmdir(directory);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("linkmap");
    TCase *tests = tcase_create("linkmap");

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, test_read, 0, 2);
    tcase_add_test(tests, test_read_without_file);
    tcase_add_loop_test(tests, test_defect, 0, sizeof(defects) / sizeof(defects[0]));
    tcase_add_test(tests, test_too_many);
    tcase_add_test(tests, test_static);
    tcase_add_test(tests, test_program_of_loader);
    tcase_add_loop_test(tests, test_guess, 0, sizeof(guesses) / sizeof(guesses[0]));
    tcase_add_test(tests, test_guess_loop);
    tcase_add_test(tests, test_auxiliary);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
