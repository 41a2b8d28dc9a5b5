/*
 * The screen: curses, the clock and the keys around ui.h. Signals only set a flag; the loop
 * waits with them unblocked in ppoll alone, so that none is lost between check and wait.
 */
#include "top/screen.h"

#include <curses.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "top/clock.h"
#include "top/descriptors.h"
#include "top/guard.h"
#include "top/output.h"
#include "top/paint.h"
#include "top/typed.h"
#include "top/ui.h"

/* Between two steps of a look, in which keys are answered. */
static const double step_pause = 0.01;

/* Nothing changes by itself: no need to wake up. */
static bool is_still(const struct ra_ui *ui)
{
    return !ui->is_stale && (ui->replay ? !ui->is_playing : ui->is_frozen);
}

/* There is more of a look to be taken. */
static bool is_looking(const struct ra_ui *ui)
{
    return ui->live && ra_live_is_looking(ui->live);
}

/* Until a key, a signal, the next refresh or the next step of one. False: the terminal is gone. */
static bool wait_for_input(const struct ra_ui *ui, double seconds, const sigset_t *waiting)
{
    struct pollfd inputs[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                              {.fd = ui->purge ? ra_purge_fd(ui->purge) : -1, .events = POLLIN},
                              {.fd = ui->live ? ra_live_fd(ui->live) : -1, .events = POLLIN}};
    double most = is_looking(ui) && seconds > step_pause ? step_pause : seconds;
    double positive = most > 0 && !ui->is_stale ? most : 0;
    struct timespec timeout = {.tv_sec = (time_t)positive};
    int ready;

    timeout.tv_nsec = (long)((positive - (double)timeout.tv_sec) * 1e9);
    ready = ppoll(inputs, 3, is_still(ui) && !is_looking(ui) ? NULL : &timeout, waiting);
    if (ready < 0) {
        return errno == EINTR;
    }
    return ready == 0 || !(inputs[0].revents & (POLLERR | POLLHUP | POLLNVAL));
}

/* Take all keys that are there; KEY_RESIZE is one of them and has curses redraw. */
static void read_keys(struct ra_ui *ui)
{
    int code;

    while (!ui->has_ended && (code = ra_typed_next()) != ERR) {
        ra_ui_press(ui, code);
    }
}

/*
 * After a stop: on a terminal whose screen and way of reading keys others may have changed.
 * While they still have it, as after bg, there is nothing to do but to stop again.
 */
static void resume(void)
{
    while (!ra_guard_must_end() && !ra_guard_has_terminal()) {
        if (!ra_guard_sleep(SIGTTOU)) {
            return;
        }
    }
    if (!ra_guard_must_end()) {
        if (!isendwin()) {
            endwin(); /* so that all that a screen needs of a terminal is set anew */
        }
        refresh();
        clearok(curscr, TRUE);
    }
}

/* A terminal without another screen to go back to goes on in the last line: it has to be free. */
static void leave(void)
{
    move(LINES - 1, 0);
    clrtoeol();
    refresh();
    endwin();
}

static void sleep_and_resume(void)
{
    flushinp();
    leave();
    ra_guard_sleep(SIGTSTP);
    resume();
}

static void loop(struct ra_ui *ui, const sigset_t *waiting)
{
    double last = ra_clock_seconds();

    while (!ra_guard_must_end() && !ui->has_ended) {
        ra_ui_draw(ui);
        refresh();
        if (!wait_for_input(ui, last + ui->delay - ra_clock_seconds(), waiting)) {
            return;
        }
        if (ra_guard_must_sleep()) {
            sleep_and_resume();
        } else if (ra_guard_was_woken()) {
            resume();
        }
        if (ra_guard_must_end()) {
            return;
        }
        read_keys(ui);
        ra_ui_end_purge(ui);
        if (!is_still(ui) && (ui->is_stale || ra_clock_seconds() >= last + ui->delay)) {
            last = ra_clock_seconds();
            ra_ui_update(ui);
        } else {
            ra_ui_go_on(ui);
        }
    }
}

static int show(struct ra_ui *ui)
{
    SCREEN *terminal;
    sigset_t waiting;

    ra_guard_signals(&waiting);
    ra_guard_note();
    terminal = newterm(NULL, stdout, stdin);
    if (!terminal) {
        ra_output_message("this terminal can't show a screen; use --once or --batch");
        return ruby_alloc_status_exit(RA_SYSTEM);
    }
    ra_guard_deaths();
    ra_paint_start();
    cbreak();
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    ra_typed_start();
    curs_set(0);
    mousemask(BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
    mouseinterval(0);

    loop(ui, &waiting);

    if (ra_guard_has_terminal()) {
        if (ra_guard_must_end()) {
            flushinp(); /* as ^C does elsewhere: what was typed before it is not for the shell */
        }
        leave();
    } else {
        ra_guard_leave();
    }
    delscreen(terminal);
    return 0;
}

/* The first report before the screen opens: failures are said on the plain terminal. */
static enum ra_status begin(struct ra_ui *ui, struct ra_failure *why)
{
    const struct ra_options *options = ui->options;
    enum ra_status status = RA_OK;

    if (options->replay) {
        ui->replay = ra_replay_open(&ui->model, options->replay, options->pid, why);
        if (!ui->replay) {
            return why->status;
        }
        ra_replay_go(ui->replay, 0);
        if (ra_replay_damage(ui->replay)) {
            ra_ui_say(ui, true, "%.500s", ra_replay_damage(ui->replay));
        }
    } else {
        ui->live = ra_live_new(&ui->model, &ui->pick);
        if (!ui->live) {
            why->status = RA_SYSTEM;
            snprintf(why->message, sizeof why->message, "not enough memory");
            return RA_SYSTEM;
        }
    }
    if (options->pid == 0 && !options->replay) {
        ui->is_stale = true; /* the first frame doesn't wait for a look */
    } else if (options->pid != 0) {
        ui->is_straight = true;
        status = ra_ui_enter(ui, options->pid, why);
    }
    return status;
}

int ra_screen_run(const struct ra_options *options)
{
    struct ra_ui ui = {.options = options, .delay = options->delay, .is_exact = options->bytes};
    struct ra_failure why = {0};
    enum ra_status status;
    int result;

    if (options->replay && !ra_screen_usable()) {
        ra_output_message("--replay needs a terminal; --compare and --html read recordings too");
        return ruby_alloc_status_exit(RA_SYSTEM);
    }
    if (!ra_pick_make(&ui.pick, options, why.message, sizeof why.message)) {
        ra_output_message("%s", why.message);
        return RA_EXIT_USAGE;
    }
    ui.list.sort = RA_UI_FIRST_SORT;
    ra_descriptors_raise();
    status = begin(&ui, &why);
    if (status == RA_OK || status == RA_TIMEOUT) {
        result = show(&ui);
    } else {
        ra_output_message("%s", why.message);
        result = ruby_alloc_status_exit(status);
    }
    ra_ui_drop_purge(&ui);
    ra_live_free(ui.live);
    ra_replay_close(ui.replay);
    ra_model_clear(&ui.model);
    ra_pick_free(&ui.pick);
    free(ui.users);
    return result;
}
