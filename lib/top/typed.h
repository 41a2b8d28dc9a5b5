/*
 * Typed: the next key, whatever the terminal sends for it.
 */
#ifndef RA_TOP_TYPED_H
#define RA_TOP_TYPED_H

/*
 * For a screen of curses' that was just made: no key is waited for. But what follows Esc is,
 * until it is Esc alone: a moment, or as many milliseconds as ESCDELAY says, as for all of curses.
 */
void ra_typed_start(void);

/*
 * The code of the next key that is there, as getch has it without delay; ERR: none is. A key
 * that the terminal's description doesn't have, as Ctrl-Right often, is KEY_MAX, which has no
 * use anywhere: curses gives it out as Esc and the characters of its sequence.
 */
int ra_typed_next(void);

#endif
