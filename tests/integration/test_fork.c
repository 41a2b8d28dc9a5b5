/* fork: parent and child count each for itself, exactly, whatever goes on around. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "helper_program.h"

/* Each step of the swarm has its own deadline; this one is for all of them on a busy machine. */
enum { EACH = 300, SWARM_SECONDS = 200 };

static void start(struct victim *victim, const char *mode, size_t number, size_t count,
                  const char *directory)
{
    const char *words[] = {mode, decimal(number), decimal(count), decimal(VICTIM_SIZE), NULL};

    program_start(victim, "victim_fork", directory, words);
}

static void finish(struct victim *victim, const char *directory)
{
    victim_finish(victim);
    ck_assert_uint_eq(regions_count(directory), 0);
}

/* Of a forked child: its own calls alone, all of them for objects of VICTIM_SIZE. */
static void require_own_calls(const struct ra_report *report, size_t class_size, int64_t made,
                              int64_t freed)
{
    struct ra_report_class row = report_class(report, class_size);

    ck_assert_int_eq(report->process.forked, 1);
    ck_assert_int_eq(report->calls.malloc, made);
    ck_assert_int_eq(report->calls.free, freed);
    ck_assert_int_eq(report->totals.allocations, made);
    ck_assert_int_eq(report->totals.frees, freed);
    ck_assert_int_eq(report->totals.allocated_bytes, made * (int64_t)class_size);
    ck_assert_int_eq(report->totals.freed_bytes, freed * (int64_t)class_size);
    ck_assert_int_eq(report->totals.live_objects, report->totals.inherited_objects + made - freed);
    ck_assert_int_eq(row.allocations, made);
    ck_assert_int_eq(row.frees, freed);
}

static pid_t pid_in(const struct channel *channel)
{
    size_t pid;

    ck_assert_uint_eq(numbers_in(channel, &pid, 1), 1);
    ck_assert_uint_gt(pid, 1);
    return (pid_t)pid;
}

START_TEST(test_fork_while_threads_allocate)
{
    enum { CHILDREN = 25 };
    size_t class_size = class_for(VICTIM_SIZE), made;
    struct ra_report *before, *after;
    struct victim victim;

    start(&victim, "busy", CHILDREN, EACH, temporary_path("."));
    before = report_of(victim.pid);
    ck_assert_int_eq(write(victim.main.in, "\n", 1), 1);
    for (int i = 0; i < CHILDREN; i++) {
        struct ra_report *child;

        channel_ready(&victim.child);
        child = report_of(pid_in(&victim.child));
        require_own_calls(child, class_size, 0, 0);
        ruby_alloc_report_free(child);
        pid_t pid = pid_in(&victim.child);
        channel_step(&victim.child);
        child = report_of(pid);
        require_own_calls(child, class_size, EACH, 0);
        ck_assert_int_eq(child->process.ppid, victim.pid);
        ruby_alloc_report_free(child);
        ck_assert_int_eq(write(victim.child.in, "\n", 1), 1);
    }
    channel_ready(&victim.main);
    ck_assert_uint_eq(numbers_in(&victim.main, &made, 1), 1);
    after = report_of(victim.pid);
    require_class_difference(before, after, class_size, (int64_t)made, (int64_t)made);
    require_size_difference(before, after, VICTIM_SIZE, (int64_t)made);
    ruby_alloc_report_free(before);
    ruby_alloc_report_free(after);
    finish(&victim, temporary_path("."));
}
END_TEST

/* Every class of the child began with what the parent has, which was quiet. */
static void require_inheritance(const struct ra_report *parent, const struct ra_report *child,
                                size_t class_size, int64_t more)
{
    ck_assert_int_eq(child->totals.inherited_objects, parent->totals.live_objects);
    ck_assert_int_eq(child->memory.live, parent->memory.live + more * (int64_t)class_size);
    for (size_t i = 0; i < parent->classes_count; i++) {
        size_t size = (size_t)parent->classes[i].size;
        int64_t made = size == class_size ? more : 0;

        ck_assert_int_eq(report_class(child, size).live_objects,
                         parent->classes[i].live_objects + made);
        ck_assert_int_eq(report_class(child, size).live_bytes,
                         parent->classes[i].live_bytes + made * (int64_t)size);
    }
}

