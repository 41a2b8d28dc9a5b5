/*
 * Hits: what lies where on the screen, for the mouse. Noted while drawing.
 */
#ifndef RA_TOP_HITS_H
#define RA_TOP_HITS_H

enum ra_hit_kind {
    RA_HIT_NOTHING,
    RA_HIT_KEY,
    RA_HIT_TAB,
    RA_HIT_COLUMN,
    RA_HIT_ROW,
    RA_HIT_CHOICE
};

struct ra_hit {
    enum ra_hit_kind kind;
    int value; /* the key's code, the number of the tab, column, row or choice in a menu */
};

/* Forget all, before drawing anew. */
void ra_hits_clear(void);

/* Beyond a number of some hundreds none is noted any more. */
void ra_hits_add(int line, int column, int width, enum ra_hit_kind kind, int value);

struct ra_hit ra_hits_at(int line, int column);

#endif
