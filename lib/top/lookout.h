/*
 * A lookout: a look for all regions, in a thread: with thousands of files among them it takes
 * its time, and a file system of another's may never answer.
 *
 * Example:
 *     struct ra_lookout *lookout = ra_lookout_start();
 *     ... until ra_lookout_fd is readable ...
 *     if (ra_lookout_take(lookout, &list))
 *         ...
 *     ra_lookout_free(lookout);
 */
#ifndef RA_TOP_LOOKOUT_H
#define RA_TOP_LOOKOUT_H

#include <stdbool.h>

#include "reader/list.h"

struct ra_lookout;

/* Begin to look. NULL: no memory. Where no thread can be had, it is over when this returns. */
struct ra_lookout *ra_lookout_start(void);

/* Readable once it is over. */
int ra_lookout_fd(const struct ra_lookout *lookout);
bool ra_lookout_is_over(const struct ra_lookout *lookout);

/* What was found, once it is over: to be released by the caller. False: nothing could be. */
bool ra_lookout_take(struct ra_lookout *lookout, struct ra_list *list);

/* Let go of it, over or not; NULL is allowed. */
void ra_lookout_free(struct ra_lookout *lookout);

#endif
