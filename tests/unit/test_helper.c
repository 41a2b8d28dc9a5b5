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

/* A sanitizer can't look for leaks in a jail, where there is no /proc. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}

static char directory[] = "/dev/shm/test_helper.XXXXXX";
static char name[128];
static int outside, above, proc; /* the directory, the one it lies in, /proc: for the test */

static void serve(void)
{
    uint32_t *request = &RA_CURRENT->header.request;

    ra_helper_begin();
    __atomic_store_n(&RA_CURRENT->header.sampler_tid, (uint32_t)ra_system_thread(),
                     __ATOMIC_RELEASE);
    while (ra_helper_serve()) {
        ra_system(SYS_futex, (long)request, FUTEX_WAIT, *request, 0, 0, 0);
    }
    ra_helper_end();
}

static void begin(bool is_replaced)
{
    ck_assert_ptr_nonnull(mkdtemp(directory));
    ra_settings.directory = directory;
    outside = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    above = open("/dev/shm", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ra_road_find();
    ck_assert(ra_region_publish());
    ck_assert_str_eq(ra_regionfile_directory(), directory);
    ra_regionfile_name(name, RA_CURRENT->header.pid, RA_CURRENT->header.start_ticks,
                       RA_CURRENT->header.pid_namespace);
    if (is_replaced) {
        ck_assert_int_eq(unlinkat(outside, name, 0), 0);
        close(openat(outside, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    }
    ck_assert_int_eq(ra_helper_init(), 0);
    ck_assert_int_eq(ra_helper_start(serve), 0);
}

/* Once the helper answers it has begun; a jail, in which nothing of the region is in sight. */
static void shut_in(void)
{
    char jail[PATH_MAX], path[PATH_MAX];

    ck_assert_int_eq(ra_helper_give(getuid()), getuid() == 0);
    snprintf(jail, sizeof jail, "%s/jail", directory);
    ck_assert_int_eq(mkdir(jail, 0755), 0);
    if (getuid() == 0) {
        ck_assert_int_eq(chroot(jail), 0);
        ck_assert_int_eq(chdir("/"), 0);
        snprintf(path, sizeof path, "%s/%s", directory, name);
        ck_assert_int_eq(access(path, F_OK), -1);
        ck_assert_int_eq(ra_regionfile_find(), -1);
    }
}

static void finish(void)
{
    unlinkat(outside, name, 0);
    unlinkat(outside, "jail", AT_REMOVEDIR);
    ck_assert_int_eq(unlinkat(above, strrchr(directory, '/') + 1, AT_REMOVEDIR), 0);
}

static uid_t owner(void)
{
    struct stat status;

    ck_assert_int_eq(fstatat(outside, name, &status, AT_SYMLINK_NOFOLLOW), 0);
    return status.st_uid;
}

/* Only root may give, and of what is out of sight it can only be given away, not removed. */
START_TEST(test_given_from_a_jail)
{
    bool is_root = getuid() == 0;

    begin(false);
    shut_in();
    ck_assert_int_eq(ra_helper_give(is_root ? USER : getuid()), is_root);
    ck_assert_uint_eq(owner(), is_root ? USER : getuid());
    ck_assert_int_eq(ra_regionfile_remove(), !is_root);
    finish();
}
END_TEST

/* Another file under that name is left alone. */
START_TEST(test_replaced)
{
    begin(true);
    ck_assert(!ra_helper_give(USER));
    ra_regionfile_give(USER);
    ck_assert_uint_eq(owner(), getuid());
    ck_assert(!ra_regionfile_remove());
    finish();
}
END_TEST

/* The way out of a jail that a descriptor of a directory is: the helper has none. */
START_TEST(test_nothing_leads_out)
{
    char links[64], target[PATH_MAX];

    begin(false);
    shut_in();
    for (int fd = 0; fd < 64; fd++) {
        struct stat status;

        snprintf(links, sizeof links, "self/task/%u/fd/%d", RA_CURRENT->header.sampler_tid, fd);
        if (fstatat(proc, links, &status, 0) == 0) {
            ck_assert_msg(S_ISREG(status.st_mode), "descriptor %d of the helper's is no file", fd);
            ck_assert_int_gt(readlinkat(proc, links, target, sizeof target), 0);
        }
    }
    finish();
}
END_TEST

START_TEST(test_stopped)
{
    begin(false);
    ck_assert_int_eq(ra_helper_give(getuid()), getuid() == 0);
    ck_assert(ra_helper_stop());
    ck_assert(!ra_unlisted_is_there());
    ck_assert_uint_eq(RA_CURRENT->header.sampler_tid, 0);
    ck_assert(!ra_helper_give(getuid()));
    ck_assert(!ra_helper_stop());
    ra_helper_restart();
    ck_assert(ra_unlisted_is_there());
    ck_assert(ra_helper_stop());
    finish();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("helper");
    TCase *tests = tcase_create("helper");

    tcase_add_test(tests, test_given_from_a_jail);
    tcase_add_test(tests, test_nothing_leads_out);
    tcase_add_test(tests, test_replaced);
    tcase_add_test(tests, test_stopped);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
