/*
 * Feeds: what a model of running processes keeps for each of its members (live.h): the open
 * region, and what was read of it last.
 */
#ifndef RA_TOP_FEED_H
#define RA_TOP_FEED_H

#include <ruby_alloc/reader.h>
#include <ruby_alloc/report.h>

#include "top/model.h"

struct ra_feed {
    struct ra_reader *reader; /* NULL: has ended */
    struct ra_snapshot *last;
    struct ra_report *left; /* a clone: of one that has ended, in place of last, which is large */
    int end;                /* a pidfd, readable when the process has ended; -1: none */
    bool is_idle;           /* allocated nothing between the last two reports */
    bool is_mute;           /* did not answer: waited for a moment only until it does */
    bool is_due;            /* its turn, and it was asked */
    double asked, read;     /* when it last was; seconds */
};

/*
 * Give member a feed with this reader, which is the feed's from now on, in place of its last.
 * False without memory: the reader is closed.
 */
bool ra_feed_make(struct ra_member *member, struct ra_reader *reader);
void ra_feed_free(struct ra_member *member);

/* The process has ended: let go of it, and keep what was read last in less memory. */
void ra_feed_close(struct ra_feed *feed);
void ra_feed_leave(struct ra_feed *feed);

/* Has the model use what was read last of a process. False if there is nothing, or no memory. */
bool ra_feed_use_last(struct ra_model *model, const struct ra_feed *feed,
                      bool (*use)(struct ra_model *, const struct ra_report *));

bool ra_feed_has_ended(const struct ra_feed *feed);

/* It is due: ask the process for a sample, if it lives. */
void ra_feed_ask(struct ra_feed *feed);

/* Whether its answer is still to come, and worth waiting for. */
bool ra_feed_is_awaited(const struct ra_feed *feed);

#endif
