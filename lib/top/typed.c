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

/*
 * What terminals send that call themselves xterm, or the like, and are another: PuTTY, a VT220,
 * rxvt, the console; and an xterm that was not told to let the arrows be an application's.
 */
static const struct {
    const char *sequence;
    int code;
} also_sent[] = {{"\033[A", KEY_UP},      {"\033[B", KEY_DOWN},    {"\033[C", KEY_RIGHT},
                 {"\033[D", KEY_LEFT},    {"\033OA", KEY_UP},      {"\033OB", KEY_DOWN},
                 {"\033OC", KEY_RIGHT},   {"\033OD", KEY_LEFT},    {"\033[H", KEY_HOME},
                 {"\033[F", KEY_END},     {"\033OH", KEY_HOME},    {"\033OF", KEY_END},
                 {"\033[1~", KEY_HOME},   {"\033[4~", KEY_END},    {"\033[7~", KEY_HOME},
                 {"\033[8~", KEY_END},    {"\033OP", KEY_F(1)},    {"\033OR", KEY_F(3)},
                 {"\033OS", KEY_F(4)},    {"\033[11~", KEY_F(1)},  {"\033[13~", KEY_F(3)},
                 {"\033[14~", KEY_F(4)},  {"\033[[A", KEY_F(1)},   {"\033[[C", KEY_F(3)},
                 {"\033[[D", KEY_F(4)},   {"\033[[E", KEY_F(5)},   {"\033[15~", KEY_F(5)},
                 {"\033[17~", KEY_F(6)},  {"\033[21~", KEY_F(10)}, {"\033[5~", KEY_PPAGE},
                 {"\033[6~", KEY_NPAGE},  {"\033[Z", KEY_BTAB},    {"\033[1;2C", KEY_SRIGHT},
                 {"\033[1;2D", KEY_SLEFT}};

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
    for (size_t i = 0; i < sizeof also_sent / sizeof *also_sent; i++) {
        define_key(also_sent[i].sequence, also_sent[i].code);
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
