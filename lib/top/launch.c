/*
 * Starting a command under the library.
 */
#include "top/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* First in the list, so that another preloaded allocator doesn't keep the calls from us. */
static bool preload(const char *library)
{
    const char *before = getenv("LD_PRELOAD");
    char *list = NULL;
    bool done;

    if (!before || !*before) {
        return setenv("LD_PRELOAD", library, 1) == 0;
    }
    done = asprintf(&list, "%s:%s", library, before) >= 0 && setenv("LD_PRELOAD", list, 1) == 0;
    free(list);
    return done;
}

/* Returns only if that fails, with errno. */
static void become(const struct ra_launch *launch)
{
    signal(SIGPIPE, launch->ignores_sigpipe ? SIG_IGN : SIG_DFL);
    ra_relay_restore(launch->relay);
    if (preload(launch->library) && setenv("RUBY_ALLOC_DIR", launch->directory, 1) == 0) {
        execvp(launch->command[0], launch->command);
    }
}

pid_t ra_launch_command(const struct ra_launch *launch)
{
    int channel[2], error = 0;
    ssize_t got;
    pid_t pid;

    /* Closed by exec itself; what comes through it instead is why there was none. */
    if (pipe2(channel, O_CLOEXEC) != 0) {
        return -1;
    }
    pid = fork();
    if (pid == 0) {
        become(launch);
        error = errno;
        if (write(channel[1], &error, sizeof error) != sizeof error) {
            abort();
        }
        _exit(RA_EXIT_NOT_RUN);
    }
    error = pid < 0 ? errno : 0;
    close(channel[1]);
    do {
        got = pid < 0 ? 0 : read(channel[0], &error, sizeof error);
    } while (got < 0 && errno == EINTR);
    close(channel[0]);
    if (got > 0) {
        waitpid(pid, NULL, 0);
    }
    errno = error;
    return error == 0 ? pid : -1;
}
