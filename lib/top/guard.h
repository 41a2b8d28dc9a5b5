/*
 * The guard of the terminal: brings it back to what it was, should the program crash. And
 * the signals by which a screen ends or sleeps.
 */
#ifndef RA_TOP_GUARD_H
#define RA_TOP_GUARD_H

#include <signal.h>
#include <stdbool.h>

/*
 * Catch and block what ends or stops the program, from here on; waiting is the mask to wait
 * for input with, in which they are let through.
 */
void ra_guard_signals(sigset_t *waiting);

/* Note how the terminal is, once, before curses changes it. */
void ra_guard_note(void);

/* Watch out for crashes, once curses knows the terminal. */
void ra_guard_crashes(void);

/* A signal has asked for the end; for sleep, once for each time. */
bool ra_guard_must_end(void);
bool ra_guard_must_sleep(void);

/* Sleep as the shell expects it of a stopped program; returns when it is woken. */
void ra_guard_sleep(void);

#endif
