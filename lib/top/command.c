/*
 * -- COMMAND: runs it under the library, and shows where the memory of its processes went
 * when it has ended. Order at the end: the last look at the regions, then the directory
 * goes, then the report is printed; so nothing is left behind by an interrupted report.
 */
#include "top/run.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "top/clock.h"
#include "top/command_report.h"
#include "top/companion.h"
#include "top/family.h"
#include "top/launch.h"
#include "top/library.h"
#include "top/outlet.h"
#include "top/output.h"
#include "top/relay.h"
#include "top/rundir.h"

static const double last_moment = 0.3;

enum { LAST_PAUSE_MS = 5 };

struct command {
    const struct ra_options *options;
    char library[PATH_MAX];
    int output; /* descriptor for the report */
    struct ra_rundir directory;
    struct ra_relay relay;
    struct ra_companion companion;
    struct ra_family *family;
    pid_t pid;
    struct ra_ending ending;
};

/* Before anything is run, so that a mistake costs no run. Returns whether all is there. */
static bool prepare(struct command *command)
{
    const char *file = command->options->output;
    struct ra_failure why;

    if (!ra_companion_prepare(&command->companion, command->options)) {
        return false;
    }
    if (ra_library_find(command->library, sizeof command->library) != 0) {
        ra_output_message("%s", command->library);
        return false;
    }
    command->output = file ? STDOUT_FILENO : STDERR_FILENO;
    if (file && strcmp(file, "-") != 0) {
        command->output = ra_outlet_open_path(file, O_WRONLY | O_TRUNC, &why);
    }
    if (command->output < 0) {
        ra_output_message("can't write to %s: %s", file, why.message);
        return false;
    }
    if (ra_rundir_make(&command->directory) != 0) {
        ra_output_message("can't make a directory for regions, such as %s: %s",
                          command->directory.path, strerror(errno));
        return false;
    }
    command->family = ra_family_new(command->directory.fd, command->options->delay);
    if (!command->family || ra_relay_start(&command->relay) != 0) {
        ra_output_message("can't prepare for a command: %s", strerror(errno));
        return false;
    }
    return true;
}

/* Returns 0; or the exit status, the message being printed. */
static int launch(struct command *command)
{
    const struct ra_launch launch = {
        .command = command->options->command,
        .library = command->library,
        .directory = command->directory.path,
        .ignores_sigpipe = command->options->ignores_sigpipe,
        .relay = &command->relay,
    };

    command->ending.seconds = ra_clock_seconds();
    command->pid = ra_launch_command(&launch);
    if (command->pid >= 0) {
        return 0;
    }
    ra_output_message("can't run '%s': %s", launch.command[0], strerror(errno));
    return errno == ENOENT ? RA_EXIT_NOT_FOUND : RA_EXIT_NOT_RUN;
}

/* Until the command has ended; its children may outlive it. */
static void follow(struct command *command)
{
    struct pollfd events[] = {
        {.fd = command->relay.signals, .events = POLLIN},
        {.fd = ra_family_fd(command->family), .events = POLLIN},
    };
    struct rusage usage;
    pid_t ended = 0;

    while (ended != command->pid) {
        poll(events, sizeof events / sizeof *events, ra_family_wait_ms(command->family));
        if (ra_relay_read(&command->relay, command->pid)) {
            ended = wait4(command->pid, &command->ending.status, WNOHANG, &usage);
        }
        ra_family_tend(command->family);
        ra_companion_start(&command->companion, command->options, ra_family_first(command->family),
                           &command->relay);
    }
    ra_companion_stop(&command->companion);
    command->ending.seconds = ra_clock_seconds() - command->ending.seconds;
    command->ending.peak_rss = (int64_t)usage.ru_maxrss * 1024;
}

/*
 * Some processes end together with the command, and one that was forked just before may not
 * have made its region yet.
 */
static void wait_for_the_last(struct command *command)
{
    double end = ra_clock_seconds() + last_moment;

    ra_family_tend(command->family);
    while (ra_clock_seconds() < end &&
           (!ra_family_is_gone(command->family) || ra_rundir_is_in_use(&command->directory))) {
        poll(NULL, 0, LAST_PAUSE_MS);
        ra_family_tend(command->family);
    }
}

/* The last look. What lives on is told to remove its region itself when it ends. */
static void gather(struct command *command)
{
    struct ra_ending *ending = &command->ending;

    wait_for_the_last(command);
    ra_rundir_unwatch(&command->directory);
    ending->living = ra_family_conclude(command->family, &ending->missed);
    ra_rundir_close(&command->directory);
}

static int exit_status(const struct ra_ending *ending, enum ra_output output)
{
    int status = WIFSIGNALED(ending->status) ? RA_EXIT_SIGNAL + WTERMSIG(ending->status)
                                             : WEXITSTATUS(ending->status);

    return status == 0 && output == RA_OUTPUT_FAILED ? RA_EXIT_OURS : status;
}

int ra_run_command(const struct ra_options *options)
{
    struct command command = {
        .options = options,
        .output = -1,
        .companion = {.terminal = -1},
        .directory = {.fd = -1, .watch = -1},
        .relay = {.signals = -1, .channel = -1},
    };
    int status = RA_EXIT_OURS;

    if (prepare(&command)) {
        status = launch(&command);
    }
    if (command.pid > 0) {
        follow(&command);
        gather(&command);
    } else if (command.directory.fd >= 0) {
        ra_rundir_unwatch(&command.directory);
        ra_rundir_close(&command.directory);
    }
    ra_relay_stop(&command.relay);
    if (command.pid > 0) {
        status = exit_status(&command.ending, ra_command_report(options, command.family,
                                                                &command.ending, command.output));
    }
    ra_family_free(command.family);
    return status;
}
