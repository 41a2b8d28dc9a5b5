/*
 * Live: fills a model from running processes, at little cost for many of them: all are asked
 * for a sample before the first is read, one that has allocated nothing or has no row on the
 * screen is read every four seconds only (unless it is watched), and the end of one is told by
 * a descriptor.
 *
 * Example:
 *     struct ra_live *live = ra_live_new(&model, &pick);
 *     while (...) {
 *         ra_live_look(live, false);
 *         do
 *             ra_live_step(live);
 *         while (ra_live_is_looking(live));
 *     }
 */
#ifndef RA_TOP_LIVE_H
#define RA_TOP_LIVE_H

#include <ruby_alloc/reader.h>
#include <ruby_alloc/region.h>

#include "top/pick.h"
#include "top/model.h"

struct ra_live;

/* Both must live as long. Returns NULL without memory. */
struct ra_live *ra_live_new(struct ra_model *model, const struct ra_pick *pick);

/* Close all readers, and free the feeds of the members of the model, which stay. */
void ra_live_free(struct ra_live *live);

/* Begin a look: ask all, or those whose turn it is, and now and then look for new processes. */
void ra_live_look(struct ra_live *live, bool has_all);

/*
 * Go on with it for some tens of milliseconds at most, whoever doesn't answer: for half a second
 * in all steps together. What was found is in the model.
 */
void ra_live_step(struct ra_live *live);

/* Whether there is more to do, soon. */
bool ra_live_is_looking(const struct ra_live *live);

/* Whether all processes have been looked for once. */
bool ra_live_has_looked(const struct ra_live *live);

/* Readable when processes have been looked for and a step is to be taken; -1: they aren't now. */
int ra_live_fd(const struct ra_live *live);

/*
 * Watch a process, which may have ended, and have its report in the model. Returns RA_OK or
 * RA_TIMEOUT; else why there is none, and the model is as before.
 */
enum ra_status ra_live_watch(struct ra_live *live, pid_t pid, struct ra_failure *why);

/* Growth is counted from what is known of each process now. */
void ra_live_set_baseline(struct ra_live *live);

#endif
