/*
 * Whether there is a terminal for the screen. Apart from the rest, as term.h takes
 * names like lines and columns for itself.
 */
#include "top/screen.h"

#include <curses.h>
#include <term.h>
#include <unistd.h>

bool ra_screen_usable(void)
{
    int result;
    bool can;

    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
        return false;
    }
    if (setupterm(NULL, STDOUT_FILENO, &result) != OK) {
        return false;
    }
    can = cursor_address != NULL;
    del_curterm(cur_term);
    return can;
}
