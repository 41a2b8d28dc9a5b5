/*
 * Typed: the next key, whatever the terminal sends for it.
 */
#ifndef RA_TOP_TYPED_H
#define RA_TOP_TYPED_H

enum { RA_TYPED_ESCAPE_MS = 25 /* after Esc, until it is Esc alone */ };

/*
 * The code of the next key that is there, as getch has it without delay; ERR: none is. A key
 * that the terminal's description doesn't have, as Ctrl-Right often, is KEY_MAX, which has no
 * use anywhere: curses gives it out as Esc and the characters of its sequence.
 */
int ra_typed_next(void);

#endif
