/*
 * A root process that changes what it may do: victim_rights WAY
 *
 * It ends with 0 if each call did what it does without a preload, and all threads of the
 * process had the same rights whenever one had returned; says what was different otherwise.
 * Each way in a child of its own, whose helper, if it has one, is there before.
 *
 *   family        each call of the family, refused ones too
 *   keep          capabilities kept by one thread, and given up one after the other
 *   raw           raw calls of one thread, then the family
 *   threads       ten threads change users and groups at once, others come and go
 *   handler       a signal handler does it, which interrupts malloc and free
 *   fork          a child does it before it has a helper, and forks one that does it later
 *   vfork         a child that shares memory does it
 *   unshare       namespaces that only a process of one thread may leave
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "victim_common.h"

enum { USER = 64301, GROUP = 64302, THREADS = 10, ROUNDS = 200, FOR_HELPER = 20 };

int capset(struct __user_cap_header_struct *header, const struct __user_cap_data_struct *data);

static void require(bool right, const char *what)
{
    if (!right) {
        fprintf(stderr, "%s: error %d\n", what, errno);
        _exit(1);
    }
}

#define REQUIRE(call) require((call) == 0, #call)

/* The lines of a task's status that tell of its rights. */
static void read_rights(const char *task, char *rights, size_t bytes)
{
    static const char *const names[] = {"Uid:", "Gid:", "Groups:", "CapInh:", "CapPrm:", "CapEff:"};
    char path[64], text[4096], *place = text;
    ssize_t length;
    int file;

    snprintf(path, sizeof path, "/proc/self/task/%s/status", task);
    file = open(path, O_RDONLY | O_CLOEXEC);
    length = file >= 0 ? read(file, text, sizeof text - 1) : 0;
    close(file);
    text[length > 0 ? length : 0] = '\0';
    rights[0] = '\0';
    for (char *line; (line = strsep(&place, "\n")) != NULL;) {
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
            if (strncmp(line, names[i], strlen(names[i])) == 0 &&
                strlen(rights) + strlen(line) + 2 < bytes) {
                strcat(strcat(rights, line), "\n");
            }
        }
    }
}

/* The names of the process's tasks: what the kernel hands out, as opendir would allocate. */
struct entry {
    uint64_t inode, offset;
    uint16_t length;
    uint8_t type;
    char name[];
};

struct tasks {
    char buffer[4096] __attribute__((aligned(8)));
    long length, at;
};

static void list_tasks(struct tasks *tasks)
{
    int directory = open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    tasks->length = syscall(SYS_getdents64, directory, tasks->buffer, sizeof tasks->buffer);
    tasks->at = 0;
    require(tasks->length > 0, "the tasks of the process");
    close(directory);
}

static const char *next_task(struct tasks *tasks)
{
    while (tasks->at < tasks->length) {
        const struct entry *entry = (const struct entry *)(tasks->buffer + tasks->at);

        tasks->at += entry->length;
        if (entry->name[0] != '.') {
            return entry->name;
        }
    }
    return NULL;
}

static int count_tasks(void)
{
    struct tasks tasks;
    int count = 0;

    for (list_tasks(&tasks); next_task(&tasks);) {
        count++;
    }
    return count;
}

static void require_same_rights(const char *after)
{
    char own[1024], other[1024], self[32];
    struct tasks tasks;

    snprintf(self, sizeof self, "%ld", syscall(SYS_gettid));
    read_rights(self, own, sizeof own);
    require(own[0] != '\0', "no rights can be read");
    list_tasks(&tasks);
    for (const char *task; (task = next_task(&tasks)) != NULL;) {
        read_rights(task, other, sizeof other);
        if (other[0] != '\0' && strcmp(own, other) != 0) {
            fprintf(stderr, "after %s thread %s has\n%swhere the caller has\n%s", after, task,
                    other, own);
            _exit(1);
        }
    }
}

#define CHANGE(call)                                                                               \
    do {                                                                                           \
        REQUIRE(call);                                                                             \
        require_same_rights(#call);                                                                \
    } while (0)

#define REFUSED(call)                                                                              \
    do {                                                                                           \
        require((call) == -1 && errno == EPERM, #call " is refused");                              \
        require_same_rights(#call);                                                                \
    } while (0)

/* How many threads the library has, of whose number nobody may have to know. */
static int helpers;

static void have_helper(void)
{
    for (int i = 0; i < FOR_HELPER; i++) {
        free(make_object(100));
    }
    require(count_tasks() == 1 + helpers, "a helper as the process has had");
}

static void change_family(void)
{
    gid_t groups[100] = {GROUP, GROUP + 1};

    have_helper();
    CHANGE(setgroups(2, groups));
    CHANGE(setgroups(sizeof groups / sizeof groups[0], groups)); /* more than anyone looks at */
    CHANGE(initgroups("root", 0));
    CHANGE(setegid(GROUP));
    CHANGE(setregid(GROUP, 0));
    CHANGE(setresgid(0, 0, GROUP));
    CHANGE(setgid(GROUP));
    CHANGE(seteuid(USER));
    REFUSED(setgroups(2, groups));
    CHANGE(seteuid(0));
    CHANGE(setreuid(0, USER));
    CHANGE(setresuid((uid_t)-1, 0, 0));
    CHANGE(setresuid(0, USER, 0));
    CHANGE(setuid(0));
    CHANGE(setuid(0));
    CHANGE(setgroups(0, NULL));
    CHANGE(setuid(USER));
    REFUSED(setuid(0));
    REFUSED(setresgid(0, 0, 0));
    have_helper();
}

static void keep_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}};

    have_helper();
    REQUIRE(prctl(PR_SET_KEEPCAPS, 1));
    CHANGE(setresuid(USER, USER, USER));
    data[0].effective = data[0].permitted = 1u << CAP_SETGID | 1u << CAP_SETUID;
    CHANGE(capset(&header, data));
    CHANGE(setgroups(0, NULL));
    CHANGE(setresgid(GROUP, GROUP, GROUP));
    CHANGE(setresuid(USER + 1, USER + 1, USER + 1));
    memset(data, 0, sizeof data);
    CHANGE(capset(&header, data));
    REFUSED(setuid(0));
    have_helper();
}

