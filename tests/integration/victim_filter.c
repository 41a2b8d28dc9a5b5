/*
 * Forbids itself to touch files, by a filter of system calls, and lives on.
 *
 *     victim_filter ACTION SCOPE [LIBRARY]
 *
 *   ACTION  what becomes of a call that is forbidden: kill_process, kill_thread, trap, errno
 *   SCOPE   process: the filter is for all threads; main: for the one that sets it; thread: one
 *           that ends; root: for all, without giving up new privileges; before: it is there
 *           when the program starts again, with LIBRARY preloaded: then files can be read, but
 *           nothing be made or removed; alone: it is for a forked child that has hardly
 *           allocated, and forbids it threads and children as well
 *
 * Prints "ready" and waits for a line; then threads come and go, children end in each way, and
 * it ends by the end of main. Prints how each child ended.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "victim_common.h"

enum { THREADS = 12, CHILD_THREADS = 3, OBJECTS = 50 };

static const struct action {
    const char *name;
    uint32_t value;
} actions[] = {
    {"kill_process", SECCOMP_RET_KILL_PROCESS},
    {"kill_thread", SECCOMP_RET_KILL_THREAD},
    {"trap", SECCOMP_RET_TRAP},
    {"errno", SECCOMP_RET_ERRNO | 1},
};

/* What only changes files first, then what reads them, which no program can start without. */
static const int calls[] = {
    SYS_unlinkat, SYS_ftruncate, SYS_fallocate, SYS_fchmod,    SYS_fchmodat,   SYS_fchown,
    SYS_mkdirat,  SYS_renameat,  SYS_fstatfs,   SYS_statfs,    SYS_getdents64, SYS_flock,
#ifdef SYS_unlink
    SYS_unlink,
#endif
    SYS_openat,   SYS_openat2,   SYS_pwrite64,  SYS_faccessat, SYS_faccessat2, SYS_readlinkat,
#ifdef SYS_open
    SYS_open,     SYS_stat,      SYS_lstat,     SYS_access,
#endif
};
static const int lives[] = {SYS_clone, SYS_clone3};
enum { ALL = sizeof calls / sizeof *calls, LIVES = sizeof lives / sizeof *lives };

static uint32_t action;
static bool is_alone;

static size_t count_for(bool before)
{
    size_t count = 0;

    while (before && calls[count] != SYS_openat) {
        count++;
    }
    return before ? count : ALL;
}

static void add_calls(struct sock_fprog *program, const int *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        program->filter[program->len++] =
            (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)numbers[i], 0, 1);
        program->filter[program->len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action);
    }
}

static void forbid(bool before, unsigned flags, bool as_root)
{
    struct sock_filter code[2 * (ALL + LIVES) + 2];
    struct sock_fprog program = {.filter = code};

    code[program.len++] =
        (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    add_calls(&program, calls, count_for(before));
    add_calls(&program, lives, is_alone ? LIVES : 0);
    code[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    if ((!as_root && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) ||
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program) != 0) {
        stop_with("seccomp");
    }
}

static void *allocate(void *unused)
{
    for (size_t i = 0; i < OBJECTS; i++) {
        free(make_object(40 + i));
    }
    return unused;
}

static void *shut_in(void *unused)
{
    forbid(false, 0, false);
    return allocate(unused);
}

/* All at once, so that each has a slot of its own. */
static void *stay(void *barrier)
{
    allocate(NULL);
    pthread_barrier_wait(barrier);
    return NULL;
}

static void run_threads(unsigned count)
{
    pthread_t threads[THREADS];
    pthread_barrier_t barrier;

    pthread_barrier_init(&barrier, NULL, count);
    for (unsigned i = 0; i < count; i++) {
        if (pthread_create(&threads[i], NULL, stay, &barrier) != 0) {
            stop_with("pthread_create");
        }
    }
    for (unsigned i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
    }
}

static void end_child(int way)
{
    static const char program[] = "/no/such/program";

    allocate(NULL);
    run_threads(CHILD_THREADS);
    switch (way) {
    case 0:
        exit(3);
    case 1:
        _exit(4);
    case 2:
        raise(SIGTERM);
        _exit(5);
    case 3:
        quick_exit(6);
    default:
        execl(program, program, (char *)NULL);
        _exit(7);
    }
}

/* Of one that would have a helper with its eighth allocation. */
static void run_lone_child(void)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        is_alone = true;
        forbid(false, 0, false);
        allocate(NULL);
        _exit(8);
    }
    waitpid(child, &status, 0);
    printf("lone child: wait status %#x\n", (unsigned)status);
    fflush(stdout);
}

static void run_children(void)
{
    for (int way = 0; way < 5; way++) {
        int status = 0;
        pid_t child = fork();

        if (child == 0) {
            end_child(way);
        }
        waitpid(child, &status, 0);
        printf("child %d: wait status %#x\n", way, (unsigned)status);
        fflush(stdout);
    }
}

static void start_again(char **argv)
{
    char scope[] = "none";
    char *const again[] = {argv[0], argv[1], scope, NULL};

    forbid(true, 0, false);
    setenv("LD_PRELOAD", argv[3], 1);
    execv(argv[0], again);
    stop_with("execv");
}

static void set_filter(const char *scope)
{
    pthread_t thread;

    if (strcmp(scope, "process") == 0 || strcmp(scope, "root") == 0) {
        forbid(false, SECCOMP_FILTER_FLAG_TSYNC, strcmp(scope, "root") == 0);
    } else if (strcmp(scope, "main") == 0) {
        forbid(false, 0, false);
    } else if (strcmp(scope, "thread") == 0) {
        pthread_create(&thread, NULL, shut_in, NULL);
        pthread_join(thread, NULL);
    }
}

int main(int argc, char **argv)
{
    size_t chosen = 0;

    if (argc < 3) {
        return 2;
    }
    while (strcmp(argv[1], actions[chosen].name) != 0) {
        if (++chosen == sizeof actions / sizeof *actions) {
            return 2;
        }
    }
    action = actions[chosen].value;
    if (strcmp(argv[2], "before") == 0 && argc > 3) {
        start_again(argv);
    }
    allocate(NULL);
    set_filter(argv[2]);
    pause_for_test();
    run_threads(THREADS);
    if (strcmp(argv[2], "alone") == 0) {
        run_lone_child();
    } else {
        run_children();
    }
    return 9;
}
