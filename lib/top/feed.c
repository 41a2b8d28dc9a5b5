/*
 * What a model of running processes keeps for each of them.
 */
#include "top/feed.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "reader/session.h"
#include "top/clock.h"
#include "top/clone.h"

/* To answer, and for one that didn't the last time. */
static const double look_seconds = 0.5, mute_seconds = 0.02;

void ra_feed_close(struct ra_feed *feed)
{
    ruby_alloc_reader_close(feed->reader);
    feed->reader = NULL;
    if (feed->end >= 0) {
        close(feed->end);
    }
    feed->end = -1;
}

void ra_feed_free(struct ra_member *member)
{
    if (member->feed) {
        ra_feed_close(member->feed);
        ruby_alloc_snapshot_free(member->feed->last);
        ra_clone_free(member->feed->left);
        free(member->feed);
    }
    member->feed = NULL;
}

/* A feed for member, with this reader. False without memory; the reader is closed then. */
bool ra_feed_make(struct ra_member *member, struct ra_reader *reader)
{
    struct ra_feed *feed = calloc(1, sizeof *feed);

    if (!feed) {
        ruby_alloc_reader_close(reader);
        return false;
    }
    ra_feed_free(member);
    feed->reader = reader;
    feed->end = (int)syscall(SYS_pidfd_open, (pid_t)member->pid, 0);
    member->feed = feed;
    member->has_ended = false;
    return true;
}

/* A snapshot has room for all that a process could have; there may be many that have ended. */
void ra_feed_leave(struct ra_feed *feed)
{
    struct ra_report *report =
        feed->last && !feed->left ? ruby_alloc_report_new(feed->last, NULL) : NULL;

    feed->left = report ? ra_clone_report(report, true) : feed->left;
    ruby_alloc_report_free(report);
    if (feed->left) {
        ruby_alloc_snapshot_free(feed->last);
        feed->last = NULL;
    }
}

/* Has the model use what was read last of a process. False if there is nothing, or no memory. */
bool ra_feed_use_last(struct ra_model *model, const struct ra_feed *feed,
                      bool (*use)(struct ra_model *, const struct ra_report *))
{
    struct ra_report *report;
    bool good;

    if (!feed || (!feed->left && !feed->last)) {
        return false;
    }
    report = feed->left ? feed->left : ruby_alloc_report_new(feed->last, NULL);
    good = report && use(model, report);
    if (report != feed->left) {
        ruby_alloc_report_free(report);
    }
    return good;
}

bool ra_feed_has_ended(const struct ra_feed *feed)
{
    struct pollfd end = {.fd = feed->end, .events = POLLIN};

    return feed->end >= 0 ? poll(&end, 1, 0) > 0 : ruby_alloc_reader_has_ended(feed->reader);
}

void ra_feed_ask(struct ra_feed *feed)
{
    feed->is_due = true;
    feed->asked = ra_clock_seconds();
    if (!ra_feed_has_ended(feed)) {
        ruby_alloc_reader_ask(feed->reader);
    }
}

bool ra_feed_is_awaited(const struct ra_feed *feed)
{
    double most = feed->is_mute ? mute_seconds : look_seconds;

    return ra_clock_seconds() < feed->asked + most && !ra_session_has_answered(feed->reader) &&
           !ra_feed_has_ended(feed);
}
