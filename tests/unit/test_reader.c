/*
 * The reader: finding regions, living, dead and hostile ones, and what it says.
 *
 * Called with the argument "victim" and file names, this program maps files of
 * these names and waits: a process that looks as if it had loaded them.
 */
#include "reader_case.h"

#include <errno.h>
#include <linux/futex.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

START_TEST(test_open_living)
{
    struct ra_report *report;

    region->slots[0].state = RA_SLOT_LIVE;
    region->slots[0].tid = (uint32_t)getpid();
    map_own_region();
    expect_open(getpid(), RA_OK, NULL);
    expect_snapshot(100, RA_OK);
    report = ruby_alloc_report_new(snapshot, NULL);
    ck_assert_str_eq(report->process.state, "running");
    ck_assert_int_eq(report->process.pid, getpid());
    ck_assert_int_eq(report->process.ppid, getppid());
    ck_assert_int_gt(report->memory.rss, 0);
    ck_assert_int_gt(report->memory.pss, 0);
    ck_assert_int_ge(report->memory.lazy_free, 0);
    ck_assert_double_ge(report->process.uptime, 0);
    ck_assert_double_lt(report->process.uptime, 300);
    ck_assert_str_eq(report->process.comm, "test_reader");
    ck_assert_str_eq(report->threads[0].name, "test_reader");
    ruby_alloc_report_free(report);
}
END_TEST

START_TEST(test_open_detached)
{
    write_region(region_path(getpid(), own_start()), region, BUILT_BYTES);
    region->header.sampler_tid = 1;
    expect_open(getpid(), RA_OK, NULL);
    expect_snapshot(5000, RA_OK);
    expect_state("detached");
}
END_TEST

START_TEST(test_open_pid_used_again)
{
    write_region(region_path(getpid(), 1), region, BUILT_BYTES);
    expect_open(getpid(), RA_OK, NULL);
    expect_snapshot(100, RA_OK);
    expect_state("exited");
}
END_TEST

START_TEST(test_open_newest_left)
{
    pid_t pid = ended_pid();
    struct ra_report *report;

    write_region(region_path(pid, 900), region, BUILT_BYTES);
    region->slots[0].alloc[0] = 7;
    write_region(region_path(pid, 1000), region, BUILT_BYTES);
    region->slots[0].alloc[0] = 3;
    write_region(region_path(pid, 100), region, BUILT_BYTES);
    expect_open(pid, RA_OK, NULL);
    expect_snapshot(0, RA_OK);
    report = ruby_alloc_report_new(snapshot, NULL);
    ck_assert_int_eq(report->totals.allocations, 7);
    ruby_alloc_report_free(report);
}
END_TEST

START_TEST(test_open_by_maps)
{
    map_own_region();
    unsetenv("RUBY_ALLOC_DIR");
    expect_open(getpid(), RA_OK, NULL);
    expect_snapshot(0, RA_OK);
    expect_state("running");
}
END_TEST

START_TEST(test_open_of_someone_else)
{
    const char *path = region_path(getpid(), own_start());

    if (geteuid() != 0) {
        return;
    }
    write_region(path, region, BUILT_BYTES);
    ck_assert_int_eq(chown(path, 12345, 12345), 0);
    expect_open(getpid(), RA_DAMAGED, "belongs to user 12345, expected 0, the user of process");
}
END_TEST

/* As after a privilege drop: the file is another user's, and the process maps that very file. */
START_TEST(test_open_of_someone_else_but_mapped)
{
    const char *path = region_path(getpid(), own_start());

    if (geteuid() != 0) {
        return;
    }
    map_own_region();
    ck_assert_int_eq(chown(path, 12345, 12345), 0);
    expect_open(getpid(), RA_OK, NULL);
    expect_snapshot(0, RA_OK);
    expect_state("running");
    ruby_alloc_reader_close(reader);

    /* The name alone is nothing: another file has it now. */
    unlink(path);
    write_region(path, region, BUILT_BYTES);
    ck_assert_int_eq(chown(path, 12345, 12345), 0);
    expect_open(getpid(), RA_DAMAGED, "belongs to user 12345, expected 0, the user of process");
}
END_TEST

