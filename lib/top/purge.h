/*
 * Purge: has processes give their unused pages back, on a thread of its own, as one that is
 * stopped lets a request wait for seconds. It reads them by readers of its own.
 *
 * Example:
 *     struct ra_purge *purge = ra_purge_start(pids, count);
 *     ... poll ra_purge_fd(purge) for input ...
 *     struct ra_purge_outcome outcome = ra_purge_outcome(purge);
 *     ra_purge_free(purge);
 */
#ifndef RA_TOP_PURGE_H
#define RA_TOP_PURGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ruby_alloc/reader.h>

struct ra_purge;

struct ra_purge_outcome {
    size_t asked, purged;
    int64_t before, after; /* their RSS together, of those that were purged; or RA_UNKNOWN */
    pid_t first;           /* of those asked */
    struct ra_failure why; /* of the first that was not purged */
};

/*
 * Purge these one after the other. Returns NULL, with errno, without memory, a descriptor or
 * a thread.
 */
struct ra_purge *ra_purge_start(const pid_t *pids, size_t count);

/* Readable once all is done. */
int ra_purge_fd(const struct ra_purge *purge);

bool ra_purge_is_done(const struct ra_purge *purge);

/* What came of it; to be asked for when it is done. */
struct ra_purge_outcome ra_purge_outcome(const struct ra_purge *purge);

/* Done or not: what has been asked for already may still happen. NULL is allowed. */
void ra_purge_free(struct ra_purge *purge);

#endif
