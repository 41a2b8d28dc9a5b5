/*
 * The keys of the screen, declared once: from this table come what they do, the footer, the
 * help on the screen and in --help.
 */
#ifndef RA_TOP_KEYS_H
#define RA_TOP_KEYS_H

enum ra_key_id {
    RA_KEY_NONE,
    RA_KEY_BACK,
    RA_KEY_QUIT,
    RA_KEY_HELP,
    RA_KEY_OPEN,
    RA_KEY_ESCAPE,
    RA_KEY_NEXT_TAB,
    RA_KEY_PREVIOUS_TAB,
    RA_KEY_TAB,
    RA_KEY_UP,
    RA_KEY_DOWN,
    RA_KEY_PAGE_UP,
    RA_KEY_PAGE_DOWN,
    RA_KEY_SIDE_LEFT,
    RA_KEY_SIDE_RIGHT,
    RA_KEY_TOP,
    RA_KEY_BOTTOM,
    RA_KEY_FILTER,
    RA_KEY_SORT_MENU,
    RA_KEY_SORT_LEFT,
    RA_KEY_SORT_RIGHT,
    RA_KEY_SORT_MEMORY,
    RA_KEY_SORT_TIME,
    RA_KEY_SORT_PID,
    RA_KEY_INVERT,
    RA_KEY_USER,
    RA_KEY_TREE,
    RA_KEY_FOLD,
    RA_KEY_SHIFT_LEFT,
    RA_KEY_SHIFT_RIGHT,
    RA_KEY_BASELINE,
    RA_KEY_MODE,
    RA_KEY_UNITS,
    RA_KEY_FREEZE,
    RA_KEY_FASTER,
    RA_KEY_SLOWER,
    RA_KEY_REFRESH,
    RA_KEY_PURGE,
    RA_KEY_SAVE,
    RA_KEY_STEP_BACK,
    RA_KEY_STEP,
    RA_KEY_JUMP_BACK,
    RA_KEY_JUMP,
    RA_KEY_FIRST,
    RA_KEY_LAST,
    RA_KEY_GOTO
};

/* Where a key has a meaning. */
enum { RA_IN_LIST = 1, RA_IN_PROCESS = 2, RA_IN_LIVE = 4, RA_IN_REPLAY = 8, RA_ANYWHERE = 15 };

enum { RA_KEY_CODES_MAX = 8, RA_CODE_ESCAPE = 27 };

struct ra_key {
    enum ra_key_id id;
    int codes[RA_KEY_CODES_MAX]; /* of curses'; 0 ends them */
    const char *label;           /* names of all codes, the first is shown in the footer */
    const char *help;
    const char *word; /* in the footer; NULL: not there */
    unsigned where;   /* screens and feeds, of each kind one */
};

/* Ends with a NULL label. */
extern const struct ra_key ra_keys[];

/* Whether key has a meaning on this screen with this feed. */
int ra_key_is_for(const struct ra_key *key, unsigned screen, unsigned feed);

/* The key that has this code here; NULL if none has. */
const struct ra_key *ra_key_find(int code, unsigned screen, unsigned feed);

#endif
