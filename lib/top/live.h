/*
 * Live: fills a model from running processes, at little cost for many of them: all are asked
 * for a sample before the first is read, one that has allocated nothing or has no row on the
 * screen is read every four seconds only (unless it is watched), and the end of one is told by
 * a descriptor.
 *
 * Example:
 *     struct ra_live *live = ra_live_new(&model, &pick);
 *     while (...)
 *         ra_live_refresh(live, false);
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

/* Look for new processes and read all, or those whose turn it is. Waits half a second at most. */
void ra_live_refresh(struct ra_live *live, bool has_all);

/*
 * Watch a process, which may have ended, and have its report in the model. Returns RA_OK or
 * RA_TIMEOUT; else why there is none, and the model is as before.
 */
enum ra_status ra_live_watch(struct ra_live *live, pid_t pid, struct ra_failure *why);

/* Growth is counted from what is known of each process now. */
void ra_live_set_baseline(struct ra_live *live);

#endif
