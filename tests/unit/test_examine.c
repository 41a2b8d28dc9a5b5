/*
 * The smaller parts of an examination: what /proc lists, banners, limits of control groups,
 * names of preloaded libraries, overwritten environments, lines to type; and itself.
 */
#include <check.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reader/banner.h"
#include "reader/cgroup.h"
#include "reader/tasks.h"
#include "reader/preload.h"
#include "reader/remedy.h"
#include "reader/rubies.h"
#include "reader/smaps.h"
#include "reader/surroundings.h"
#include "ruby_alloc/examine.h"

#include "suite.h"

static char directory[4096];
static int dir;

static void set_up(void)
{
    snprintf(directory, sizeof(directory), "%s/examineXXXXXX",
             getenv("TEST_DIR") ? getenv("TEST_DIR") : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void tear_down(void)
{
    unlinkat(dir, "smaps", 0);
    unlinkat(dir, "group/inner/memory.max", 0);
    unlinkat(dir, "group/memory.max", 0);
    unlinkat(dir, "group/memory.limit_in_bytes", 0);
    unlinkat(dir, "group/inner", AT_REMOVEDIR);
    unlinkat(dir, "group", AT_REMOVEDIR);
    close(dir);
    rmdir(directory);
}

static void write_file(const char *name, const char *text)
{
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

struct walked {
    int count, stop_after;
    struct ra_proc_rollup sum;
    uint64_t start;
    char path[256];
};

static bool walk(const struct ra_smap *map, void *context)
{
    struct walked *walked = context;

    ra_smap_sizes_add(&walked->sum, &map->sizes);
    walked->start = map->start;
    snprintf(walked->path, sizeof(walked->path), "%s", map->path);
    return ++walked->count != walked->stop_after;
}

START_TEST(test_smaps)
{
    struct walked walked = {0};

    write_file("smaps", "00400000-00401000 r-xp 00000000 fe:01 77  /bin/a b (deleted)\n"
                        "Rss:   4 kB\nPss: 2 kB\nAnonymous: 0 kB\nLazyFree: 0 kB\n"
                        "AnonHugePages: 0 kB\nSwap: 8 kB\nVmFlags: rd ex\n"
                        "7f00-8f00 rw-p 00000000 00:00 0 \n"
                        "Rss:   12 kB\nPss: 12 kB\nAnonymous: 12 kB\nLazyFree: 1 kB\n"
                        "AnonHugePages: 2048 kB\nSwap: 0 kB\nSwapPss: 99 kB\n"
                        "nonsense\n9-8 rw-p 0 0:0 0\nzz\nRss: 1000 kB\n");
    ck_assert_int_eq(ra_smaps_walk(dir, "smaps", walk, &walked), 2);
    ck_assert_int_eq(walked.sum.rss, 16 * 1024);
    ck_assert_int_eq(walked.sum.pss, 14 * 1024);
    ck_assert_int_eq(walked.sum.rss_anon, 12 * 1024);
    ck_assert_int_eq(walked.sum.lazy_free, 1024);
    ck_assert_int_eq(walked.sum.huge_pages, 2048 * 1024);
    ck_assert_int_eq(walked.sum.swap, 8 * 1024);
    ck_assert_uint_eq(walked.start, 0x7f00);
    walked = (struct walked){.stop_after = 1};
    ck_assert_int_eq(ra_smaps_walk(dir, "smaps", walk, &walked), 1);
    ck_assert_str_eq(walked.path, "/bin/a b (deleted)");
}
END_TEST

START_TEST(test_smaps_unknown)
{
    struct walked walked = {0};

    write_file("smaps", "1000-2000 rw-p 0 0:0 0\nRss: 4 kB\nPss: 99999999999999999999 kB\n");
    ck_assert_int_eq(ra_smaps_walk(dir, "smaps", walk, &walked), 1);
    ck_assert_int_eq(walked.sum.rss, 4 * 1024);
    ck_assert_int_eq(walked.sum.pss, RA_UNKNOWN);
    ck_assert_int_eq(walked.sum.swap, RA_UNKNOWN); /* not shown */
    ck_assert_int_lt(ra_smaps_walk(dir, "absent", walk, &walked), 0);
    write_file("smaps", "");
    ck_assert_int_eq(ra_smaps_walk(dir, "smaps", walk, &walked), 0);
}
END_TEST

#define BANNER(text) text, sizeof(text) - 1

static const struct {
    enum ra_banner banner;
    const char *data;
    size_t bytes;
    const char *version; /* NULL: none */
} banners[] = {
    {RA_BANNER_JEMALLOC, BANNER("x\0005.3.0-0-g54eaed1d8b56\0y"), "5.3.0-0-g54eaed1d8b56"},
    {RA_BANNER_JEMALLOC, BANNER("5.2.1-12-g0\0"), "5.2.1-12-g0"},
    {RA_BANNER_JEMALLOC, BANNER("a-g\0-g0\0b5.3.0-0-gab\0\0004.5.0-0-gab\0"), "4.5.0-0-gab"},
    {RA_BANNER_JEMALLOC, BANNER("5.3.0-0-g54ea"), NULL}, /* its end is not seen */
    {RA_BANNER_JEMALLOC, BANNER("\0005.3.0-0-gxyz\0"), NULL},
    {RA_BANNER_JEMALLOC, BANNER("\0005.3-0-gab\0"), NULL},
    {RA_BANNER_GLIBC, BANNER("(GLIBC 2.36-9) stable release version 2.36.\n"), "2.36"},
    {RA_BANNER_GLIBC, BANNER("development release version 2.39.9000.\n"), "2.39.9000"},
    {RA_BANNER_GLIBC, BANNER(" release version x. release version 2..3"), NULL},
    {RA_BANNER_GLIBC, BANNER(" release version "), NULL},
    {RA_BANNER_GPERFTOOLS, BANNER("gperftools %s\0gperftools 2.10\0"), "2.10"},
    {RA_BANNER_MUSL, BANNER("musl libc\0127.0.0.1\0001.2.3\0"), "1.2.3"},
    {RA_BANNER_MUSL, BANNER("v1.2.3\0001.2\000"), NULL},
    {RA_BANNER_MUSL, BANNER(""), NULL},
};

START_TEST(test_banner)
{
    char version[80] = "?";
    bool is_found = ra_banner_find_in(banners[_i].data, banners[_i].bytes, banners[_i].banner,
                                      version, sizeof(version));

    ck_assert_int_eq(is_found, banners[_i].version != NULL);
    ck_assert_str_eq(version, banners[_i].version == NULL ? "" : banners[_i].version);
}
END_TEST

START_TEST(test_banner_too_long)
{
    char data[1024] = "gperftools 1.";
    char version[80];

    memset(data + strlen(data), '7', sizeof(data) - strlen(data) - 1);
    ck_assert(
        !ra_banner_find_in(data, sizeof(data), RA_BANNER_GPERFTOOLS, version, sizeof(version)));
}
END_TEST

static int64_t limit_with(const char *groups, const char *root)
{
    char mounts[8192];

    snprintf(mounts, sizeof(mounts),
             "31 23 0:28 / /proc rw - proc proc rw\n"
             "36 31 0:33 %s %s rw,relatime shared:4 - cgroup2 cgroup2 rw\n",
             root, directory);
    return ra_cgroup_limit_in(groups, mounts);
}

START_TEST(test_cgroup)
{
    mkdirat(dir, "group", 0700);
    mkdirat(dir, "group/inner", 0700);
    write_file("group/inner/memory.max", "max\n");
    ck_assert_int_eq(limit_with("0::/group/inner\n", "/"), RA_UNKNOWN);
    write_file("group/memory.max", "1048576\n");
    ck_assert_int_eq(limit_with("0::/group/inner\n", "/"), 1048576); /* an outer one's */
    write_file("group/inner/memory.max", "4096\n");
    ck_assert_int_eq(limit_with("5:memory:/x\n0::/group/inner\n", "/"), 4096);
    write_file("group/inner/memory.max", "9999999\n");
    ck_assert_int_eq(limit_with("0::/group/inner\n", "/"), 1048576); /* the smaller */
    ck_assert_int_eq(limit_with("0::/outer/group\n", "/outer"), 1048576);
    ck_assert_int_eq(limit_with("0::/group/../..\n", "/"), RA_UNKNOWN);
    ck_assert_int_eq(limit_with("0::/../x\n", "/"), RA_UNKNOWN);
    ck_assert_int_eq(limit_with("5:cpu:/group\n", "/"), RA_UNKNOWN);
    ck_assert_int_eq(limit_with("", "/"), RA_UNKNOWN);
    ck_assert_int_eq(limit_with("0::/group\n0::/group", "/"), 1048576);
    write_file("group/memory.max", "9223372036854771712\n"); /* version 1's "none" */
    ck_assert_int_eq(limit_with("0::/group\n", "/"), RA_UNKNOWN);
}
END_TEST

/* The group with the least room, and what is used there. */
static void check_tasks(const char *groups, const char *type, int64_t used, int64_t limit)
{
    char mounts[8192];
    struct ra_cgroup_tasks tasks;

    snprintf(mounts, sizeof(mounts), "36 31 0:33 / %s rw,relatime - %s cgroup rw,pids\n", directory,
             type);
    tasks = ra_cgroup_tasks_in(groups, mounts);
    ck_assert_int_eq(tasks.used, used);
    ck_assert_int_eq(tasks.limit, limit);
}

START_TEST(test_cgroup_tasks)
{
    mkdirat(dir, "group", 0700);
    mkdirat(dir, "group/inner", 0700);
    write_file("group/inner/pids.max", "max\n");
    write_file("group/inner/pids.current", "7\n");
    check_tasks("0::/group/inner\n", "cgroup2", RA_UNKNOWN, RA_UNKNOWN);
    write_file("group/pids.max", "20\n");
    write_file("group/pids.current", "18\n");
    check_tasks("0::/group/inner\n", "cgroup2", 18, 20);
    write_file("group/inner/pids.max", "10\n");
    check_tasks("0::/group/inner\n", "cgroup2", 18, 20); /* room for 2, and for 3 */
    write_file("group/inner/pids.max", "8\n");
    check_tasks("0::/group/inner\n", "cgroup2", 7, 8);
    check_tasks("9:pids:/group/inner\n", "cgroup", 7, 8);
    check_tasks("9:memory:/group/inner\n", "cgroup", RA_UNKNOWN, RA_UNKNOWN);
    check_tasks("0::/elsewhere\n", "cgroup2", RA_UNKNOWN, RA_UNKNOWN);
}
END_TEST

static const struct {
    const char *limits;
    int64_t limit;
} limits[] = {
    {"Limit  Soft  Hard\nMax processes             20                   40        processes\n", 20},
    {"Max processes             0                    0                    processes\n", 0},
    {"Max processes             unlimited            unlimited            processes\n", RA_UNKNOWN},
    {"Max processes             -5                   1                    processes\n", RA_UNKNOWN},
    {"Max open files            1024                 4096                 files\n", RA_UNKNOWN},
    {"Max processes", RA_UNKNOWN},
    {"", RA_UNKNOWN},
};

START_TEST(test_task_limit)
{
    ck_assert_int_eq(ra_tasks_limit_in(limits[_i].limits), limits[_i].limit);
}
END_TEST

/* From four fifths on. */
static const struct {
    struct ra_tasks tasks;
    bool is_short;
} shortages[] = {
    {{16, 20, ""}, true},    {{15, 20, ""}, false},    {{25, 20, ""}, true},
    {{2, 2, ""}, true},      {{1, 2, ""}, false},      {{0, 0, ""}, true},
    {{801, 1000, ""}, true}, {{799, 1000, ""}, false}, {{5, RA_UNKNOWN, ""}, false},
};

START_TEST(test_task_shortage)
{
    ck_assert_int_eq(ra_tasks_are_short(&shortages[_i].tasks), shortages[_i].is_short);
}
END_TEST

START_TEST(test_cgroup_of_version_1)
{
    char mounts[8192];

    snprintf(mounts, sizeof(mounts),
             "35 31 0:32 / /nowhere rw - cgroup cgroup rw,cpu,cpuacct\n"
             "36 31 0:33 / %s rw,relatime - cgroup cgroup rw,memory\n",
             directory);
    mkdirat(dir, "group", 0700);
    write_file("group/memory.limit_in_bytes", "8192\n");
    ck_assert_int_eq(ra_cgroup_limit_in("4:cpu,cpuacct:/x\n3:memory:/group/inner\n", mounts), 8192);
    ck_assert_int_eq(ra_cgroup_limit_in("3:hugetlb,memory:/group\n0::/y\n", mounts), 8192);
    ck_assert_int_eq(ra_cgroup_limit_in("3:name=memory:/group\n", mounts), RA_UNKNOWN);
    ck_assert_int_eq(ra_cgroup_limit_in("3:memory\n4:memory", mounts), RA_UNKNOWN);
    write_file("group/memory.limit_in_bytes", "9223372036854771712\n");
    ck_assert_int_eq(ra_cgroup_limit_in("3:memory:/group\n", mounts), RA_UNKNOWN);
}
END_TEST

START_TEST(test_preload_split)
{
    struct ra_preload preload = {0};
    char many[4096] = "";

    ck_assert(ra_preload_split(&preload, " a.so:/b c.so  :", " :"));
    ck_assert_uint_eq(preload.count, 3);
    ck_assert_str_eq(preload.names[0], "a.so");
    ck_assert_str_eq(preload.names[1], "/b");
    ck_assert_str_eq(preload.names[2], "c.so");
    for (int i = 0; i < 1000; i++) {
        strcat(many, "x ");
    }
    ck_assert(ra_preload_split(&preload, many, " :"));
    ck_assert_uint_eq(preload.count, RA_PRELOAD_MAX);
    ra_preload_release(&preload);
}
END_TEST

START_TEST(test_overwritten)
{
    ck_assert(!ra_surroundings_is_overwritten("A=1\0B=2\0", 8));
    ck_assert(!ra_surroundings_is_overwritten("", 0));
    ck_assert(ra_surroundings_is_overwritten("tail of title\0\0\0\0", 16));
    ck_assert(ra_surroundings_is_overwritten("\0\0\0\0", 4));
}
END_TEST

static const struct {
    const char *arguments;
    size_t bytes;
    const char *typed; /* NULL: not to be typed */
} commands[] = {
    {BANNER("ruby\0app.rb\0"), "ruby app.rb"},
    {BANNER("ruby\0-e\0sleep 1\0"), "ruby -e 'sleep 1'"},
    {BANNER("ruby\0it's\0$(x)\0"), "ruby 'it'\\''s' '$(x)'"},
    {BANNER("ruby\0\0x\0"), "ruby '' x"},
    {BANNER("puma 5.6: x\0\0\0\0"), NULL},
    {BANNER("puma: worker\0"), NULL},
    {BANNER("title\0\0\0"), NULL},
    {BANNER("ruby\0a\033[31m\0"), NULL},
    {BANNER("ruby\0a\nb\0"), NULL},
    {BANNER("ruby\0cut"), NULL},
    {BANNER(""), NULL},
};

START_TEST(test_quote)
{
    char typed[64];
    bool is_typed =
        ra_remedy_quote(typed, sizeof(typed), commands[_i].arguments, commands[_i].bytes);

    ck_assert_int_eq(is_typed, commands[_i].typed != NULL);
    ck_assert_str_eq(typed, commands[_i].typed == NULL ? "" : commands[_i].typed);
}
END_TEST

START_TEST(test_quote_too_long)
{
    char typed[16];

    ck_assert(ra_remedy_quote(typed, 9, "ruby\0abc\0", 9));
    ck_assert_str_eq(typed, "ruby abc");
    ck_assert(!ra_remedy_quote(typed, 8, "ruby\0abc\0", 9));
    ck_assert_str_eq(typed, "");
}
END_TEST

START_TEST(test_ruby_names)
{
    ck_assert(ra_ruby_is_named("ruby") && ra_ruby_is_named("ruby3.1") &&
              ra_ruby_is_named("libruby-3.1.so.3.1") && ra_ruby_is_named("libruby.so.3.3"));
    ck_assert(!ra_ruby_is_named("rubyist") && !ra_ruby_is_named("libruby_alloc.so") &&
              !ra_ruby_is_named("") && !ra_ruby_is_named("truby"));
}
END_TEST

START_TEST(test_own_process)
{
    struct ra_examination *seen;
    struct ra_failure why;

    ck_assert_int_eq(ruby_alloc_examine(&seen, getpid(), &why), RA_OK);
    ck_assert_int_eq(seen->process.pid, getpid());
    ck_assert_int_eq(seen->process.ruby, 0);
    ck_assert_ptr_nonnull(seen->allocator.name);
    ck_assert_int_gt(seen->memory.rss, 0);
    ruby_alloc_examination_free(seen);
    ck_assert_int_eq(ruby_alloc_examine(&seen, INT32_MAX, &why), RA_ABSENT);
    ck_assert_ptr_null(seen);
    ruby_alloc_examination_free(NULL);
}
END_TEST

#define COUNT(rows) (int)(sizeof(rows) / sizeof((rows)[0]))

int main(void)
{
    Suite *suite = suite_create("examine");
    TCase *tests = tcase_create("examine");

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, test_smaps);
    tcase_add_test(tests, test_smaps_unknown);
    tcase_add_loop_test(tests, test_banner, 0, COUNT(banners));
    tcase_add_test(tests, test_banner_too_long);
    tcase_add_test(tests, test_cgroup);
    tcase_add_test(tests, test_cgroup_tasks);
    tcase_add_loop_test(tests, test_task_limit, 0, sizeof(limits) / sizeof(limits[0]));
    tcase_add_loop_test(tests, test_task_shortage, 0, sizeof(shortages) / sizeof(shortages[0]));
    tcase_add_test(tests, test_cgroup_of_version_1);
    tcase_add_test(tests, test_preload_split);
    tcase_add_test(tests, test_overwritten);
    tcase_add_loop_test(tests, test_quote, 0, COUNT(commands));
    tcase_add_test(tests, test_quote_too_long);
    tcase_add_test(tests, test_ruby_names);
    tcase_add_test(tests, test_own_process);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
