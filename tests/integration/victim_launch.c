/*
 * Makes trouble for itself, then becomes another program: same pid, same start time.
 *
 *     victim_launch [WORD...] -- COMMAND [ARGUMENT...]
 *
 *   container:ERRNO|kill  allow only the system calls that a container runtime allows by default;
 *                         refuse the others with ERRNO, or end the process at one
 *   threadless:ERRNO      refuse to make threads
 *   refuse:CALL:ERRNO     refuse one system call, by number
 *   squat:KIND:UID        put a file, directory, fifo, symlink or hardlink at the name in
 *                         $RUBY_ALLOC_DIR that the program's region would have; links lead to
 *                         $RUBY_ALLOC_DIR/target; it belongs to UID
 *   user:UID              become that user, with the group of the same number
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ruby_alloc/region.h"
#include "victim_container.h"

#ifdef __x86_64__
#define THIS_ARCHITECTURE AUDIT_ARCH_X86_64
#else
#define THIS_ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

enum { FILTER_MAX = 2 * CONTAINER_CALLS + 16 };

struct filter {
    struct sock_filter code[FILTER_MAX];
    unsigned short length;
};

static void fail(const char *what)
{
    fprintf(stderr, "victim_launch: %s: %s\n", what, strerror(errno));
    exit(3);
}

static void emit(struct filter *filter, struct sock_filter instruction)
{
    if (filter->length == FILTER_MAX) {
        errno = E2BIG;
        fail("filter");
    }
    filter->code[filter->length++] = instruction;
}

static void emit_load(struct filter *filter, size_t offset)
{
    emit(filter, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void emit_return(struct filter *filter, uint32_t action)
{
    emit(filter, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

/* A call of this number ends with that action. */
static void emit_call(struct filter *filter, unsigned long call, uint32_t action)
{
    emit(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, 1));
    emit_return(filter, action);
}

static void begin(struct filter *filter)
{
    filter->length = 0;
    emit_load(filter, offsetof(struct seccomp_data, arch));
    emit(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, THIS_ARCHITECTURE, 1, 0));
    emit_return(filter, SECCOMP_RET_KILL_PROCESS);
    emit_load(filter, offsetof(struct seccomp_data, nr));
}

static void install(struct filter *filter)
{
    struct sock_fprog program = {.len = filter->length, .filter = filter->code};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        fail("seccomp");
    }
}

static void be_in_container(const char *otherwise)
{
    struct filter filter;

    begin(&filter);
    emit_call(&filter, SYS_clone3, SECCOMP_RET_ERRNO | ENOSYS);
    for (size_t i = 0; i < CONTAINER_CALLS; i++) {
        emit_call(&filter, container_calls[i], SECCOMP_RET_ALLOW);
    }
    emit_return(&filter, strcmp(otherwise, "kill") == 0
                             ? SECCOMP_RET_KILL_PROCESS
                             : SECCOMP_RET_ERRNO | (uint32_t)atoi(otherwise));
    install(&filter);
}

static void be_threadless(const char *error)
{
    struct filter filter;

    begin(&filter);
    emit_call(&filter, SYS_clone3, SECCOMP_RET_ERRNO | ENOSYS);
    emit(&filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 3));
    emit_load(&filter, offsetof(struct seccomp_data, args[0])); /* little-endian: its low half */
    emit(&filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 0, 1));
    emit_return(&filter, SECCOMP_RET_ERRNO | (uint32_t)atoi(error));
    emit_return(&filter, SECCOMP_RET_ALLOW);
    install(&filter);
}

static void refuse(const char *text)
{
    struct filter filter;
    char *end;
    unsigned long call = strtoul(text, &end, 10);

    begin(&filter);
    emit_call(&filter, call, SECCOMP_RET_ERRNO | (uint32_t)atoi(*end ? end + 1 : "1"));
    emit_return(&filter, SECCOMP_RET_ALLOW);
    install(&filter);
}

static unsigned long long start_ticks(void)
{
    char text[1024] = "", *field;
    FILE *file = fopen("/proc/self/stat", "re");

    if (file == NULL || fgets(text, sizeof text, file) == NULL) {
        fail("/proc/self/stat");
    }
    fclose(file);
    field = strrchr(text, ')');
    for (int number = 2; field != NULL && number < 22; number++) {
        field = strchr(field + 1, ' ');
    }
    return field != NULL ? strtoull(field + 1, NULL, 10) : 0;
}

static int put_at(const char *kind, const char *path, const char *target)
{
    if (strcmp(kind, "file") == 0) {
        int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

        return file < 0 || write(file, "mine", 4) != 4 ? -1 : close(file);
    }
    if (strcmp(kind, "directory") == 0) {
        return mkdir(path, 0777);
    }
    if (strcmp(kind, "fifo") == 0) {
        return mkfifo(path, 0666);
    }
    return strcmp(kind, "symlink") == 0 ? symlink(target, path) : link(target, path);
}

/* text is KIND:UID. */
static void squat(char *text)
{
    const char *directory = getenv("RUBY_ALLOC_DIR");
    char *user = strchr(text, ':');
    char path[4096], target[4096];
    struct stat namespace;

    if (directory == NULL || user == NULL || stat("/proc/self/ns/pid", &namespace) != 0) {
        fail(text);
    }
    *user++ = '\0';
    snprintf(path, sizeof path, "%s/" RA_REGION_PREFIX "%d.%llu.%llu", directory, (int)getpid(),
             start_ticks(), (unsigned long long)namespace.st_ino);
    snprintf(target, sizeof target, "%s/target", directory);
    if (put_at(text, path, target) != 0 ||
        (geteuid() == 0 && lchown(path, (uid_t)atoi(user), (gid_t)atoi(user)) != 0)) {
        fail(path);
    }
}

static void become_user(const char *text)
{
    unsigned user = (unsigned)atoi(text);

    if (setgroups(0, NULL) != 0 || setgid(user) != 0 || setuid(user) != 0) {
        fail("setuid");
    }
}

static void apply(char *word)
{
    char *argument = strchr(word, ':');

    if (argument == NULL) {
        errno = EINVAL;
        fail(word);
    }
    *argument++ = '\0';
    if (strcmp(word, "container") == 0) {
        be_in_container(argument);
    } else if (strcmp(word, "threadless") == 0) {
        be_threadless(argument);
    } else if (strcmp(word, "refuse") == 0) {
        refuse(argument);
    } else if (strcmp(word, "squat") == 0) {
        squat(argument);
    } else if (strcmp(word, "user") == 0) {
        become_user(argument);
    } else {
        errno = EINVAL;
        fail(word);
    }
}

int main(int argc, char **argv)
{
    int i = 1;

    for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
        apply(argv[i]);
    }
    if (i + 1 < argc) {
        execvp(argv[i + 1], argv + i + 1);
    }
    fail(i + 1 < argc ? argv[i + 1] : "no command");
    return 3;
}
