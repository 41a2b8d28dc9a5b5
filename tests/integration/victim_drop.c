/*
 * A root process whose workers drop privileges: victim_drop USER
 *
 * For each way there is to become USER it forks a worker, which makes ten objects before
 * and five after, and prints "WAY PID". The workers end normally at the end of stdin, and then
 * the process itself does.
 */
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OBJECT_BYTES = 7000001, BEFORE = 10, AFTER = 5 };

static void *objects[BEFORE + AFTER];

static int by_setuid(uid_t user)
{
    return setuid(user);
}

static int by_setreuid(uid_t user)
{
    return setreuid(user, user);
}

static int by_setresuid(uid_t user)
{
    return setresuid(user, user, user);
}

/* As daemons do that need root again in between. */
static int by_seteuid_first(uid_t user)
{
    return seteuid(user) != 0 || seteuid(0) != 0 ? -1 : setuid(user);
}

/* For a while only: root again is where it ends. */
static int by_seteuid_and_back(uid_t user)
{
    return seteuid(user) != 0 ? -1 : seteuid(0);
}

static const struct way {
    const char *name;
    int (*drop)(uid_t user);
} ways[] = {{"setuid", by_setuid},
            {"setreuid", by_setreuid},
            {"setresuid", by_setresuid},
            {"seteuid_first", by_seteuid_first},
            {"seteuid_and_back", by_seteuid_and_back}};

static void make(size_t first, size_t count)
{
    for (size_t i = first; i < first + count; i++) {
        objects[i] = malloc(OBJECT_BYTES);
    }
}

static void work(const struct way *way, uid_t user)
{
    char byte;

    make(0, BEFORE);
    if (setgroups(0, NULL) != 0 || setegid((gid_t)user) != 0 || way->drop(user) != 0) {
        fprintf(stderr, "victim_drop: %s: %s\n", way->name, strerror(errno));
        exit(1);
    }
    make(BEFORE, AFTER);
    dprintf(STDOUT_FILENO, "%s %d\n", way->name, (int)getpid());
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
    exit(0);
}

int main(int argc, char **argv)
{
    int failed = 0, status;

    for (size_t i = 0; argc > 1 && i < sizeof ways / sizeof ways[0]; i++) {
        if (fork() == 0) {
            work(&ways[i], (uid_t)atoi(argv[1]));
        }
    }
    while (wait(&status) > 0) {
        failed |= status;
    }
    return failed != 0;
}
