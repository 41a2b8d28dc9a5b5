/*
 * The guard of the terminal. Handlers but set flags, or write what was prepared before.
 *
 * Apart from the rest, as term.h takes names like lines and columns for itself.
 */
#include "top/guard.h"

#include <curses.h>
#include <stddef.h>
#include <string.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

enum { STACK_BYTES = 64 << 10 };

static volatile sig_atomic_t end_signal, sleep_signal;

static struct termios found;
static bool is_noted;
static char farewell[256]; /* what ends a screen */
static size_t farewell_bytes;
static char stack[STACK_BYTES]; /* a crash may be that of the other one */

static void on_end(int number)
{
    end_signal = number;
}

static void on_sleep(int number)
{
    sleep_signal = number;
}

void ra_guard_signals(sigset_t *waiting)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction end = {.sa_handler = on_end}, sleep = {.sa_handler = on_sleep};
    sigset_t blocked;

    sigemptyset(&blocked);
    sigaddset(&blocked, SIGWINCH); /* curses handles it */
    sigaddset(&blocked, SIGTSTP);
    sigaction(SIGTSTP, &sleep, NULL);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        sigaction(numbers[i], &end, NULL);
        sigaddset(&blocked, numbers[i]);
    }
    sigprocmask(SIG_BLOCK, &blocked, waiting);
    sigdelset(waiting, SIGWINCH);
    sigdelset(waiting, SIGTSTP);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        sigdelset(waiting, numbers[i]);
    }
}

bool ra_guard_must_end(void)
{
    return end_signal != 0;
}

bool ra_guard_must_sleep(void)
{
    bool must = sleep_signal != 0;

    sleep_signal = 0;
    return must;
}

void ra_guard_sleep(void)
{
    struct sigaction before, stop = {.sa_handler = SIG_DFL};
    sigset_t stopping;

    sigemptyset(&stopping);
    sigaddset(&stopping, SIGTSTP);
    sigaction(SIGTSTP, &stop, &before);
    raise(SIGTSTP);
    sigprocmask(SIG_UNBLOCK, &stopping, NULL);
    sigprocmask(SIG_BLOCK, &stopping, NULL);
    sigaction(SIGTSTP, &before, NULL);
}

void ra_guard_note(void)
{
    is_noted = tcgetattr(STDIN_FILENO, &found) == 0;
}

/* The handler was for once: the second time ends the program as if there had been none. */
static void on_crash(int number)
{
    ssize_t written = write(STDOUT_FILENO, farewell, farewell_bytes);

    (void)written;
    if (is_noted) {
        tcsetattr(STDIN_FILENO, TCSANOW, &found);
    }
    raise(number);
}

/* Without the pauses that terminfo asks for of terminals of old. */
static void add_farewell(const char *text)
{
    while (text && *text && farewell_bytes + 1 < sizeof farewell) {
        const char *end = text[0] == '$' && text[1] == '<' ? strchr(text, '>') : NULL;

        if (end) {
            text = end + 1;
        } else {
            farewell[farewell_bytes++] = *text++;
        }
    }
}

void ra_guard_crashes(void)
{
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
    struct sigaction crash = {.sa_handler = on_crash, .sa_flags = (int)(SA_RESETHAND | SA_ONSTACK)};
    stack_t aside = {.ss_sp = stack, .ss_size = sizeof stack};

    if (key_mouse) {
        add_farewell("\033[?1000l\033[?1006l");
    }
    add_farewell(keypad_local);
    add_farewell(exit_attribute_mode);
    add_farewell(orig_pair);
    add_farewell(exit_ca_mode);
    add_farewell(cursor_normal);
    sigaltstack(&aside, NULL);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        sigaction(numbers[i], &crash, NULL);
    }
}
