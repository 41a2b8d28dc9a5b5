/* Mappings with their sizes: lines that make no sense are left out, and take none with them. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "reader/smaps.h"
#include "ruby_alloc/report.h"

#include "suite.h"

enum { VISITED_MAX = 4 };

static struct ra_smap visited[VISITED_MAX];
static size_t count;

static bool visit(const struct ra_smap *smap, void *context)
{
    (void)context;
    ck_assert_uint_lt(count, VISITED_MAX);
    visited[count++] = *smap;
    return true;
}

#define GOOD "1000-2000 rw-p 00000000 08:01 7 /a b\nRss: 4 kB\n"

static const struct {
    const char *text;
    size_t count;
    int64_t rss; /* of the last */
} texts[] = {
    {"", 0, 0},
    {GOOD, 1, 4096},
    {GOOD GOOD, 2, 4096},
    {GOOD "2000-2000 rw-p 00000000 08:01 7 \nRss: 8 kB\n", 1, 4096},
    {GOOD "3000-2000 rw-p 00000000 08:01 7 \nRss: 8 kB\n", 1, 4096},
    {GOOD "2000-3000 rw-p 00000000 08:01\nRss: 8 kB\n", 1, 4096},
    {GOOD "2000-3000 rw 00000000 08:01 7 \nRss: 8 kB\n", 1, 4096},
    {"Rss: 8 kB\n" GOOD, 1, 4096},
    {GOOD "Rss: 9223372036854775807 kB\n", 1, RA_UNKNOWN},
    {GOOD "Rss: -1 kB\n", 1, RA_UNKNOWN},
};

START_TEST(test_walk)
{
    int file = memfd_create("smaps", MFD_CLOEXEC);
    char name[16];
    int dir = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    ck_assert_int_ge(pwrite(file, texts[_i].text, strlen(texts[_i].text), 0), 0);
    snprintf(name, sizeof(name), "%d", file);
    count = 0;
    ck_assert_int_eq(ra_smaps_walk(dir, name, visit, NULL), (int)texts[_i].count);
    ck_assert_uint_eq(count, texts[_i].count);
    if (count > 0) {
        ck_assert_int_eq(visited[count - 1].sizes.rss, texts[_i].rss);
        ck_assert_uint_eq(visited[count - 1].start, 0x1000);
    }
    close(dir);
    close(file);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("smaps");
    TCase *tests = tcase_create("smaps");

    tcase_add_loop_test(tests, test_walk, 0, sizeof(texts) / sizeof(texts[0]));
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
