/*
 * Outlets and replacing: what is written to, what not, and how open a new file is.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "top/outlet.h"
#include "top/replace.h"

#include "suite.h"

enum { STRANGER = 12345 };

static char directory[] = "/tmp/test_outlet.XXXXXX";
static struct ra_failure why;

static const char *in_directory(const char *name)
{
    static char path[4][128];
    static int next;

    next = (next + 1) % 4;
    snprintf(path[next], sizeof path[next], "%s/%s", directory, name);
    return path[next];
}

static void set_up(void)
{
    ck_assert_ptr_nonnull(mkdtemp(directory));
    umask(022);
    why = (struct ra_failure){0};
}

static void tear_down(void)
{
    char command[64];

    snprintf(command, sizeof command, "rm -rf '%s'", directory);
    ck_assert_int_eq(system(command), 0);
}

static void make_file(const char *path, const char *text, uid_t user, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    ck_assert(user == geteuid() || fchown(fd, user, user) == 0);
    ck_assert_int_eq(fchmod(fd, mode), 0);
    close(fd);
}

static void expect_file(const char *path, const char *expected, mode_t mode, uid_t user)
{
    char text[64] = "";
    int fd = open(path, O_RDONLY);
    struct stat is;

    ck_assert_int_ge(fd, 0);
    ck_assert_int_ge(read(fd, text, sizeof text - 1), 0);
    ck_assert_int_eq(fstat(fd, &is), 0);
    close(fd);
    ck_assert_str_eq(text, expected);
    ck_assert_int_eq(is.st_mode & 07777, mode);
    ck_assert_int_eq(is.st_uid, user);
}

static void replace(const char *path, const char *text)
{
    ck_assert_msg(ra_replace(path, text, strlen(text), &why) == RA_OK, "%s: %s", path, why.message);
}

static void append(const char *path, const char *text)
{
    int fd = ra_outlet_open_path(path, O_RDWR | O_APPEND, &why);

    ck_assert_msg(fd >= 0, "%s: %s", path, why.message);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

/* Neither for appending nor for anew, and nothing is changed by the attempt. */
static void expect_refused(const char *path, const char *part)
{
    static const int flags[] = {O_RDWR | O_APPEND, O_WRONLY | O_TRUNC};

    for (size_t i = 0; i < 2; i++) {
        why = (struct ra_failure){0};
        ck_assert_int_eq(ra_outlet_open_path(path, flags[i], &why), -1);
        ck_assert_msg(strstr(why.message, part) != NULL, "%s: found: %s\nexpected: %s", path,
                      why.message, part);
        ck_assert_int_eq(why.status, RA_DENIED);
    }
}

START_TEST(test_replace)
{
    struct stat is;

    replace(in_directory("new"), "one");
    expect_file(in_directory("new"), "one", 0600, geteuid());
    chmod(in_directory("new"), 0640);
    ck_assert_int_eq(symlink("new", in_directory("link")), 0);
    replace(in_directory("link"), "two");
    expect_file(in_directory("new"), "two", 0640, geteuid());
    ck_assert_int_eq(lstat(in_directory("link"), &is), 0);
    ck_assert(S_ISLNK(is.st_mode));

    ck_assert_int_eq(ra_replace("/dev/full", "text", 4, &why), RA_SYSTEM);
    ck_assert_int_eq(errno, ENOSPC);
    ck_assert_int_eq(ra_replace(in_directory("none/file"), "text", 4, &why), RA_SYSTEM);
    ck_assert_int_eq(errno, ENOENT);
    ck_assert_int_eq(ra_replace(directory, "text", 4, &why), RA_SYSTEM);
    ck_assert_int_eq(errno, EISDIR);
    unlink(in_directory("link"));
    unlink(in_directory("new"));
    ck_assert_int_eq(rmdir(directory), 0); /* and nothing else is in it */
    ck_assert_int_eq(mkdir(directory, 0700), 0);
}
END_TEST

/* A umask may take more away, but add nothing. */
START_TEST(test_mode_of_new_files)
{
    static const struct {
        mode_t mask, mode;
    } rows[] = {{0, 0600}, {022, 0600}, {0277, 0400}};

    umask(rows[_i].mask);
    replace(in_directory("page"), "text");
    close(ra_outlet_open_path(in_directory("record"), O_RDWR | O_APPEND, &why));
    umask(022);
    ck_assert_int_eq(access(in_directory("page"), F_OK), 0);
    expect_file(in_directory("page"), "text", rows[_i].mode, geteuid());
    expect_file(in_directory("record"), "", rows[_i].mode, geteuid());
}
END_TEST

