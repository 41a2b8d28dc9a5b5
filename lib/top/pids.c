/*
 * A hash table of pids: open, with the next free place for those that fall together.
 */
#include "top/pids.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 64 };

/* Pids are given one after the other, but a recording may hold any. */
static size_t home(const struct ra_pids *pids, int64_t pid)
{
    return (size_t)(((uint64_t)pid * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (pids->room - 1);
}

/* The place of pid, or the free one where it would be. There is always a free one. */
static size_t place_of(const struct ra_pids *pids, int64_t pid)
{
    size_t at = home(pids, pid);

    while (pids->places[at].thing && pids->places[at].pid != pid) {
        at = (at + 1) & (pids->room - 1);
    }
    return at;
}

void *ra_pids_find(const struct ra_pids *pids, int64_t pid)
{
    return pids->room == 0 ? NULL : pids->places[place_of(pids, pid)].thing;
}

static bool grow(struct ra_pids *pids)
{
    struct ra_pids larger = {.count = pids->count,
                             .room = pids->room == 0 ? FIRST_ROOM : 2 * pids->room};

    larger.places = calloc(larger.room, sizeof *larger.places);
    if (!larger.places) {
        return false;
    }
    for (size_t i = 0; i < pids->room; i++) {
        if (pids->places[i].thing) {
            larger.places[place_of(&larger, pids->places[i].pid)] = pids->places[i];
        }
    }
    free(pids->places);
    *pids = larger;
    return true;
}

bool ra_pids_put(struct ra_pids *pids, int64_t pid, void *thing)
{
    if (pids->count >= pids->room / 2 && !grow(pids)) {
        return false;
    }
    pids->places[place_of(pids, pid)] = (struct ra_pid){pid, thing};
    pids->count++;
    return true;
}

/* Those behind it that would be found no longer move up. */
void ra_pids_drop(struct ra_pids *pids, int64_t pid)
{
    size_t mask = pids->room - 1;
    size_t hole = pids->room == 0 ? 0 : place_of(pids, pid);

    if (pids->room == 0 || !pids->places[hole].thing) {
        return;
    }
    for (size_t at = (hole + 1) & mask; pids->places[at].thing; at = (at + 1) & mask) {
        size_t from = home(pids, pids->places[at].pid);

        if (((at - from) & mask) >= ((at - hole) & mask)) {
            pids->places[hole] = pids->places[at];
            hole = at;
        }
    }
    pids->places[hole].thing = NULL;
    pids->count--;
}

void ra_pids_free(struct ra_pids *pids)
{
    free(pids->places);
    memset(pids, 0, sizeof *pids);
}
