/*
 * Typed: the next key, whatever the terminal sends for it.
 */
#include "top/typed.h"

#include <curses.h>
#include <stdbool.h>
#include <stdlib.h>

#include "top/keys.h"

/* Longer than the pieces of one key are apart on a slow line, and short for who waits for Esc. */
enum { ESCAPE_MS = 150 };

/* Of a sequence that has begun. On a slow line it may come in pieces, with a pause between. */
static int next_of_sequence(void)
{
    int code;

    timeout(ESCDELAY);
    code = getch();
    nodelay(stdscr, TRUE);
    return code;
}

/* ECMA-48, 5.4: parameters and intermediate bytes, up to the final one. */
static void skip_control_sequence(void)
{
    int code;

    do {
        code = next_of_sequence();
    } while (code >= ' ' && code < '@');
    if (code >= KEY_MIN) {
        ungetch(code);
    }
}

void ra_typed_start(void)
{
    nodelay(stdscr, TRUE);
    noqiflush(); /* curses would wait in vain for a key that it saw and that ^C took away */
    if (!getenv("ESCDELAY")) {
        set_escdelay(ESCAPE_MS);
    }
}

int ra_typed_next(void)
{
    int code = getch(), next;
    bool is_sequence;

    if (code != RA_CODE_ESCAPE) {
        return code;
    }
    /* curses has waited for what belongs together; [ and O are keys, too, if nothing follows. */
    next = getch();
    code = next == '[' || next == 'O' ? getch() : ERR;
    is_sequence = code >= ' ' && code < KEY_MIN;
    if (code != ERR) {
        ungetch(code);
    }
    if (is_sequence && next == '[') {
        skip_control_sequence();
    } else if (is_sequence) {
        getch(); /* SS3: one character */
    } else if (next != ERR) {
        ungetch(next);
    }
    return is_sequence ? KEY_MAX : RA_CODE_ESCAPE;
}
