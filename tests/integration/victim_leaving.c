/*
 * Ends in the way named: victim_leaving WAY
 *
 *   exit, _exit, _Exit, quick_exit, raise, kill   as the call of that name, by SIGTERM
 *   execve, execv, execvp, execvpe, execl, execlp, execle, fexecve, execveat
 *             becomes a shell without our library that says how many words it was given
 *   daemon    its child goes on and ends by _exit
 *   vforks    children by vfork that become another program or don't; steps; _exit
 *   refused   exec of what can't be run, in each way; says how that failed; steps; goes on, with
 *             threads; _exit
 *   survives  sends itself signals that it blocks, ignores and handles; steps; _exit
 *   late      the same as exit, with victim_late.so loaded
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "victim_common.h"

enum { THREADS = 6, WORDS = 44 };

static const char shell[] = "/bin/sh", script[] = "echo $#; exit 5";
static char *no_environment[] = {NULL};

#define EIGHT "1", "2", "3", "4", "5", "6", "7", "8"
#define FORTY EIGHT, EIGHT, EIGHT, EIGHT, EIGHT

static char *words[WORDS + 1] = {(char *)"sh", (char *)"-c", (char *)script, (char *)"sh"};

static void *stay(void *barrier)
{
    free(make_object(40));
    pthread_barrier_wait(barrier);
    return NULL;
}

static void run_threads(void)
{
    pthread_t threads[THREADS];
    pthread_barrier_t barrier;

    pthread_barrier_init(&barrier, NULL, THREADS);
    for (int i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, stay, &barrier) != 0) {
            stop_with("pthread_create");
        }
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
}

static void become(const char *way)
{
    const char *first = "sh", *option = "-c";

    unsetenv("LD_PRELOAD");
    for (int i = 4; i < WORDS; i++) {
        words[i] = (char *)"word";
    }
    if (strcmp(way, "execve") == 0) {
        execve(shell, words, no_environment);
    } else if (strcmp(way, "execv") == 0) {
        execv(shell, words);
    } else if (strcmp(way, "execvp") == 0) {
        execvp("sh", words);
    } else if (strcmp(way, "execvpe") == 0) {
        execvpe("sh", words, no_environment);
    } else if (strcmp(way, "execl") == 0) {
        execl(shell, first, option, script, first, FORTY, (char *)NULL);
    } else if (strcmp(way, "execlp") == 0) {
        execlp("sh", first, option, script, first, "1", (char *)NULL);
    } else if (strcmp(way, "execle") == 0) {
        execle(shell, first, option, script, first, FORTY, (char *)NULL, no_environment);
    } else if (strcmp(way, "fexecve") == 0) {
        fexecve(open(shell, O_RDONLY | O_CLOEXEC), words, no_environment);
    } else {
        execveat(AT_FDCWD, shell, words, no_environment, 0);
    }
    stop_with(way);
}

static void show(const char *what, int status)
{
    printf("%s: wait status %#x\n", what, (unsigned)status);
    fflush(stdout);
}

static void vforks(void)
{
    static int turn; /* a child by vfork shares it */

    for (; turn < 20; turn++) {
        int status = 0;
        pid_t child = vfork();

        if (child == 0) {
            switch (turn % 4) {
            case 0:
                _exit(3);
            case 1:
                execl("/no/such/program", "no", (char *)NULL);
                _exit(4);
            case 2:
                execl("/", "no", (char *)NULL);
                raise(SIGTERM);
                _exit(5);
            default:
                execl(shell, "sh", "-c", script, (char *)NULL);
                _exit(6);
            }
        }
        waitpid(child, &status, 0);
        show("vfork", status);
    }
    pause_for_test();
    _exit(7);
}

static void say_refused(const char *call, int result)
{
    printf("%s: %d, %s\n", call, result, strerror(errno));
    fflush(stdout);
}

static void refused(void)
{
    char *none[] = {NULL};

    say_refused("execve of a directory", execve("/", words, none));
    say_refused("execv of nothing", execv("/no/such/program", words));
    say_refused("execvp of nothing", execvp("no-such-program", words));
    say_refused("execl of a directory", execl("/", "no", (char *)NULL));
    say_refused("execlp of a directory", execlp("/", "no", FORTY, (char *)NULL));
    say_refused("fexecve of a directory", fexecve(open("/", O_RDONLY | O_CLOEXEC), words, none));
    pause_for_test();
    run_threads();
    pause_for_test();
    _exit(7);
}

static void handle(int signal)
{
    (void)signal;
}

static void survives(void)
{
    sigset_t term;

    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, NULL);
    raise(SIGTERM);
    kill(getpid(), SIGTERM);
    signal(SIGHUP, SIG_IGN);
    raise(SIGHUP);
    signal(SIGUSR1, handle);
    raise(SIGUSR1);
    kill(getpid(), SIGUSR1);
    raise(SIGCHLD); /* ignored by default */
    kill(getpid(), 0);
    pause_for_test();
    _exit(7);
}

static void end_by(const char *way)
{
    if (strcmp(way, "exit") == 0) {
        exit(7);
    } else if (strcmp(way, "_exit") == 0) {
        _exit(7);
    } else if (strcmp(way, "_Exit") == 0) {
        _Exit(7);
    } else if (strcmp(way, "quick_exit") == 0) {
        quick_exit(7);
    } else if (strcmp(way, "raise") == 0) {
        raise(SIGTERM);
    } else if (strcmp(way, "kill") == 0) {
        kill(getpid(), SIGTERM);
    }
}

int main(int argc, char **argv)
{
    const char *way = argc > 1 ? argv[1] : "";

    free(make_object(40));
    if (strcmp(way, "vforks") == 0) {
        vforks();
    } else if (strcmp(way, "refused") == 0) {
        refused();
    } else if (strcmp(way, "survives") == 0) {
        survives();
    } else if (strcmp(way, "daemon") == 0) {
        if (daemon(1, 1) != 0) {
            stop_with(way);
        }
        pause_for_test();
        _exit(7);
    } else if (strcmp(way, "late") == 0) {
        return dlopen(getenv("VICTIM_LATE"), RTLD_NOW) != NULL ? 7 : 9;
    }
    end_by(way);
    become(way);
    return 6;
}
