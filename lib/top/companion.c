/*
 * The screen beside a running command.
 */
#include "top/companion.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "top/output.h"
#include "top/screen.h"

bool ra_companion_prepare(struct ra_companion *companion, const struct ra_options *options)
{
    *companion = (struct ra_companion){.terminal = -1};
    if (!options->top) {
        return true;
    }
    if (isatty(STDIN_FILENO) || isatty(STDOUT_FILENO)) {
        ra_output_message("--top needs the terminal for itself: redirect the command's standard "
                          "input and output, as by </dev/null >out");
        return false;
    }
    companion->terminal = open("/dev/tty", O_RDWR | O_CLOEXEC);
    if (companion->terminal < 0) {
        ra_output_message("--top needs a terminal, and there is none: %s", strerror(errno));
    }
    return companion->terminal >= 0;
}

static void show(const struct ra_companion *companion, const struct ra_options *options,
                 pid_t shown, const struct ra_relay *relay)
{
    struct ra_options of_screen = *options;

    prctl(PR_SET_PDEATHSIG, SIGTERM);
    ra_relay_restore(relay);
    dup2(companion->terminal, STDIN_FILENO);
    dup2(companion->terminal, STDOUT_FILENO);
    of_screen.pid = shown;
    if (!ra_screen_usable()) {
        ra_output_message("this terminal can't show a screen; the command goes on");
        _exit(0);
    }
    _exit(ra_screen_run(&of_screen));
}

void ra_companion_start(struct ra_companion *companion, const struct ra_options *options,
                        pid_t shown, const struct ra_relay *relay)
{
    if (companion->terminal < 0 || companion->pid != 0 || shown == 0) {
        return;
    }
    companion->pid = fork();
    if (companion->pid == 0) {
        show(companion, options, shown, relay);
    }
}

void ra_companion_stop(struct ra_companion *companion)
{
    if (companion->pid > 0) {
        kill(companion->pid, SIGTERM);
        waitpid(companion->pid, NULL, 0);
        companion->pid = 0;
    }
    if (companion->terminal >= 0) {
        close(companion->terminal);
        companion->terminal = -1;
    }
}
