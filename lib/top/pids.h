/*
 * Pids: finds what belongs to a pid among thousands, in the same time as among few.
 *
 * Example:
 *     struct ra_pids pids = {0};
 *     if (ra_pids_put(&pids, 42, thing))
 *         ra_pids_find(&pids, 42);
 *     ra_pids_free(&pids);
 */
#ifndef RA_TOP_PIDS_H
#define RA_TOP_PIDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ra_pid {
    int64_t pid;
    void *thing; /* NULL: this place is free */
};

/* Zero it before the first use. */
struct ra_pids {
    struct ra_pid *places;
    size_t count, room; /* room: a power of two, more than count */
};

/* What was put there; NULL: nothing. */
void *ra_pids_find(const struct ra_pids *pids, int64_t pid);

/* Put thing there, which is not NULL; nothing is there yet. False: no memory. */
bool ra_pids_put(struct ra_pids *pids, int64_t pid, void *thing);

/* Take it away again. */
void ra_pids_drop(struct ra_pids *pids, int64_t pid);

void ra_pids_free(struct ra_pids *pids);

#endif