START_TEST(test_child_forks_again)
{
    enum { DEPTH = 5 };
    size_t class_size = class_for(VICTIM_SIZE), pids[DEPTH + 1];
    struct ra_report *reports[DEPTH + 1];
    struct victim victim;

    start(&victim, "depth", DEPTH, EACH, temporary_path("."));
    ck_assert_uint_eq(numbers_in(&victim.main, pids, DEPTH + 1), DEPTH + 1);
    for (int i = 0; i <= DEPTH; i++) {
        reports[i] = report_of((pid_t)pids[i]);
        if (i > 0) {
            ck_assert_int_eq(reports[i]->process.ppid, (int64_t)pids[i - 1]);
            require_own_calls(reports[i], class_size, EACH + i, i);
            require_inheritance(reports[i - 1], reports[i], class_size, EACH);
        }
    }
    ck_assert_int_eq(report_class(reports[DEPTH], class_size).live_objects, (DEPTH + 1) * EACH);
    for (int i = 0; i <= DEPTH; i++) {
        ruby_alloc_report_free(reports[i]);
    }
    finish(&victim, temporary_path("."));
}
END_TEST

START_TEST(test_storm_of_children)
{
    enum { CHILDREN = 500, KEPT = CHILDREN / 3 };
    size_t class_size = class_for(VICTIM_SIZE), pids[CHILDREN];
    struct expectation nothing = {.what = "500 forks"};
    struct ra_report *before, *after;
    struct victim victim;

    start(&victim, "storm", CHILDREN, EACH, temporary_path("."));
    before = report_of(victim.pid);
    victim_step(&victim);
    after = report_of(victim.pid);
    require_difference(before, after, &nothing);
    ck_assert_uint_eq(numbers_in(&victim.main, pids, CHILDREN), CHILDREN);
    for (int i = 0; i < CHILDREN; i++) {
        ck_assert_msg(pids[i] != 0, "child %d did not end as it was to", i);
        ck_assert_int_eq(has_region((pid_t)pids[i]), i % 3 == 2);
        if (i % 3 == 2) {
            struct ra_report *child = report_of((pid_t)pids[i]);

            ck_assert_str_eq(child->process.state, "exited");
            require_own_calls(child, class_size, EACH, 0);
            require_inheritance(before, child, class_size, EACH);
            ruby_alloc_report_free(child);
        }
    }
    ck_assert_uint_eq(regions_count(temporary_path(".")), KEPT + 1);
    ruby_alloc_report_free(before);
    ruby_alloc_report_free(after);
    victim_finish(&victim);
    ck_assert_uint_eq(regions_remove(temporary_path(".")), KEPT);
}
END_TEST

static bool write_text(const char *path, const char *text)
{
    int file = open(path, O_WRONLY | O_CLOEXEC);
    bool written = file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text);

    close(file);
    return written;
}

/* Who isn't root becomes it in a namespace of its own. */
static bool leave_namespaces(void)
{
    char users[64], groups[64];
    bool root = geteuid() == 0;

    snprintf(users, sizeof users, "0 %u 1", (unsigned)geteuid());
    snprintf(groups, sizeof groups, "0 %u 1", (unsigned)getegid());
    if (unshare(root ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER) != 0) {
        return false;
    }
    return root ||
           (write_text("/proc/self/setgroups", "deny") && write_text("/proc/self/uid_map", users) &&
            write_text("/proc/self/gid_map", groups));
}

/* A tmpfs that nobody else sees and that goes with this process; false where it is refused. */
static bool mount_small(const char *directory)
{
    ck_assert_int_eq(mkdir(directory, 0700), 0);
    return leave_namespaces() && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("tmpfs", directory, "tmpfs", 0, "size=1m,mode=0700") == 0;
}

static const char *in_directory(const char *directory, const char *name)
{
    static char path[PATH_BYTES];

    ck_assert_int_lt(snprintf(path, sizeof path, "%s/%s", directory, name), PATH_BYTES);
    return path;
}

