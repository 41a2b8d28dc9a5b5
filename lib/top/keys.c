/*
 * The keys of the screen.
 */
#include "top/keys.h"

const struct ra_key ra_keys[] = {
    {'q', "q", "quit", RA_KEY_QUIT},
    {'r', "r", "refresh now", RA_KEY_REFRESH},
    {0},
};

enum ra_key_result ra_key_press(int code)
{
    for (const struct ra_key *key = ra_keys; key->label; key++) {
        if (key->code == code) {
            return key->result;
        }
    }
    return RA_KEY_NOTHING;
}
