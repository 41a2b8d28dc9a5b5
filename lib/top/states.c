/*
 * The states of processes in the list: as in ps, but for what only we tell apart.
 */
#include "top/states.h"

const struct ra_state ra_states[RA_STATE_COUNT] = {
    [RA_STATE_RUNNING] = {"R", "running"},
    [RA_STATE_STOPPED] = {"T", "stopped by a signal: it answers when it goes on"},
    [RA_STATE_DETACHED] = {"D", "detached: running, but no longer counted"},
    [RA_STATE_ENDED] = {"E", "ended: the figures are its last"},
    [RA_STATE_SUM] = {"+", "the sum of a cluster, in the tree"},
};
