/*
 * The screen: curses around the layout. Signals only set a flag; the loop waits
 * with them unblocked in ppoll alone, so that none is lost between check and wait.
 */
#include "top/screen.h"

#include <curses.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "top/format.h"
#include "top/keys.h"
#include "top/layout.h"
#include "top/output.h"
#include "top/source.h"

/* A process that doesn't answer must not make the screen deaf for long. */
enum { SCREEN_WAIT_MS = 500 };

enum { MESSAGE_MAX = 256, MAX_COLUMNS_BYTES = 4096 };

struct screen {
    struct ra_source source;
    double delay;
    bool frozen; /* the process has ended: nothing more to ask */
    char message[MESSAGE_MAX];
    sigset_t waiting; /* the signal mask while waiting */
};

static volatile sig_atomic_t quit_signal;

static void on_quit_signal(int number)
{
    quit_signal = number;
}

static attr_t style_attributes(enum ra_style style)
{
    static const attr_t attributes[RA_STYLE_COUNT] = {
        [RA_PLAIN] = A_NORMAL,
        [RA_HEADING] = A_REVERSE,
        [RA_STRONG] = A_BOLD,
        [RA_WARNING] = A_BOLD,
    };

    return attributes[style] | (attr_t)COLOR_PAIR(style);
}

static void start_colors(void)
{
    const char *no_color = getenv("NO_COLOR");

    if ((no_color && *no_color) || !has_colors() || start_color() == ERR ||
        use_default_colors() == ERR) {
        return;
    }
    /* A pair that is not set is black on black: every style but RA_PLAIN has its own. */
    init_pair(RA_HEADING, -1, -1);
    init_pair(RA_STRONG, COLOR_CYAN, -1);
    init_pair(RA_WARNING, COLOR_RED, -1);
}

/* A heading's bar goes over the whole width. */
static void draw_text(int line, enum ra_style style, const char *text)
{
    char fitted[MAX_COLUMNS_BYTES];
    int used = ra_format_fit(fitted, sizeof fitted, text, COLS);

    attrset(style_attributes(style));
    mvaddstr(line, 0, fitted);
    if (style == RA_HEADING) {
        for (; used < COLS; used++) {
            addch(' ');
        }
    }
    attrset(A_NORMAL);
}

/* Keys first: a message may be longer than the line. */
static void draw_footer(const struct screen *screen)
{
    char text[MESSAGE_MAX + 128];
    bool warns = screen->message[0] != '\0';
    size_t used = 0;

    for (const struct ra_key *key = ra_keys; key->label && used < sizeof text; key++) {
        used += (size_t)snprintf(text + used, sizeof text - used, "%s %s  ", key->label, key->help);
        if (warns) {
            break;
        }
    }
    if (used < sizeof text && warns) {
        snprintf(text + used, sizeof text - used, "%s", screen->message);
    } else if (used < sizeof text) {
        snprintf(text + used, sizeof text - used, "every %gs  %s", screen->delay,
                 screen->source.report->time);
    }
    draw_text(LINES - 1, warns ? RA_WARNING : RA_PLAIN, text);
}

static void draw(const struct screen *screen)
{
    struct ra_page page = {0};
    int room = LINES - 1;

    ra_layout_fill(screen->source.report, COLS, room, &page);
    erase();
    for (int i = 0; i < room && i < (int)page.count; i++) {
        draw_text(i, page.lines[i].style, page.lines[i].text);
    }
    ra_page_clear(&page);
    draw_footer(screen);
    refresh();
}

/* Ask for a new report; what keeps us from it becomes the message in the footer. */
static void update(struct screen *screen)
{
    struct ra_failure why = {0};
    enum ra_status status;

    if (screen->frozen) {
        return;
    }
    status = ra_source_next(&screen->source, SCREEN_WAIT_MS, &why);
    screen->message[0] = '\0';
    if (status == RA_ABSENT || ra_source_ended(&screen->source)) {
        screen->frozen = true;
        snprintf(screen->message, sizeof screen->message,
                 "ENDED: the process is gone, this is its last state");
    } else if (status != RA_OK) {
        ra_format_fit(screen->message, sizeof screen->message, why.message, MESSAGE_MAX);
    }
}