/* However open the file was that is replaced: more than 0777 is never taken on. */
START_TEST(test_modes_taken_on)
{
    static const struct {
        mode_t was, is;
    } rows[] = {{04755, 0755}, {02755, 0755}, {01777, 0777}, {06777, 0777}, {0444, 0444}};

    make_file(in_directory("page"), "old", geteuid(), rows[_i].was);
    replace(in_directory("page"), "new");
    expect_file(in_directory("page"), "new", rows[_i].is, geteuid());
}
END_TEST

/* A stranger's, and one of ours that has a second name, tell nothing of ours. */
START_TEST(test_modes_not_taken_on)
{
    if (geteuid() == 0) {
        make_file(in_directory("theirs"), "old", STRANGER, 06777);
        replace(in_directory("theirs"), "new");
        expect_file(in_directory("theirs"), "new", 0600, geteuid());
    }
    make_file(in_directory("mine"), "old", geteuid(), 0666);
    ck_assert_int_eq(link(in_directory("mine"), in_directory("second")), 0);
    replace(in_directory("second"), "new");
    expect_file(in_directory("second"), "new", 0600, geteuid());
    expect_file(in_directory("mine"), "old", 0666, geteuid());
}
END_TEST

/* What may stand in one's own directory, and in /tmp if it is one's own. */
START_TEST(test_own_files)
{
    ck_assert_int_eq(chmod(directory, _i == 0 ? 0700 : 01777), 0);
    append(in_directory("file"), "one");
    append(in_directory("file"), "two");
    expect_file(in_directory("file"), "onetwo", 0600, geteuid());
    ck_assert_int_eq(symlink("file", in_directory("link")), 0);
    append(in_directory("link"), "3");
    expect_file(in_directory("file"), "onetwo3", 0600, geteuid());
}
END_TEST

START_TEST(test_paths)
{
    int fd;

    ck_assert_int_eq(symlink(directory, in_directory("around")), 0);
    ck_assert_int_eq(mkdir(in_directory("below"), 0700), 0);
    append(in_directory("around/./below//../around/file"), "text");
    expect_file(in_directory("file"), "text", 0600, geteuid());
    ck_assert_int_eq(symlink("loop", in_directory("loop")), 0);
    ck_assert_int_eq(ra_outlet_open_path(in_directory("loop"), O_WRONLY, &why), -1);
    ck_assert_int_eq(errno, ELOOP);
    ck_assert_int_eq(ra_outlet_open_path(in_directory("file/x"), O_WRONLY, &why), -1);
    ck_assert_int_eq(errno, ENOTDIR);
    ck_assert_int_eq(ra_outlet_open_path(in_directory("new/"), O_WRONLY, &why), -1);
    ck_assert_int_eq(errno, ENOENT);
    /* What is there is left, unless it was to be new. */
    ck_assert_int_eq(ra_outlet_open_path(in_directory("file"), O_WRONLY | O_EXCL, &why), -1);
    ck_assert_int_eq(errno, EEXIST);
    fd = ra_outlet_open_path("/dev/null", O_WRONLY | O_TRUNC, &why);
    ck_assert_msg(fd >= 0, "/dev/null: %s", why.message);
    close(fd);
    expect_file(in_directory("file"), "text", 0600, geteuid());
}
END_TEST

/* /dev/stdout is what standard output is, a pipe or a file of whomever. */
START_TEST(test_standard_output)
{
    int pair[2], out = dup(STDOUT_FILENO), fd;
    char text[8] = "";

    ck_assert_int_eq(pipe(pair), 0);
    dup2(pair[1], STDOUT_FILENO);
    fd = ra_outlet_open_path(_i == 0 ? "/dev/stdout" : "/proc/self/fd/1", O_WRONLY | O_TRUNC, &why);
    if (fd >= 0) {
        ck_assert_int_eq(write(fd, "text", 4), 4);
    }
    ck_assert_int_eq(ra_replace("/dev/fd/1", "more", 3, &why), RA_OK);
    dup2(out, STDOUT_FILENO);
    ck_assert_msg(fd >= 0, "%s", why.message);
    ck_assert_int_eq(read(pair[0], text, sizeof text - 1), 7);
    ck_assert_str_eq(text, "textmor");
}
END_TEST

