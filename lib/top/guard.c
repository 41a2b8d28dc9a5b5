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

static volatile sig_atomic_t end_signal, sleep_signal, wake_signal;

static sigset_t let_through; /* while waiting */
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

static void on_wake(int number)
{
    wake_signal = number;
}

void ra_guard_signals(sigset_t *waiting)
{
    static const struct {
        int number;
        void (*handler)(int number);
    } signals[] = {{SIGINT, on_end},
                   {SIGTERM, on_end},
                   {SIGHUP, on_end},
                   {SIGTSTP, on_sleep},
                   {SIGCONT, on_wake}};
    const size_t count = sizeof signals / sizeof *signals;
    sigset_t blocked;

    sigemptyset(&blocked);
    sigaddset(&blocked, SIGWINCH); /* curses handles it */
    for (size_t i = 0; i < count; i++) {
        struct sigaction action = {.sa_handler = signals[i].handler};

        sigaction(signals[i].number, &action, NULL);
        sigaddset(&blocked, signals[i].number);
    }
    sigprocmask(SIG_BLOCK, &blocked, &let_through);
    sigdelset(&let_through, SIGWINCH);
    for (size_t i = 0; i < count; i++) {
        sigdelset(&let_through, signals[i].number);
    }
    *waiting = let_through;
}

bool ra_guard_must_end(void)
{
    return end_signal != 0;
}

static bool take(volatile sig_atomic_t *flag)
{
    bool is_set = *flag != 0;

    *flag = 0;
    return is_set;
}

bool ra_guard_must_sleep(void)
{
    return take(&sleep_signal);
}

bool ra_guard_was_woken(void)
{
    return take(&wake_signal);
}

/* Without job control there is no answer, and nobody else to whom it could belong. */
bool ra_guard_has_terminal(void)
{
    pid_t foreground = tcgetpgrp(STDIN_FILENO);

    return foreground < 0 || foreground == getpgrp();
}

bool ra_guard_sleep(int number)
{
    struct sigaction before, stop = {.sa_handler = SIG_DFL};
    sigset_t blocked;

    sigaction(number, &stop, &before);
    sigprocmask(SIG_SETMASK, &let_through, &blocked);
    wake_signal = 0;
    raise(number);
    sigprocmask(SIG_SETMASK, &blocked, NULL);
    sigaction(number, &before, NULL);
    return ra_guard_was_woken();
}

void ra_guard_note(void)
{
    is_noted = tcgetattr(STDIN_FILENO, &found) == 0;
}

/* Asleep, curses has left the terminal already. */
void ra_guard_leave(void)
{
    if (!isendwin()) {
        ssize_t written = write(STDOUT_FILENO, farewell, farewell_bytes);

        (void)written;
    }
}

/* The handler was for once: the second time ends the program as if there had been none. */
static void on_death(int number)
{
    ra_guard_leave();
    if (is_noted && ra_guard_has_terminal()) {
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

/* Those that by default do not end a program, or can't be caught. */
static bool is_harmless(int number)
{
    static const int harmless[] = {SIGKILL, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU,
                                   SIGCHLD, SIGCONT, SIGURG,  SIGWINCH};

    for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++) {
        if (harmless[i] == number) {
            return true;
        }
    }
    return false;
}

/* The C library keeps a few of the numbers for itself, and refuses them. */
static void catch_deaths(void)
{
    struct sigaction death = {.sa_handler = on_death, .sa_flags = (int)(SA_RESETHAND | SA_ONSTACK)};

    sigfillset(&death.sa_mask);
    for (int number = 1; number <= SIGRTMAX; number++) {
        struct sigaction now;

        if (!is_harmless(number) && sigaction(number, NULL, &now) == 0 &&
            now.sa_handler == SIG_DFL) {
            sigaction(number, &death, NULL);
        }
    }
}

void ra_guard_deaths(void)
{
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
    catch_deaths();
}
