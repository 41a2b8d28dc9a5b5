/*
 * Purge: has processes give their unused pages back.
 *
 * The purge belongs to two, its thread and who started it: the last to let go frees it.
 */
#include "top/purge.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <ruby_alloc/region.h>
#include <ruby_alloc/report.h>

#include "top/worker.h"

enum { WAIT_MS = 3000, DONT_ASK = 0 };

struct ra_purge {
    atomic_int owners;
    atomic_bool is_done; /* what the thread wrote before it is seen after it */
    int done;            /* an eventfd, by which it wakes who waits */
    struct ra_purge_outcome outcome;
    size_t count;
    pid_t pids[];
};

/* RSS comes from the kernel: it is fresh without a request, for which a stopped one waits. */
static int64_t rss_of(struct ra_reader *reader)
{
    struct ra_failure why;
    struct ra_snapshot *snapshot = NULL;
    struct ra_report *report;
    int64_t rss;

    ruby_alloc_reader_snapshot(reader, DONT_ASK, &snapshot, &why);
    report = snapshot ? ruby_alloc_report_new(snapshot, NULL) : NULL;
    rss = report ? report->memory.rss : RA_UNKNOWN;
    ruby_alloc_report_free(report);
    ruby_alloc_snapshot_free(snapshot);
    return rss;
}

static int64_t sum(int64_t a, int64_t b)
{
    return a == RA_UNKNOWN || b == RA_UNKNOWN ? RA_UNKNOWN : a + b;
}

static enum ra_status purge_one(pid_t pid, struct ra_purge_outcome *outcome, struct ra_failure *why)
{
    struct ra_reader *reader = NULL;
    struct ra_acted acted;
    enum ra_status status = ruby_alloc_reader_open(&reader, pid, why);
    int64_t before;

    if (status != RA_OK) {
        return status;
    }
    before = rss_of(reader);
    status = ruby_alloc_reader_act(reader, RA_ACTION_purge, 0, WAIT_MS, &acted, why);
    if (status == RA_OK) {
        outcome->purged++;
        outcome->before = sum(outcome->before, before);
        outcome->after = sum(outcome->after, rss_of(reader));
    }
    ruby_alloc_reader_close(reader);
    return status;
}

static void let_go(struct ra_purge *purge)
{
    if (atomic_fetch_sub(&purge->owners, 1) == 1) {
        close(purge->done);
        free(purge);
    }
}

static void *run(void *context)
{
    struct ra_purge *purge = context;
    const uint64_t one = 1;
    ssize_t written;

    for (size_t i = 0; i < purge->count && atomic_load(&purge->owners) > 1; i++) {
        struct ra_failure why = {0};

        if (purge_one(purge->pids[i], &purge->outcome, &why) != RA_OK &&
            purge->outcome.why.status == RA_OK) {
            purge->outcome.why = why;
        }
    }
    atomic_store(&purge->is_done, true);
    written = write(purge->done, &one, sizeof one);
    (void)written;
    let_go(purge);
    return NULL;
}

struct ra_purge *ra_purge_start(const pid_t *pids, size_t count)
{
    struct ra_purge *purge = calloc(1, sizeof *purge + count * sizeof *pids);

    if (!purge) {
        return NULL;
    }
    atomic_init(&purge->owners, 2);
    atomic_init(&purge->is_done, false);
    purge->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    purge->count = count;
    memcpy(purge->pids, pids, count * sizeof *pids);
    purge->outcome.asked = count;
    purge->outcome.first = count > 0 ? pids[0] : 0;
    if (purge->done < 0 || !ra_worker_start(run, purge)) {
        int error = errno;

        if (purge->done >= 0) {
            close(purge->done);
        }
        free(purge);
        errno = error;
        return NULL;
    }
    return purge;
}

int ra_purge_fd(const struct ra_purge *purge)
{
    return purge->done;
}

bool ra_purge_is_done(const struct ra_purge *purge)
{
    return atomic_load(&purge->is_done);
}

struct ra_purge_outcome ra_purge_outcome(const struct ra_purge *purge)
{
    return purge->outcome;
}

void ra_purge_free(struct ra_purge *purge)
{
    if (purge) {
        let_go(purge);
    }
}
