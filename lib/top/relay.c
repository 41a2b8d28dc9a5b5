/*
 * Signals while a command runs.
 */
#include "top/relay.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the kernel alone decides, or raises for what this program itself has done. */
static const int own[] = {SIGKILL, SIGSTOP, SIGCHLD, SIGPIPE, SIGSEGV, SIGBUS,    SIGILL, SIGFPE,
                          SIGTRAP, SIGSYS,  SIGABRT, SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF};

enum { ANSWER_MS = 1000 }; /* a process switch; more on a loaded machine */

/*
 * Whoever looks for ruby_alloc_top by name means the program and not this helper: a signal
 * that only those two got would look like one to the group.
 */
static void hide_name(void)
{
    char line[4096];
    FILE *file = fopen("/proc/self/cmdline", "re");
    size_t length = file ? fread(line, 1, sizeof line, file) : 0;

    prctl(PR_SET_NAME, "ra_witness");
    if (file) {
        fclose(file);
    }
    memset(program_invocation_name, 0, length);
}

/* Answers each signal's number with 1 or 0, until the other end is closed. */
static void bear_witness(int channel)
{
    unsigned char number;

    while (read(channel, &number, 1) == 1) {
        const struct timespec now = {0};
        sigset_t set;
        char was_here;

        sigemptyset(&set);
        sigaddset(&set, number);
        was_here = sigtimedwait(&set, NULL, &now) == number;
        if (write(channel, &was_here, 1) != 1) {
            break;
        }
    }
    _exit(0);
}

/* Signals are blocked already. It holds nothing open, so that pipes end with the command. */
static void start_witness(struct ra_relay *relay)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        return;
    }
    relay->witness = fork();
    if (relay->witness == 0) {
        hide_name();
        dup2(pair[1], STDIN_FILENO);
        syscall(SYS_close_range, STDIN_FILENO + 1, ~0u, 0);
        bear_witness(STDIN_FILENO);
    }
    close(pair[1]);
    if (relay->witness > 0) {
        relay->channel = pair[0];
    } else {
        close(pair[0]);
        relay->witness = 0;
    }
}

bool ra_relay_is_ignored(int number)
{
    struct sigaction action;

    return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static bool is_passed_on(int number)
{
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        if (own[i] == number) {
            return false;
        }
    }
    return !ra_relay_is_ignored(number);
}

int ra_relay_start(struct ra_relay *relay)
{
    sigset_t all, read;

    *relay = (struct ra_relay){.signals = -1, .channel = -1};
    sigemptyset(&read);
    sigaddset(&read, SIGCHLD);
    for (int number = 1; number <= SIGRTMAX; number++) {
        if (is_passed_on(number)) {
            sigaddset(&read, number);
        }
    }
    relay->ignored_child = ra_relay_is_ignored(SIGCHLD);
    signal(SIGCHLD, SIG_DFL); /* or the command's status would be thrown away */
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &relay->before);
    start_witness(relay);
    sigprocmask(SIG_SETMASK, &relay->before, NULL);
    sigprocmask(SIG_BLOCK, &read, NULL);
    relay->signals = signalfd(-1, &read, SFD_CLOEXEC | SFD_NONBLOCK);
    if (relay->signals < 0) {
        int error = errno;

        ra_relay_stop(relay);
        errno = error;
        return -1;
    }
    return 0;
}

/* Whether the whole process group got it. Without an answer only the kernel's own are taken so. */
static bool is_for_group(struct ra_relay *relay, const struct signalfd_siginfo *info)
{
    unsigned char number = (unsigned char)info->ssi_signo;
    struct pollfd answer = {.fd = relay->channel, .events = POLLIN};
    char was_there;

    if (relay->witness != 0 && send(relay->channel, &number, 1, MSG_NOSIGNAL) == 1 &&
        poll(&answer, 1, ANSWER_MS) == 1 && read(relay->channel, &was_there, 1) == 1) {
        return was_there;
    }
    if (relay->witness != 0) {
        close(relay->channel); /* an answer that comes late would be taken for the next one's */
        relay->channel = -1;
        relay->witness = 0;
    }
    return info->ssi_code == SI_KERNEL;
}

/* Do what the signal does by itself: stop with the group, unless nobody could continue it. */
static void stop_too(int number)
{
    sigset_t one;

    sigemptyset(&one);
    sigaddset(&one, number);
    raise(number);
    sigprocmask(SIG_UNBLOCK, &one, NULL);
    sigprocmask(SIG_BLOCK, &one, NULL);
}

static bool is_stop(int number)
{
    return number == SIGTSTP || number == SIGTTIN || number == SIGTTOU;
}

bool ra_relay_read(struct ra_relay *relay, pid_t command)
{
    struct signalfd_siginfo info;
    bool child = false;

    while (read(relay->signals, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGCHLD) {
            child = true;
        } else if (!is_for_group(relay, &info)) {
            kill(command, (int)info.ssi_signo);
        } else if (is_stop((int)info.ssi_signo)) {
            stop_too((int)info.ssi_signo);
        }
    }
    return child;
}

void ra_relay_restore(const struct ra_relay *relay)
{
    if (relay->ignored_child) {
        signal(SIGCHLD, SIG_IGN);
    }
    sigprocmask(SIG_SETMASK, &relay->before, NULL);
}

void ra_relay_stop(struct ra_relay *relay)
{
    if (relay->channel >= 0) {
        close(relay->channel);
    }
    if (relay->witness > 0) {
        waitpid(relay->witness, NULL, 0);
    }
    if (relay->signals >= 0) {
        close(relay->signals);
    }
    *relay = (struct ra_relay){.signals = -1, .channel = -1, .before = relay->before};
    sigprocmask(SIG_SETMASK, &relay->before, NULL);
}
