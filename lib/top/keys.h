/*
 * The keys of the screen, declared once: what they do, and their help.
 */
#ifndef RA_TOP_KEYS_H
#define RA_TOP_KEYS_H

/* What the screen's loop has to do after a key. */
enum ra_key_result { RA_KEY_NOTHING, RA_KEY_REFRESH, RA_KEY_QUIT };

struct ra_key {
    int code;
    const char *label;
    const char *help;
    enum ra_key_result result;
};

/* Ends with a NULL label. */
extern const struct ra_key ra_keys[];

enum ra_key_result ra_key_press(int code);

#endif