static void change_raw(void)
{
    have_helper();
    REQUIRE(syscall(SYS_setgroups, 0, NULL));
    REQUIRE(syscall(SYS_setresgid, GROUP, GROUP, GROUP));
    CHANGE(setresgid(GROUP, GROUP, GROUP));
    REQUIRE(syscall(SYS_setresuid, USER, USER, USER));
    CHANGE(setuid(USER));
    REFUSED(setuid(0));
    have_helper();
}

static void *come_and_go(void *unused)
{
    free(make_object(200));
    return unused;
}

static void *change_often(void *place)
{
    const unsigned self = (unsigned)(uintptr_t)place;

    for (int i = 0; i < ROUNDS; i++) {
        pthread_t thread;

        require(setegid(GROUP + self) == 0 || errno == EPERM, "setegid of one in ten");
        require(seteuid(USER + self) == 0 || errno == EPERM, "seteuid of one in ten");
        if (i % 10 == 0) {
            REQUIRE(pthread_create(&thread, NULL, come_and_go, NULL));
            REQUIRE(pthread_join(thread, NULL));
        }
        REQUIRE(seteuid(0));
    }
    return NULL;
}

static void change_in_threads(void)
{
    pthread_t threads[THREADS];

    have_helper();
    for (uintptr_t i = 0; i < THREADS; i++) {
        REQUIRE(pthread_create(&threads[i], NULL, change_often, (void *)i));
    }
    for (int i = 0; i < THREADS; i++) {
        REQUIRE(pthread_join(threads[i], NULL));
    }
    require_same_rights("ten threads' changes");
    CHANGE(setegid(0));
    have_helper();
}

static volatile sig_atomic_t handled;

static void change_in_handler(int signal)
{
    (void)signal;
    if (handled++ % 2 == 0) {
        CHANGE(seteuid(USER));
    } else {
        CHANGE(seteuid(0));
    }
}

static void change_while_allocating(void)
{
    const struct itimerval often = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
    struct sigaction action = {.sa_handler = change_in_handler, .sa_flags = SA_RESTART};

    have_helper();
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    while (handled < ROUNDS) {
        void *volatile object = malloc((size_t)(handled * 64 + 64));

        free(object);
    }
    setitimer(ITIMER_REAL, &never, NULL);
    CHANGE(seteuid(0));
    have_helper();
}

static void require_success(pid_t child)
{
    int status;

    require(waitpid(child, &status, 0) == child && status == 0, "a child");
}

static void change_in_children(void)
{
    pid_t child = fork();

    if (child == 0) {
        CHANGE(setgid(GROUP)); /* before its helper comes */
        child = fork();
        if (child == 0) {
            have_helper();
            CHANGE(setuid(USER));
            REFUSED(setuid(0));
            _exit(0);
        }
        require_success(child);
        CHANGE(setuid(USER));
        have_helper();
        require_same_rights("the coming of the helper");
        _exit(0);
    }
    require_success(child);
    have_helper();
}

static void change_in_vfork(void)
{
    have_helper();
    pid_t child = vfork();
    if (child == 0) {
        _exit(setgid(GROUP) != 0 || setuid(USER) != 0);
    }
    require_success(child);
    require(getuid() == 0, "still root");
    require_same_rights("what a child by vfork did");
    have_helper();
}

static void leave_namespaces(void)
{
    pid_t child = fork();

    have_helper();
    if (child == 0) {
        have_helper();
        CHANGE(unshare(CLONE_NEWNS));
        have_helper();
        CHANGE(unshare(CLONE_NEWUSER));
        have_helper();
        _exit(0);
    }
    require_success(child);
    int own = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    REQUIRE(setns(own, CLONE_NEWNS)); /* refused where threads share a root directory */
    have_helper();
    REQUIRE(unshare(CLONE_NEWPID));
    have_helper();
}

int main(int argc, char **argv)
{
    static const struct way {
        const char *name;
        void (*body)(void);
    } ways[] = {{"family", change_family},
                {"keep", keep_capabilities},
                {"raw", change_raw},
                {"threads", change_in_threads},
                {"handler", change_while_allocating},
                {"fork", change_in_children},
                {"vfork", change_in_vfork},
                {"unshare", leave_namespaces}};

    helpers = count_tasks() - 1;
    for (size_t i = 0; argc == 2 && i < sizeof ways / sizeof ways[0]; i++) {
        if (strcmp(argv[1], ways[i].name) == 0) {
            ways[i].body();
            return 0;
        }
    }
    return 2;
}