/* Root's file at the name of a user's region, as a mount puts it there, is not the user's. */
START_TEST(test_open_of_root)
{
    pid_t pid;
    uint64_t start_ticks = 0;
    int dir;

    if (geteuid() != 0) {
        return;
    }
    pid = fork();
    if (pid == 0) {
        if (setuid(12345) == 0) {
            pause();
        }
        _exit(1);
    }
    do {
        struct stat is;

        dir = ra_proc_open(pid);
        ck_assert_int_eq(fstat(dir, &is), 0);
        ck_assert(ra_proc_read_start(dir, &start_ticks));
        close(dir);
        if (is.st_uid == 12345) {
            break;
        }
        usleep(1000);
    } while (true);
    write_region(region_path(pid, start_ticks), region, BUILT_BYTES);
    expect_open(pid, RA_DAMAGED, "belongs to user 0, expected 12345, the user of process");
    kill(pid, SIGKILL);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}
END_TEST

/* The file of another process of the same user, by what is in it. */
START_TEST(test_open_of_another_process)
{
    pid_t ended = ended_pid();

    region->header.pid = 1;
    write_region(region_path(getpid(), own_start()), region, BUILT_BYTES);
    expect_open(getpid(), RA_DAMAGED, "by what is in it");
    write_region(region_path(ended, 1), region, BUILT_BYTES);
    expect_open(ended, RA_DAMAGED, "is of another process, by what is in it");
    region->header.pid = (uint32_t)ended;
    region->header.start_ticks = 2;
    write_region(region_path(ended, 1), region, BUILT_BYTES);
    expect_open(ended, RA_DAMAGED, "is of another process, by what is in it");
}
END_TEST

START_TEST(test_open_becomes_ready)
{
    const char *path = region_path(getpid(), own_start());
    pid_t writer;

    region->header.ready = 0;
    write_region(path, region, BUILT_BYTES);
    writer = fork();
    if (writer == 0) {
        int fd = open(path, O_RDWR);
        uint32_t ready = RA_READY;

        usleep(30000);
        _exit(pwrite(fd, &ready, 4, offsetof(struct ra_header, ready)) == 4 ? 0 : 1);
    }
    expect_open(getpid(), RA_OK, NULL);
    waitpid(writer, NULL, 0);
}
END_TEST

START_TEST(test_open_absent)
{
    expect_open(ended_pid(), RA_ABSENT, "no process ");
    expect_open(0, RA_ABSENT, "no process 0");
    expect_open(-5, RA_ABSENT, "no process -5");
    expect_open(INT32_MAX, RA_ABSENT, "no process 2147483647");
}
END_TEST

static void *sleep_long(void *argument)
{
    atomic_store((atomic_int *)argument, (int)syscall(SYS_gettid));
    pause();
    return NULL;
}

START_TEST(test_open_thread_id)
{
    pthread_t thread;
    atomic_int tid = 0;

    ck_assert_int_eq(pthread_create(&thread, NULL, sleep_long, &tid), 0);
    while (atomic_load(&tid) == 0) {
        usleep(1000);
    }
    expect_open(atomic_load(&tid), RA_ABSENT, "it is a thread of process");
}
END_TEST

static const struct {
    const char *files[3];
    const char *variables[3];
    const char *message;
} victims[] = {
    {{"libz.so.1"}, {0}, "is not a Ruby, and was started without the library"},
    {{"libruby-3.1.so.3.1"},
     {0},
     "started without the library: start it with LD_PRELOAD=libruby_alloc.so; jemalloc is not "
     "loaded"},
    {{"ruby"}, {0}, "start it with LD_PRELOAD=libruby_alloc.so; jemalloc is not loaded"},
    {{"libruby.so.2.7", "libjemalloc.so.2"}, {0}, "; jemalloc is loaded"},
    {{"libruby_alloc.so.0.1.0"}, {0}, "is not a Ruby; start it with RUBY_ALLOC_ALL=1"},
    {{"libruby_alloc.so.0.1.0"}, {"RUBY_ALLOC_ALL=1"}, "no region was found"},
    {{"libruby_alloc.so.0.1.0", "libruby-3.1.so.3.1"}, {0}, "no region was found"},
    {{"libruby_alloc.so.0.1.0", "libruby-3.1.so.3.1"},
     {"RUBY_ALLOC=0"},
     "counting is off: RUBY_ALLOC=0"},
    {{"libruby-3.1.so.3.1"},
     {"LD_PRELOAD=/nowhere/libruby_alloc.so"},
     "names libruby_alloc.so in LD_PRELOAD, but"},
    {{"libruby-3.1.so.3.1"},
     {"LD_PRELOAD=/nowhere/libruby_malloc.so"},
     "names libruby_alloc.so in LD_PRELOAD, but"},
    {{"libruby_malloc.so"}, {0}, "is not a Ruby; start it with RUBY_ALLOC_ALL=1"},
};

