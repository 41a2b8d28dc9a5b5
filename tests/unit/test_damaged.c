/*
 * The reader: what lies at a region's name and is none, or is one that it can't read. One
 * defect and one message each.
 */
#include "reader_case.h"

#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

static void make_directory(const char *path)
{
    ck_assert_int_eq(mkdir(path, 0700), 0);
}

static void make_link_to_region(const char *path)
{
    char target[PATH_MAX + 8];

    snprintf(target, sizeof(target), "%s/target", built_dir);
    write_region(target, region, BUILT_BYTES);
    ck_assert_int_eq(symlink(target, path), 0);
}

static void make_link_to_zeros(const char *path)
{
    ck_assert_int_eq(symlink("/dev/zero", path), 0);
}

static void make_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    ck_assert_uint_lt(strlen(path), sizeof(address.sun_path));
    memcpy(address.sun_path, path, strlen(path) + 1);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    close(fd);
}

static void make_device(const char *path)
{
    if (mknod(path, S_IFCHR | 0600, makedev(1, 5)) != 0) {
        make_link_to_zeros(path); /* only root makes devices */
    }
}

static void make_two_names(const char *path)
{
    char second[PATH_MAX + 8];

    snprintf(second, sizeof(second), "%s/second", built_dir);
    write_region(path, region, BUILT_BYTES);
    ck_assert_int_eq(link(path, second), 0);
}

static void make_empty(const char *path)
{
    write_region(path, region, 0);
}

static void make_zeros(const char *path)
{
    memset(region, 0, BUILT_BYTES);
    write_region(path, region, BUILT_BYTES);
}

static void make_huge(const char *path)
{
    write_region(path, region, BUILT_BYTES);
    ck_assert_int_eq(truncate(path, (off_t)1 << 40), 0);
}

static void make_short(const char *path)
{
    write_region(path, region, 5000);
}

static void make_other_magic(const char *path)
{
    memcpy(region->header.magic, "\033[2J\n\377AB", 8);
    write_region(path, region, BUILT_BYTES);
}

static void make_newer(const char *path)
{
    region->header.layout_major = 2;
    write_region(path, region, BUILT_BYTES);
}

static const struct {
    const char *name;
    void (*make)(const char *path);
    const char *message;
} defects[] = {
    {"fifo", make_fifo, "is a FIFO, expected a regular file"},
    {"directory", make_directory, "is a directory, expected a regular file"},
    {"link", make_link_to_region, "is a symbolic link, expected a regular file"},
    {"zeros", make_link_to_zeros, "is a symbolic link, expected a regular file"},
    {"dangling", make_dangling_link, "is a symbolic link, expected a regular file"},
    {"socket", make_socket, "is a socket, expected a regular file"},
    {"device", make_device, ", expected a regular file"},
    {"two names", make_two_names, "has 2 names (hard links), expected 1"},
    {"empty", make_empty, "it has 0 bytes, expected 61440 or more"},
    {"all zero", make_zeros, "not ready (found 0, expected 0x52454459)"},
    {"huge", make_huge, "it has 1099511627776 bytes, expected 67108864 at most"},
    {"short", make_short, "(396 times 16 bytes at 1856) lies beyond its end at 5000"},
    {"magic", make_other_magic, "it begins with \"\\x1b[2J\\x0a\\xffAB\", not with \"RUBYALOC\""},
    {"newer", make_newer, "layout 2; this program reads 1): upgrade ruby_alloc_top"},
};

START_TEST(test_open_damaged_living)
{
    defects[_i].make(region_path(getpid(), own_start()));
    expect_open(getpid(), RA_DAMAGED, defects[_i].message);
}
END_TEST

START_TEST(test_open_damaged_left)
{
    pid_t pid = ended_pid();

    defects[_i].make(region_path(pid, 1));
    expect_open(pid, RA_DAMAGED, defects[_i].message);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("damaged");
    TCase *test_case = tcase_create("open");
    int count = (int)(sizeof(defects) / sizeof(defects[0]));

    tcase_add_checked_fixture(test_case, set_up, tear_down);
    tcase_add_loop_test(test_case, test_open_damaged_living, 0, count);
    tcase_add_loop_test(test_case, test_open_damaged_left, 0, count);
    suite_add_tcase(suite, test_case);
    return run_suite(suite);
}
