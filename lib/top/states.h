/*
 * The states of processes in the list, declared once: from this table come the letters of its
 * column S, and what the help says of them.
 */
#ifndef RA_TOP_STATES_H
#define RA_TOP_STATES_H

enum ra_state_id {
    RA_STATE_RUNNING,
    RA_STATE_STOPPED,
    RA_STATE_DETACHED,
    RA_STATE_ENDED,
    RA_STATE_SUM,
    RA_STATE_COUNT
};

struct ra_state {
    const char *letter, *meaning;
};

extern const struct ra_state ra_states[RA_STATE_COUNT];

#endif