static int run_victim(int count, char **files)
{
    for (int i = 0; i < count; i++) {
        int fd = open(files[i], O_RDWR | O_CREAT | O_CLOEXEC, 0600);

        if (fd < 0 || ftruncate(fd, 4096) != 0 ||
            mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED) {
            return 1;
        }
        close(fd);
    }
    if (write(STDOUT_FILENO, "x", 1) != 1) {
        return 1;
    }
    pause();
    return 0;
}

/* Start a victim and wait until it has mapped its files. */
static pid_t start_victim(const char *const *files, const char *const *variables)
{
    char *arguments[8] = {(char *)"/proc/self/exe", (char *)"victim"};
    char *environment[8] = {0};
    int ready[2];
    char byte;
    pid_t pid;

    for (size_t i = 0; i < 3; i++) {
        arguments[2 + i] = (char *)files[i];
        environment[i] = (char *)variables[i];
    }
    ck_assert_int_eq(pipe(ready), 0);
    pid = fork();
    if (pid == 0) {
        if (chdir(built_dir) != 0) {
            _exit(1);
        }
        dup2(ready[1], STDOUT_FILENO);
        dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
        execve("/proc/self/exe", arguments, environment);
        _exit(1);
    }
    close(ready[1]);
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return pid;
}

START_TEST(test_open_no_region)
{
    pid_t pid = start_victim(victims[_i].files, victims[_i].variables);

    expect_open(pid, RA_NO_REGION, victims[_i].message);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}
END_TEST

START_TEST(test_open_directory_of_the_target)
{
    static const char *const files[3] = {NULL};
    char variable[PATH_MAX + 32];
    const char *variables[3] = {variable};
    uint64_t start_ticks;
    pid_t pid;
    int dir;

    snprintf(variable, sizeof(variable), "RUBY_ALLOC_DIR=%s", built_dir);
    pid = start_victim(files, variables);
    dir = ra_proc_open(pid);
    ck_assert(ra_proc_read_start(dir, &start_ticks));
    close(dir);
    unsetenv("RUBY_ALLOC_DIR");
    write_region(region_path(pid, start_ticks), region, BUILT_BYTES);
    expect_open(pid, RA_OK, NULL);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}
END_TEST

/* Other users may search the directory of the regions. */
static void let_others_in(void)
{
    const char *base = getenv("TEST_DIR");

    ck_assert_int_eq(chmod(built_dir, 0755), 0);
    if (base != NULL) {
        ck_assert_int_eq(chmod(base, 0755), 0);
    }
}

