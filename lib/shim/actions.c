#include "actions.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>

#include "flush.h"
#include "jemalloc.h"
#include "region.h"

/* Ours, or what stands for it where libc is the allocator: nothing of jemalloc's to purge. */
static int malloc_trim_action(struct ra_action *action)
{
    (void)action;
    malloc_trim(0);
    return 0;
}

static int purge_action(struct ra_action *action)
{
    return ra_road.mallctl ? ra_road.mallctl("arena.4096.purge", NULL, NULL, NULL, 0)
                           : malloc_trim_action(action);
}

/* An arena that no thread has used yet can't be told; it begins with what new ones have. */
static void set_decay_of_arenas(ssize_t milliseconds)
{
    unsigned arenas = 0;

    ra_jemalloc_read("arenas.narenas", &arenas, sizeof arenas);
    for (unsigned i = 0; i < arenas; i++) {
        char name[48];

        snprintf(name, sizeof name, "arena.%u.dirty_decay_ms", i);
        ra_road.mallctl(name, NULL, NULL, &milliseconds, sizeof milliseconds);
    }
}

/* The image too: children that are forked from now on inherit the setting. */
static int decay_action(struct ra_action *action)
{
    ssize_t milliseconds = (ssize_t)action->argument;

    if (!ra_road.mallctl) {
        return ENOTSUP;
    }
    if (ra_road.mallctl("arenas.dirty_decay_ms", NULL, NULL, &milliseconds, sizeof milliseconds) !=
        0) {
        return EINVAL;
    }
    set_decay_of_arenas(milliseconds);
    __atomic_store_n(&ra_image.header.conf_dirty_decay_ms, milliseconds, __ATOMIC_RELAXED);
    __atomic_store_n(&RA_CURRENT->header.conf_dirty_decay_ms, milliseconds, __ATOMIC_RELAXED);
    return 0;
}

static int tcache_flush_action(struct ra_action *action)
{
    uint64_t threads = 0;
    int error = ra_flush_ask(&threads);

    if (error == 0) {
        action->threads = threads;
    }
    return error;
}

/* What was answered last. What the region says of it may be another's word. */
static uint32_t done;

void ra_actions_forget(void)
{
    if (done != 0) {
        done = 0;
    }
}

void ra_actions_answer(void)
{
    static int (*const actions[RA_ACTION_COUNT])(struct ra_action *) = {
#define ACTION(name, help) [RA_ACTION_##name] = name##_action,
        RA_ACTIONS(ACTION)
#undef ACTION
    };
    struct ra_action *action = &RA_CURRENT->header.action;
    uint32_t asked = __atomic_load_n(&action->asked, __ATOMIC_ACQUIRE);
    uint32_t id = __atomic_load_n(&action->id, __ATOMIC_RELAXED);

    if (asked == done) {
        return;
    }
    done = asked;
    action->error = id < RA_ACTION_COUNT && actions[id] ? actions[id](action) : EINVAL;
    __atomic_store_n(&action->done, asked, __ATOMIC_RELEASE);
}
