/*
 * Typed: the next key, whatever the terminal sends for it.
 */
#include "top/typed.h"

#include <curses.h>
#include <stdbool.h>

#include "top/keys.h"

/* ECMA-48, 5.4: parameters and intermediate bytes, up to the final one. */
static void skip_control_sequence(void)
{
    int code;

    do {
        code = getch();
    } while (code >= ' ' && code < '@');
    if (code >= KEY_MIN) {
        ungetch(code);
    }
}

int ra_typed_next(void)
{
    int code = getch(), next;
    bool is_sequence;

    if (code != RA_CODE_ESCAPE) {
        return code;
    }
    /* What belongs together comes at once; [ and O are keys, too, if nothing follows. */
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