START_TEST(test_open_denied)
{
    pid_t parent = getpid();
    pid_t child;
    int status;

    if (geteuid() != 0) {
        return;
    }
    map_own_region();
    let_others_in();
    child = fork();
    if (child == 0) {
        enum ra_status found;

        if (setgid(65534) != 0 || setuid(65534) != 0) {
            _exit(2);
        }
        found = ruby_alloc_reader_open(&reader, parent, &why);
        _exit(found == RA_DENIED && strstr(why.message, "belongs to user root; run") ? 0 : 1);
    }
    waitpid(child, &status, 0);
    ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(test_list)
{
    pid_t ended = ended_pid();
    pid_t *pids;
    size_t count;
    size_t denied;
    char path[PATH_MAX + 32];

    ck_assert_int_eq(ruby_alloc_reader_list(&pids, &count, &denied, &why), RA_OK);
    ck_assert_uint_eq(count, 0);
    ck_assert_ptr_null(pids);
    write_region(region_path(getpid(), own_start()), region, BUILT_BYTES);
    write_region(region_path(getpid(), 1), region, BUILT_BYTES);
    write_region(region_path(ended, 1), region, BUILT_BYTES);
    write_region(region_path(ended, 2), region, BUILT_BYTES);
    make_fifo(region_path(1, 1));
    make_dangling_link(region_path(1, 2));
    snprintf(path, sizeof(path), "%s/ruby_alloc.1.2", built_dir);
    write_region(path, region, 0);
    snprintf(path, sizeof(path), "%s/ruby_alloc.1.2.3", built_dir); /* another namespace */
    write_region(path, region, 0);
    ck_assert_int_eq(ruby_alloc_reader_list(&pids, &count, &denied, &why), RA_OK);
    ck_assert_uint_eq(count, 2);
    ck_assert_int_eq(pids[0], ended < getpid() ? ended : getpid());
    ck_assert_int_eq(pids[1], ended < getpid() ? getpid() : ended);
    ck_assert_uint_eq(denied, 0);
    free(pids);
}
END_TEST

START_TEST(test_list_denied)
{
    pid_t child;
    int status;

    if (geteuid() != 0) {
        return;
    }
    write_region(region_path(ended_pid(), 1), region, BUILT_BYTES);
    let_others_in();
    child = fork();
    if (child == 0) {
        pid_t *pids;
        size_t count;
        size_t denied;

        if (setgid(65534) != 0 || setuid(65534) != 0 ||
            ruby_alloc_reader_list(&pids, &count, &denied, &why) != RA_OK) {
            _exit(2);
        }
        _exit(count == 0 && denied == 1 ? 0 : 1);
    }
    waitpid(child, &status, 0);
    ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(test_status_exit)
{
    ck_assert_int_eq(ruby_alloc_status_exit(RA_OK), 0);
    ck_assert_int_eq(ruby_alloc_status_exit(RA_ABSENT), 1);
    ck_assert_int_eq(ruby_alloc_status_exit(RA_NO_REGION), 3);
    ck_assert_int_eq(ruby_alloc_status_exit(RA_DENIED), 4);
    ck_assert_int_eq(ruby_alloc_status_exit(RA_DAMAGED), 5);
    ck_assert_int_eq(ruby_alloc_status_exit(RA_TIMEOUT), 6);
    ck_assert_int_eq(ruby_alloc_status_exit(RA_SYSTEM), 1);
}
END_TEST

#define ROWS(table) (int)(sizeof(table) / sizeof((table)[0]))

static void add_open_tests(TCase *test_case)
{
    tcase_add_test(test_case, test_open_living);
    tcase_add_test(test_case, test_open_detached);
    tcase_add_test(test_case, test_open_pid_used_again);
    tcase_add_test(test_case, test_open_newest_left);
    tcase_add_test(test_case, test_open_by_maps);
    tcase_add_test(test_case, test_open_of_root);
    tcase_add_test(test_case, test_open_of_another_process);
    tcase_add_test(test_case, test_open_becomes_ready);
    tcase_add_test(test_case, test_open_absent);
    tcase_add_test(test_case, test_open_thread_id);
    tcase_add_test(test_case, test_open_directory_of_the_target);
    tcase_add_test(test_case, test_open_of_someone_else);
    tcase_add_test(test_case, test_open_of_someone_else_but_mapped);
    tcase_add_test(test_case, test_open_denied);
    tcase_add_loop_test(test_case, test_open_no_region, 0, ROWS(victims));
}

int main(int argc, char **argv)
{
    Suite *suite = suite_create("reader");
    TCase *test_case = tcase_create("open");

    if (argc > 1 && strcmp(argv[1], "victim") == 0) {
        return run_victim(argc - 2, argv + 2);
    }
    tcase_add_checked_fixture(test_case, set_up, tear_down);
    add_open_tests(test_case);
    suite_add_tcase(suite, test_case);
    test_case = tcase_create("list");
    tcase_add_checked_fixture(test_case, set_up, tear_down);
    tcase_add_test(test_case, test_list);
    tcase_add_test(test_case, test_list_denied);
    tcase_add_test(test_case, test_status_exit);
    suite_add_tcase(suite, test_case);
    return run_suite(suite);
}
