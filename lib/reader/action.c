/*
 * Actions: having the process do something beside a sample, see struct ra_action.
 *
 * What is written is the few bytes of that protocol, into a file that was found to be the
 * process's region; what is read is compared, never followed.
 */
#include "ruby_alloc/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "reader/failure.h"
#include "reader/session.h"
#include "reader/wait.h"
#include "ruby_alloc/region.h"

enum { FIRST_PAUSE_US = 50, ERRNO_MAX = 4095 };

#define AT(field) ((off_t)(offsetof(struct ra_header, action) + offsetof(struct ra_action, field)))

const char *ruby_alloc_action_name(uint32_t action)
{
    static const char *const names[RA_ACTION_COUNT] = {
#define ACTION(name, help) [RA_ACTION_##name] = #name,
        RA_ACTIONS(ACTION)
#undef ACTION
    };

    return action < RA_ACTION_COUNT ? names[action] : NULL;
}

static bool read_action(const struct ra_reader *reader, struct ra_action *action)
{
    return pread(reader->place.fd, action, sizeof(*action), offsetof(struct ra_header, action)) ==
           sizeof(*action);
}

static bool write_word(const struct ra_reader *reader, off_t at, uint32_t word)
{
    return pwrite(reader->place.fd, &word, sizeof(word), at) == sizeof(word);
}

/*
 * The lock is of the open file, so that two readers in one process exclude each other
 * too. It goes with the file if we are killed.
 */
static bool lock(const struct ra_reader *reader, short type)
{
    struct flock range = {.l_type = type,
                          .l_whence = SEEK_SET,
                          .l_start = offsetof(struct ra_header, action),
                          .l_len = sizeof(struct ra_action)};

    return fcntl(reader->place.fd, F_OFD_SETLK, &range) == 0;
}

static enum ra_status take_lock(const struct ra_reader *reader, struct ra_wait *wait,
                                struct ra_failure *why)
{
    while (!lock(reader, F_WRLCK)) {
        if (errno != EAGAIN && errno != EACCES && errno != EINTR) {
            return ra_failure_set(why, RA_SYSTEM, "region %s can't be locked: %s",
                                  reader->place.path, strerror(errno));
        }
        if (!ra_wait_on(wait)) {
            return ra_failure_set(why, RA_TIMEOUT,
                                  "another program is asking process %d to do something, and has "
                                  "no answer yet; nothing was asked: try again",
                                  (int)reader->target.pid);
        }
    }
    wait->pause_us = FIRST_PAUSE_US;
    return RA_OK;
}

/* asked last, and the request for a sample after it: that is what wakes the process. */
static enum ra_status send(struct ra_reader *reader, struct ra_action *action,
                           struct ra_failure *why)
{
    if (pwrite(reader->place.fd, &action->id, sizeof(action->id), AT(id)) != sizeof(action->id) ||
        pwrite(reader->place.fd, &action->argument, sizeof(action->argument), AT(argument)) !=
            sizeof(action->argument) ||
        !write_word(reader, AT(asked), action->asked) ||
        !ra_request_send(&reader->request, reader->place.fd)) {
        return ra_failure_set(why, RA_SYSTEM, "region %s can't be written to: %s",
                              reader->place.path, strerror(errno));
    }
    return RA_OK;
}

static enum ra_status no_answer(struct ra_reader *reader, struct ra_failure *why)
{
    int pid = (int)reader->target.pid;

    write_word(reader, AT(id), RA_ACTION_NONE);
    if (!ra_session_look_alive(reader)) {
        return ra_failure_set(why, RA_ABSENT, "process %d ended before it answered", pid);
    }
    return ra_failure_set(why, RA_TIMEOUT,
                          "process %d did not answer in time (%s); the request was withdrawn", pid,
                          ra_session_why_silent(reader));
}

/* Ends early where the process does: nobody will answer. */
static enum ra_status await(struct ra_reader *reader, struct ra_wait *wait,
                            struct ra_action *action, struct ra_failure *why)
{
    uint32_t asked = action->asked;

    for (;;) {
        if (!read_action(reader, action)) {
            return ra_failure_set(why, RA_DAMAGED, "region %s was cut off while it was being read",
                                  reader->place.path);
        }
        if (action->done == asked) {
            return RA_OK;
        }
        if ((wait->pause_us >= RA_WAIT_LAST_PAUSE_US && !ra_session_look_alive(reader)) ||
            !ra_wait_on(wait)) {
            return no_answer(reader, why);
        }
    }
}

static enum ra_status refused(const struct ra_reader *reader, int error, struct ra_failure *why)
{
    static const struct {
        int error;
        const char *words;
    } reasons[] = {
        {ENOTSUP, "its allocator has nothing of the kind"},
        {EBUSY, "it has extent hooks of its own, which make that unsafe"},
        {EINVAL, "the allocator takes no such value, or its library is older than this program"},
    };
    int pid = (int)reader->target.pid;

    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (reasons[i].error == error) {
            return ra_failure_set(why, RA_SYSTEM, "process %d can't do that: %s", pid,
                                  reasons[i].words);
        }
    }
    return ra_failure_set(why, RA_SYSTEM, "process %d can't do that: %s", pid,
                          error > 0 && error <= ERRNO_MAX ? strerror(error) : "unknown error");
}

/* The lock is still held, so that others' flushes are not taken for ours. */
static void await_flushes(struct ra_reader *reader, uint64_t before, uint64_t threads,
                          struct ra_acted *acted)
{
    struct ra_wait wait = ra_wait_begin(RA_FLUSH_WAIT_MS, FIRST_PAUSE_US);
    struct ra_action action;

    acted->threads_asked = threads < RA_SLOT_MAX ? threads : RA_SLOT_MAX;
    while (read_action(reader, &action)) {
        uint64_t flushed = action.value - before;

        acted->threads_flushed = flushed < acted->threads_asked ? flushed : acted->threads_asked;
        if (acted->threads_flushed == acted->threads_asked || !ra_wait_on(&wait)) {
            break;
        }
    }
}

/* The caller holds the lock. */
static enum ra_status act(struct ra_reader *reader, struct ra_action wanted, struct ra_wait *wait,
                          struct ra_acted *acted, struct ra_failure *why)
{
    struct ra_action action;
    enum ra_status status;
    uint64_t before;

    if (!read_action(reader, &action)) {
        return ra_failure_set(why, RA_DAMAGED, "region %s was cut off while it was being read",
                              reader->place.path);
    }
    before = action.value;
    wanted.asked = action.asked + 1;
    status = send(reader, &wanted, why);
    if (status == RA_OK) {
        action.asked = wanted.asked;
        status = await(reader, wait, &action, why);
    }
    if (status == RA_OK && action.error != 0) {
        status = refused(reader, action.error, why);
    }
    if (status == RA_OK && wanted.id == RA_ACTION_tcache_flush) {
        await_flushes(reader, before, action.threads, acted);
    }
    return status;
}

enum ra_status ruby_alloc_reader_act(struct ra_reader *reader, uint32_t action, int64_t argument,
                                     int wait_ms, struct ra_acted *acted, struct ra_failure *why)
{
    struct ra_wait wait = ra_wait_begin(wait_ms, FIRST_PAUSE_US);
    enum ra_status status = ra_session_look(reader, why);

    memset(acted, 0, sizeof(*acted));
    if (status == RA_OK) {
        status = take_lock(reader, &wait, why);
    }
    if (status != RA_OK) {
        return status;
    }
    status = act(reader, (struct ra_action){.id = action, .argument = argument}, &wait, acted, why);
    lock(reader, F_UNLCK);
    return status;
}