static struct timespec clock_now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time;
}

/* Seconds from now until the refresh that is due delay after last. */
static double seconds_left(const struct timespec *last, double delay)
{
    struct timespec time = clock_now();

    return delay - (double)(time.tv_sec - last->tv_sec) -
           (double)(time.tv_nsec - last->tv_nsec) / 1e9;
}

/* Until a key, a signal or the next refresh. False: the terminal is gone. */
static bool wait_for_input(const struct screen *screen, double seconds)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    double positive = seconds > 0 ? seconds : 0;
    struct timespec timeout = {.tv_sec = (time_t)positive};
    int ready;

    timeout.tv_nsec = (long)((positive - (double)timeout.tv_sec) * 1e9);
    ready = ppoll(&input, 1, screen->frozen ? NULL : &timeout, &screen->waiting);
    if (ready < 0) {
        return errno == EINTR;
    }
    return ready == 0 || !(input.revents & (POLLERR | POLLHUP | POLLNVAL));
}

/* Take all keys that are there; KEY_RESIZE is one of them and has curses redraw. */
static enum ra_key_result read_keys(void)
{
    enum ra_key_result result = RA_KEY_NOTHING;
    int code;

    while ((code = getch()) != ERR) {
        enum ra_key_result key = ra_key_press(code);
        result = key > result ? key : result;
    }
    return result;
}

static void loop(struct screen *screen)
{
    struct timespec last = clock_now();

    while (!quit_signal) {
        enum ra_key_result key;

        draw(screen);
        if (!wait_for_input(screen, seconds_left(&last, screen->delay))) {
            return;
        }
        key = read_keys();
        if (key == RA_KEY_QUIT) {
            return;
        }
        if (key == RA_KEY_REFRESH || seconds_left(&last, screen->delay) <= 0) {
            last = clock_now();
            update(screen);
        }
    }
}

/* Without SA_RESTART; blocked but in ppoll, as is SIGWINCH, which curses handles. */
static void catch_signals(sigset_t *waiting)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = on_quit_signal};
    sigset_t blocked;

    sigemptyset(&blocked);
    sigaddset(&blocked, SIGWINCH);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        sigaction(numbers[i], &action, NULL);
        sigaddset(&blocked, numbers[i]);
    }
    sigprocmask(SIG_BLOCK, &blocked, waiting);
    sigdelset(waiting, SIGWINCH);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        sigdelset(waiting, numbers[i]);
    }
}

static int show(struct screen *screen)
{
    SCREEN *terminal;

    catch_signals(&screen->waiting);
    terminal = newterm(NULL, stdout, stdin);
    if (!terminal) {
        ra_output_message("this terminal can't show a screen; use --once or --batch");
        return ruby_alloc_status_exit(RA_SYSTEM);
    }
    start_colors();
    cbreak();
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    curs_set(0);

    loop(screen);

    endwin();
    delscreen(terminal);
    return 0;
}

int ra_screen_run(const struct ra_options *options)
{
    struct screen screen = {.delay = options->delay};
    struct ra_failure why = {0};
    enum ra_status status = ra_source_open(&screen.source, options->pid, &why);
    int result;

    /* The first report before the screen opens: failures are said on the plain terminal. */
    if (status == RA_OK) {
        status = ra_source_next(&screen.source, SCREEN_WAIT_MS, &why);
    }
    if (status == RA_OK || status == RA_TIMEOUT) {
        result = show(&screen);
    } else {
        ra_output_message("%s", why.message);
        result = ruby_alloc_status_exit(status);
    }
    ra_source_close(&screen.source);
    return result;
}
