#include "ending.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>

#include "base.h"
#include "region.h"
#include "regionfile.h"
#include "run.h"
#include "system.h"

RA_EXPORT void _exit(int status) __attribute__((noreturn));
RA_EXPORT void _Exit(int status) __attribute__((noreturn));
RA_EXPORT int raise(int signal);
RA_EXPORT int kill(pid_t process, int signal);

static struct {
    void (*_exit)(int);
    void (*_Exit)(int);
    int (*raise)(int);
    int (*kill)(pid_t, int);
} next;

void ra_ending_init(void)
{
    next._exit = dlsym(RTLD_NEXT, "_exit");
    next._Exit = dlsym(RTLD_NEXT, "_Exit");
    next.raise = dlsym(RTLD_NEXT, "raise");
    next.kill = dlsym(RTLD_NEXT, "kill");
}

static void leave(void)
{
    ra_run_leave();
}

void ra_ending_begin(void)
{
    at_quick_exit(leave);
}

static _Noreturn void end(int status)
{
    for (;;) {
        ra_system(SYS_exit_group, status, 0, 0, 0, 0, 0);
    }
}

void _exit(int status)
{
    leave();
    if (next._exit) {
        next._exit(status);
    }
    end(status);
}

void _Exit(int status)
{
    leave();
    if (next._Exit) {
        next._Exit(status);
    }
    end(status);
}

/* Those by which a process is asked to end. The others say that something went wrong. */
static bool is_orderly(int signal)
{
    switch (signal) {
    case SIGHUP:
    case SIGINT:
    case SIGTERM:
    case SIGALRM:
    case SIGPIPE:
    case SIGUSR1:
    case SIGUSR2:
        return true;
    default:
        return false;
    }
}

/* As the kernel has it; libc's own struct differs. */
struct action {
    uintptr_t handler;
    uint64_t flags, restorer, mask;
};

/*
 * Whether the signal will end the process that sends it to itself: by its default action, not
 * blocked, and not to the first process of a pid namespace, which such signals don't reach.
 */
static bool will_end(int signal)
{
    struct action action = {.handler = 1};
    uint64_t blocked = UINT64_MAX;

    return is_orderly(signal) && ra_regionfile_exists() && ra_image.header.pid != 1 &&
           ra_system(SYS_rt_sigaction, signal, 0, (long)&action, sizeof blocked, 0, 0) == 0 &&
           action.handler == (uintptr_t)SIG_DFL &&
           ra_system(SYS_rt_sigprocmask, SIG_BLOCK, 0, (long)&blocked, sizeof blocked, 0, 0) == 0 &&
           (blocked >> (signal - 1) & 1) == 0;
}

/* A Ruby that is told to end by a signal cleans up, and then sends it to itself. */
int raise(int signal)
{
    bool left = will_end(signal) && ra_run_leave();
    int result = next.raise ? next.raise(signal)
                            : ra_system_as_libc(ra_system(SYS_tgkill, ra_system_pid(),
                                                          ra_system_thread(), signal, 0, 0, 0));

    ra_region_come_back(left);
    return result;
}

int kill(pid_t process, int signal)
{
    bool left = process > 0 && process == ra_system_pid() && will_end(signal) && ra_run_leave();
    int result = next.kill ? next.kill(process, signal)
                           : ra_system_as_libc(ra_system(SYS_kill, process, signal, 0, 0, 0, 0));

    ra_region_come_back(left);
    return result;
}
