/*
 * The guard of the terminal: brings it back to what it was, whichever signal ends the
 * program. And the signals by which a screen ends, sleeps and wakes.
 */
#ifndef RA_TOP_GUARD_H
#define RA_TOP_GUARD_H

#include <signal.h>
#include <stdbool.h>

/*
 * Catch and block what ends, stops or wakes the program, from here on; waiting is the mask
 * to wait for input with, in which they are let through.
 */
void ra_guard_signals(sigset_t *waiting);

/* Note how the terminal is, once, before curses changes it. */
void ra_guard_note(void);

/*
 * Watch out for all other signals that would end the program, once curses knows the
 * terminal: it is restored, and then they do. Those that were ignored stay so.
 */
void ra_guard_deaths(void);

/* A signal has asked for the end; for sleep, or to go on after one, once for each time. */
bool ra_guard_must_end(void);
bool ra_guard_must_sleep(void);
bool ra_guard_was_woken(void);

/* The terminal is ours to change: no shell has put us in the background. */
bool ra_guard_has_terminal(void);

/*
 * Stop by number, as the shell expects it: SIGTSTP, or SIGTTOU for want of the terminal.
 * Returns when woken, true; false at once if the system doesn't stop us, as it does not
 * where nobody could wake us.
 */
bool ra_guard_sleep(int number);

/* Take the screen off a terminal that isn't ours any more; how it reads keys is left alone. */
void ra_guard_leave(void);

#endif