/* What a stranger may have put where others may make files, as in /tmp. */
START_TEST(test_planted)
{
    static const mode_t modes[] = {01777, 0777, 0770};

    if (geteuid() != 0) {
        return;
    }
    ck_assert_int_eq(chmod(directory, modes[_i]), 0);
    make_file(in_directory("theirs"), "old", STRANGER, 0666);
    expect_refused(in_directory("theirs"), "it belongs to user 12345, in a directory in which");
    expect_file(in_directory("theirs"), "old", 0666, STRANGER);

    ck_assert_int_eq(mkdir(in_directory("mine"), 0700), 0);
    make_file(in_directory("mine/precious"), "old", 0, 0600);
    ck_assert_int_eq(symlink("mine/precious", in_directory("link")), 0);
    ck_assert_int_eq(lchown(in_directory("link"), STRANGER, STRANGER), 0);
    expect_refused(in_directory("link"), "user 12345 put a symbolic link there");
    ck_assert_int_eq(ra_replace(in_directory("link"), "new", 3, &why), RA_DENIED);
    ck_assert_int_eq(symlink("mine", in_directory("way")), 0);
    ck_assert_int_eq(lchown(in_directory("way"), STRANGER, STRANGER), 0);
    expect_refused(in_directory("way/precious"), "user 12345 put a symbolic link there");
    expect_refused(in_directory("way/new"), "user 12345 put a symbolic link there");
    ck_assert_int_eq(ra_replace(in_directory("way/precious"), "new", 3, &why), RA_DENIED);
    ck_assert_int_eq(symlink("mine/new", in_directory("dangling")), 0);
    ck_assert_int_eq(lchown(in_directory("dangling"), STRANGER, STRANGER), 0);
    expect_refused(in_directory("dangling"), "user 12345 put a symbolic link there");
    ck_assert_int_eq(ra_replace(in_directory("dangling"), "new", 3, &why), RA_DENIED);
    ck_assert_int_ne(access(in_directory("mine/new"), F_OK), 0);

    ck_assert_int_eq(link(in_directory("mine/precious"), in_directory("second")), 0);
    expect_refused(in_directory("second"), "it has a second name (a hard link)");
    expect_file(in_directory("mine/precious"), "old", 0600, 0);
    ck_assert_int_eq(mkfifo(in_directory("fifo"), 0666), 0);
    ck_assert_int_eq(chown(in_directory("fifo"), STRANGER, STRANGER), 0);
    expect_refused(in_directory("fifo"), "it belongs to user 12345");
    ck_assert_int_eq(ra_replace(in_directory("fifo"), "new", 3, &why), RA_DENIED);
}
END_TEST

/* Another user's directory is like /tmp: new files may be made there. */
START_TEST(test_in_anothers_directory)
{
    if (geteuid() != 0) {
        return;
    }
    ck_assert_int_eq(chown(directory, STRANGER, STRANGER), 0);
    make_file(in_directory("theirs"), "old", STRANGER, 0666);
    expect_refused(in_directory("theirs"), "it belongs to user 12345");
    ck_assert_int_eq(symlink("/etc/hostname", in_directory("link")), 0);
    ck_assert_int_eq(lchown(in_directory("link"), STRANGER, STRANGER), 0);
    expect_refused(in_directory("link"), "user 12345 put a symbolic link there");
    append(in_directory("new"), "one");
    append(in_directory("new"), "two");
    expect_file(in_directory("new"), "onetwo", 0600, 0);
    replace(in_directory("theirs"), "page");
    expect_file(in_directory("theirs"), "page", 0600, 0);
}
END_TEST

/* Writing would leave the bits (root's does, and a mapping's anyone's). */
START_TEST(test_set_user_id)
{
    static const mode_t modes[] = {04755, 02755, 06777};

    make_file(in_directory("program"), "old", geteuid(), modes[_i]);
    expect_refused(in_directory("program"), "it is set-user-ID or set-group-ID");
    expect_file(in_directory("program"), "old", modes[_i], geteuid());
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("outlet");
    TCase *tests = tcase_create("outlet");

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, test_replace);
    tcase_add_loop_test(tests, test_mode_of_new_files, 0, 3);
    tcase_add_loop_test(tests, test_modes_taken_on, 0, 5);
    tcase_add_test(tests, test_modes_not_taken_on);
    tcase_add_loop_test(tests, test_own_files, 0, 2);
    tcase_add_test(tests, test_paths);
    tcase_add_loop_test(tests, test_standard_output, 0, 2);
    tcase_add_loop_test(tests, test_planted, 0, 3);
    tcase_add_test(tests, test_in_anothers_directory);
    tcase_add_loop_test(tests, test_set_user_id, 0, 3);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
