/*
 * What the program's threads leave to the helper: their region's file, out of reach for them
 * after a chroot, and its end and return.
 */
#include <check.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/helper.h"
#include "shim/region.h"
#include "shim/regionfile.h"
#include "shim/road.h"
#include "shim/settings.h"
#include "shim/system.h"
#include "shim/unlisted.h"
#include "suite.h"

enum { USER = 64301 };

static char directory[] = "/tmp/test_helper.XXXXXX";
static int outside, above; /* the directory, and the one it lies in, for the test */
static struct ra_helper_file file;

static void serve(void)
{
    uint32_t *request = &RA_CURRENT->header.request;

    ra_helper_begin();
    while (ra_helper_serve()) {
        ra_system(SYS_futex, (long)request, FUTEX_WAIT, *request, 0, 0, 0);
    }
    ra_helper_end();
}

/* A region, a helper that began where it was within reach, and a jail. */
static void begin(void)
{
    char jail[PATH_MAX], path[PATH_MAX], found[PATH_MAX];
    struct stat status;

    ck_assert_ptr_nonnull(mkdtemp(directory));
    ra_settings.directory = directory;
    outside = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    above = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ra_road_find();
    ck_assert(ra_region_publish());
    ck_assert_int_eq(ra_helper_init(), 0);
    ck_assert_int_eq(ra_helper_start(serve), 0);

    ck_assert_ptr_nonnull(ra_regionfile_directory(found, sizeof found));
    ck_assert_str_eq(found, directory);
    snprintf(file.name, sizeof file.name, "%s%u.%llu.%llu", RA_REGION_PREFIX,
             RA_CURRENT->header.pid, (unsigned long long)RA_CURRENT->header.start_ticks,
             (unsigned long long)RA_CURRENT->header.pid_namespace);
    ck_assert_int_eq(fstatat(outside, file.name, &status, AT_SYMLINK_NOFOLLOW), 0);
    file.device = status.st_dev;
    file.inode = status.st_ino;

    /* The helper has begun when it answers; what it is asked for is no file of the region's. */
    struct ra_helper_file other = {.name = "other"};
    ck_assert(!ra_helper_remove(&other));
    snprintf(jail, sizeof jail, "%s/jail", directory);
    ck_assert_int_eq(mkdir(jail, 0755), 0);
    if (getuid() == 0) {
        ck_assert_int_eq(chroot(jail), 0);
        ck_assert_int_eq(chdir("/"), 0);
        snprintf(path, sizeof path, "%s/%s", directory, file.name);
        ck_assert_int_eq(access(path, F_OK), -1);
    }
}

static void finish(bool removed)
{
    struct stat status;

    ck_assert_int_eq(fstatat(outside, file.name, &status, AT_SYMLINK_NOFOLLOW), removed ? -1 : 0);
    unlinkat(outside, file.name, 0);
    ck_assert_int_eq(unlinkat(outside, "jail", AT_REMOVEDIR), 0);
    ck_assert_int_eq(unlinkat(above, directory + strlen("/tmp/"), AT_REMOVEDIR), 0);
}

START_TEST(test_given_and_removed)
{
    bool is_root = getuid() == 0;
    struct stat status;

    begin();
    ck_assert_int_eq(ra_helper_give(&file, is_root ? USER : getuid()), is_root);
    ck_assert_int_eq(fstatat(outside, file.name, &status, AT_SYMLINK_NOFOLLOW), 0);
    ck_assert_uint_eq(status.st_uid, is_root ? USER : getuid());
    ck_assert_int_eq(ra_helper_remove(&file), is_root);
    finish(is_root);
}
END_TEST

/* Another file under that name is left alone. */
START_TEST(test_replaced)
{
    begin();
    file.inode++;
    ck_assert(!ra_helper_give(&file, USER));
    ck_assert(!ra_helper_remove(&file));
    finish(false);
}
END_TEST

START_TEST(test_stopped)
{
    begin();
    ck_assert(ra_helper_stop());
    ck_assert(!ra_unlisted_is_there());
    ck_assert_uint_eq(RA_CURRENT->header.sampler_tid, 0);
    ck_assert(!ra_helper_remove(&file));
    ck_assert(!ra_helper_stop());
    ra_helper_restart();
    ck_assert(ra_unlisted_is_there());
    ck_assert(ra_helper_stop());
    finish(false);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("helper");
    TCase *tests = tcase_create("helper");

    tcase_add_test(tests, test_given_and_removed);
    tcase_add_test(tests, test_replaced);
    tcase_add_test(tests, test_stopped);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