static void fill(const char *directory)
{
    static const char block[4096];
    int file = open(in_directory(directory, "filler"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    ck_assert_int_ge(file, 0);
    while (write(file, block, sizeof block) > 0) {
    }
    ck_assert_int_eq(errno, ENOSPC);
    close(file);
}

static void give_room(const char *directory)
{
    ck_assert_int_eq(unlink(in_directory(directory, "filler")), 0);
}

static void hide(const char *directory)
{
    ck_assert_int_eq(rename(directory, temporary_path("hidden")), 0);
}

static void show(const char *directory)
{
    ck_assert_int_eq(rename(temporary_path("hidden"), directory), 0);
}

static void leave_alone(const char *directory)
{
    ck_assert_int_eq(access(directory, F_OK), 0);
}

static const struct trouble {
    const char *mode;
    bool mounted;
    void (*begin)(const char *directory);
    void (*end)(const char *directory);
} troubles[] = {
    {"lost", true, fill, give_room},
    {"lost", false, hide, show},
    {"files", false, leave_alone, leave_alone},
};

/* A directory for regions; false where it can't be mounted. */
static bool make_place(const struct trouble *trouble, const char *name, int number,
                       char directory[PATH_BYTES])
{
    snprintf(directory, PATH_BYTES, "%s%d", temporary_path(name), number);
    if (trouble->mounted && !mount_small(directory)) {
        printf("skipped: a full tmpfs (mount is refused: %s)\n", strerror(errno));
        rmdir(directory);
        return false;
    }
    ck_assert(trouble->mounted || mkdir(directory, 0700) == 0);
    return true;
}

static void remove_place(const struct trouble *trouble, const char *directory)
{
    ck_assert_int_eq(trouble->mounted ? umount2(directory, MNT_DETACH) : 0, 0);
    ck_assert_int_eq(rmdir(directory), 0);
}

/* The child counts where nobody sees it; its own child, made in better times, has it all. */
START_TEST(test_child_without_a_region)
{
    const struct trouble *trouble = &troubles[_i];
    char directory[PATH_BYTES];
    struct expectation nothing = {.what = "a child without a region"};
    struct ra_report *before, *after, *grandchild;
    size_t class_size = class_for(VICTIM_SIZE);
    struct victim victim;
    pid_t child;

    if (!make_place(trouble, "regions", _i, directory)) {
        return;
    }
    start(&victim, trouble->mode, 1, EACH, directory);
    before = report_of(victim.pid);
    trouble->begin(directory);
    ck_assert_int_eq(write(victim.main.in, "\n", 1), 1);
    channel_ready(&victim.child);
    child = pid_in(&victim.child);
    trouble->end(directory);
    ck_assert(!has_region(child));
    ck_assert_uint_eq(regions_count(directory), 1);
    channel_step(&victim.child);
    grandchild = report_of(pid_in(&victim.child));
    ck_assert_int_eq(grandchild->process.ppid, child);
    require_own_calls(grandchild, class_size, EACH, 0);
    ck_assert_int_eq(grandchild->totals.inherited_objects, before->totals.live_objects + EACH);
    ck_assert_int_eq(report_class(grandchild, class_size).live_objects, 3 * EACH);
    ck_assert_int_eq(write(victim.child.in, "\n", 1), 1);
    channel_ready(&victim.main);
    after = report_of(victim.pid);
    require_difference(before, after, &nothing);
    ruby_alloc_report_free(before);
    ruby_alloc_report_free(after);
    ruby_alloc_report_free(grandchild);
    finish(&victim, directory);
    remove_place(trouble, directory);
}
END_TEST

/*
 * A child's file has a hole at first, where among others large objects count. It is filled at
 * the first use, also where the file can't be reached by then; on a full tmpfs these are not
 * shown, and all else is as ever.
 */
START_TEST(test_hole_of_a_child)
{
    const struct trouble *trouble = &troubles[_i];
    char directory[PATH_BYTES];
    size_t class_size = class_for(VICTIM_SIZE);
    bool full = trouble->begin == fill;
    struct ra_report *before, *child, *grandchild;
    struct victim victim;

    if (!make_place(trouble, "holes", _i, directory)) {
        return;
    }
    start(&victim, "hole", 0, EACH, directory);
    before = report_of(victim.pid);
    ck_assert_int_eq(write(victim.main.in, "\n", 1), 1);
    channel_ready(&victim.child);
    pid_t pid = pid_in(&victim.child);
    trouble->begin(directory);
    channel_step(&victim.child);
    trouble->end(directory);
    child = report_of(pid);
    ck_assert_int_eq(child->totals.inherited_objects, before->totals.live_objects);
    ck_assert_int_eq(child->memory.live - before->memory.live, full ? 0 : 48 << 20);
    ck_assert_int_eq(child->totals.allocations, full ? 0 : 1);
    ck_assert_int_eq(child->totals.live_objects, child->totals.inherited_objects + !full);
    ck_assert_int_eq(advises(child, "counts_partial"), full);
    ruby_alloc_report_free(child);
    channel_step(&victim.child);
    child = report_of(pid);
    require_inheritance(before, child, class_size, EACH);
    ck_assert_int_eq(report_class(child, class_size).allocations, EACH);
    ck_assert_int_eq(child->totals.frees, full ? 0 : 1);
    ck_assert_int_eq(child->totals.live_objects, child->totals.inherited_objects + EACH);
    channel_step(&victim.child);
    grandchild = report_of(pid_in(&victim.child));
    require_own_calls(grandchild, class_size, EACH, 0);
    ck_assert_int_eq(grandchild->totals.inherited_objects, child->totals.live_objects);
    ruby_alloc_report_free(before);
    ruby_alloc_report_free(child);
    ruby_alloc_report_free(grandchild);
    ck_assert_int_eq(write(victim.child.in, "\n", 1), 1);
    channel_ready(&victim.main);
    finish(&victim, directory);
    remove_place(trouble, directory);
}
END_TEST

/* No directory and no memory for the child's: it is only forwarded, and ends as it would. */
START_TEST(test_child_without_even_memory)
{
    enum { OBJECTS = 20 };
    char directory[PATH_BYTES];
    size_t class_size = class_for(VICTIM_SIZE);
    struct ra_report *before, *after;
    struct victim victim;

    snprintf(directory, sizeof directory, "%s", temporary_path("none"));
    ck_assert_int_eq(mkdir(directory, 0700), 0);
    start(&victim, "none", OBJECTS, EACH, directory);
    before = report_of(victim.pid);
    hide(directory);
    ck_assert_int_eq(write(victim.main.in, "\n", 1), 1);
    channel_ready(&victim.main);
    show(directory);
    after = report_of(victim.pid);
    require_class_difference(before, after, class_size, 0, 0);
    ck_assert_uint_eq(regions_count(directory), 1);
    ruby_alloc_report_free(before);
    ruby_alloc_report_free(after);
    finish(&victim, directory);
    ck_assert_int_eq(rmdir(directory), 0);
}
END_TEST

/* RUBY_ALLOC_TEST_FORKS sets how many: a deadlock is a matter of luck. */
START_TEST(test_forks_never_lock_up)
{
    enum { FORKS = 10000, EACH_STEP = 250 };
    const char *given = getenv("RUBY_ALLOC_TEST_FORKS");
    size_t forks = given != NULL ? strtoul(given, NULL, 10) : FORKS, left = 0;
    struct victim victim;

    forks -= forks % EACH_STEP;
    start(&victim, "swarm", forks, EACH_STEP, temporary_path("."));
    for (size_t done = 0; done < forks; done += EACH_STEP) {
        victim_step(&victim);
        /* The main process's region goes with the first; that is nothing to it. Others leave none. */
        left += regions_remove(temporary_path("."));
    }
    ck_assert_uint_eq(left, 1);
    finish(&victim, temporary_path("."));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fork");
    TCase *swarm = tcase_create("no deadlock");

    add_case(suite, "busy", test_fork_while_threads_allocate, 1);
    add_case(suite, "depth", test_child_forks_again, 1);
    add_case(suite, "none", test_child_without_even_memory, 1);
    add_case(suite, "storm", test_storm_of_children, 1);
    add_case(suite, "no region", test_child_without_a_region, sizeof troubles / sizeof troubles[0]);
    add_case(suite, "hole", test_hole_of_a_child, 2);
    tcase_set_timeout(swarm, SWARM_SECONDS);
    tcase_add_test(swarm, test_forks_never_lock_up);
    suite_add_tcase(suite, swarm);
    return run_suite(suite);
}
