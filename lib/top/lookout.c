/*
 * Looking for regions in a thread.
 *
 * The lookout belongs to two, its thread and who started it: the last to let go frees it.
 */
#include "top/lookout.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "top/worker.h"

struct ra_lookout {
    atomic_int owners;
    atomic_bool is_over; /* what the thread wrote before it is seen after it */
    int over;            /* an eventfd, by which it wakes who waits */
    bool is_good;
    struct ra_list list;
};

static void let_go(struct ra_lookout *lookout)
{
    if (atomic_fetch_sub(&lookout->owners, 1) == 1) {
        ra_list_release(&lookout->list);
        close(lookout->over);
        free(lookout);
    }
}

static void *run(void *context)
{
    struct ra_lookout *lookout = context;
    struct ra_failure why;
    const uint64_t one = 1;
    ssize_t written;

    lookout->is_good = ra_list_make(&lookout->list, &why) == RA_OK;
    atomic_store(&lookout->is_over, true);
    written = write(lookout->over, &one, sizeof one);
    (void)written;
    let_go(lookout);
    return NULL;
}

struct ra_lookout *ra_lookout_start(void)
{
    struct ra_lookout *lookout = calloc(1, sizeof *lookout);

    if (!lookout) {
        return NULL;
    }
    atomic_init(&lookout->owners, 2);
    atomic_init(&lookout->is_over, false);
    lookout->over = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (lookout->over < 0) {
        free(lookout);
        return NULL;
    }
    if (!ra_worker_start(run, lookout)) {
        run(lookout);
    }
    return lookout;
}

int ra_lookout_fd(const struct ra_lookout *lookout)
{
    return lookout->over;
}

bool ra_lookout_is_over(const struct ra_lookout *lookout)
{
    return atomic_load(&lookout->is_over);
}

bool ra_lookout_take(struct ra_lookout *lookout, struct ra_list *list)
{
    *list = lookout->list;
    memset(&lookout->list, 0, sizeof lookout->list);
    return lookout->is_good;
}

void ra_lookout_free(struct ra_lookout *lookout)
{
    if (lookout) {
        let_go(lookout);
    }
}
