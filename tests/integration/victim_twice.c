/*
 * A forked child in whose eighth allocation, which brings the helper thread, a signal arrives
 * whose handler forks: at the first (1), second (2), ... time that signals are about to be
 * blocked. Prints how many threads the child of the handler has in the end.
 *
 *   victim_twice TIME
 */
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BEFORE_HELPER = 7, MORE = 30 };

static volatile int times_left; /* a compiler knows what malloc leaves alone */
static volatile pid_t child = -1;

static void fork_now(int unused)
{
    (void)unused;
    child = fork();
}

/* In libc's place. */
int pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
    sigset_t now;

    syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &now, _NSIG / 8);
    if (!sigismember(&now, SIGUSR1) && times_left > 0 && --times_left == 0) {
        raise(SIGUSR1);
    }
    return (int)syscall(SYS_rt_sigprocmask, how, set, old, _NSIG / 8);
}

static void make_objects(int count)
{
    for (int i = 0; i < count; i++) {
        *(void *volatile *)malloc(40) = NULL;
    }
}

static int count_threads(void)
{
    DIR *tasks = opendir("/proc/self/task");
    int count = 0;

    for (const struct dirent *entry; (entry = readdir(tasks)) != NULL;) {
        count += entry->d_name[0] != '.';
    }
    closedir(tasks);
    return count;
}

int main(int argc, char **argv)
{
    signal(SIGUSR1, fork_now);
    if (fork() != 0) {
        wait(NULL);
        return 0;
    }
    make_objects(BEFORE_HELPER);
    times_left = argc > 1 ? atoi(argv[1]) : 0;
    make_objects(1);
    times_left = 0;
    make_objects(MORE);
    if (child == 0) {
        printf("%d threads\n", count_threads());
    } else if (child > 0) {
        wait(NULL);
    } else {
        puts("no signal");
    }
    exit(0);
}
