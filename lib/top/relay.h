/*
 * Signals while a command runs. They are read from a descriptor, so none is lost and no
 * handler is set: what was ignored stays ignored, here and in the command.
 *
 * The command is in our process group. What the whole group gets (^C at the terminal,
 * `kill -TERM -PGID`) it has got itself, and must not get twice; what was sent to us alone
 * is meant for it and passed on. A witness tells one from the other: a child in the same
 * group that blocks all signals and, asked, says whether it got this one as well.
 *
 * So with stopping (^Z): where the group is stopped we stop as well, after which the shell
 * has us all continued; a server's own use of such a signal reaches it alone.
 */
#ifndef RA_TOP_RELAY_H
#define RA_TOP_RELAY_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

struct ra_relay {
    int signals;        /* readable when one has come; -1: none */
    sigset_t before;    /* the signal mask at the start, which the command gets */
    bool ignored_child; /* SIGCHLD was ignored at the start, and is to be in the command */
    pid_t witness;      /* 0: none could be had */
    int channel;        /* to it */
};

/* Whether we ignore a signal, as under nohup. */
bool ra_relay_is_ignored(int number);

/* Begin. Returns 0; or -1 and errno. One relay at a time, in a program of one thread. */
int ra_relay_start(struct ra_relay *relay);

/*
 * Read the signals that have come; pass on to command what it is to get. Returns whether
 * a child has changed state.
 */
bool ra_relay_read(struct ra_relay *relay, pid_t command);

/* In the forked child: set signals as they were before ra_relay_start. */
void ra_relay_restore(const struct ra_relay *relay);

/* End the witness; signals are for us again. */
void ra_relay_stop(struct ra_relay *relay);

#endif
