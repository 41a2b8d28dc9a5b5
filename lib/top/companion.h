/*
 * The screen beside a running command (--top), as a process of its own: on the terminal
 * that we were started from, which the command must not use for itself.
 */
#ifndef RA_TOP_COMPANION_H
#define RA_TOP_COMPANION_H

#include <stdbool.h>
#include <sys/types.h>

#include "top/options.h"
#include "top/relay.h"

struct ra_companion {
    int terminal; /* -1: none is wanted */
    pid_t pid;    /* 0: not started yet */
};

/* Open the terminal, where options want a screen. Returns false, the message being printed. */
bool ra_companion_prepare(struct ra_companion *companion, const struct ra_options *options);

/* Show process shown, once. The user may quit the screen; the command goes on. */
void ra_companion_start(struct ra_companion *companion, const struct ra_options *options,
                        pid_t shown, const struct ra_relay *relay);

/* End the screen, which leaves the terminal as it found it. */
void ra_companion_stop(struct ra_companion *companion);

#endif
