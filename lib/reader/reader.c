/* The reader: opens the region of a process and takes snapshots of it. */
#include "ruby_alloc/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "reader/belong.h"
#include "reader/diagnose.h"
#include "reader/failure.h"
#include "reader/list.h"
#include "reader/program.h"
#include "reader/session.h"

enum ra_status ra_session_open_place(struct ra_reader *reader, struct ra_failure *why)
{
    const int flags = O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    char link[40];
    int fd;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", reader->place.fd);
    fd = open(link, O_RDWR | flags);
    reader->is_writable = fd >= 0;
    if (fd < 0) {
        fd = open(link, O_RDONLY | flags);
    }
    if (fd < 0) {
        int error = errno;

        if (error == EACCES || error == EPERM) {
            return ra_diagnose_denied(reader->target.pid, reader->place.file.st_uid, why);
        }
        return ra_failure_set(why, RA_SYSTEM, "region %s: %s", reader->place.path, strerror(error));
    }
    close(reader->place.fd);
    ra_request_release(&reader->request);
    reader->place.fd = fd;
    reader->is_checked = false;
    reader->is_asked = false;
    return RA_OK;
}

static void settle(struct ra_reader *reader, int own_allocator)
{
    const struct ra_target *target = &reader->target;

    reader->own_allocator = own_allocator;
    /* btime of /proc/stat lacks the fraction, which a process of half a second would miss. */
    reader->boot_time =
        (int64_t)(ra_session_clock(CLOCK_REALTIME) - ra_session_clock(CLOCK_BOOTTIME));
    reader->is_foreign = target->status.pid_depth > 1 &&
                         target->pid_namespace != ra_proc_namespace(AT_FDCWD, "/proc/self/ns/pid");
}

void ra_session_settle(struct ra_reader *reader)
{
    const struct ra_target *target = &reader->target;

    settle(reader, target->dir >= 0 ? ra_program_has_allocator(target->memory_dir) : -1);
}

/* With a /proc that another namespace mounted, nobody can tell whether its process is dead. */
static enum ra_status find_left(struct ra_reader *reader, const struct ra_list *list,
                                struct ra_failure *why)
{
    enum ra_status status = list == NULL ? ra_locate_left(&reader->target, &reader->place, why)
                                         : ra_list_left(list, &reader->target, &reader->place, why);

    if (status == RA_OK && !ra_proc_is_own()) {
        return ra_failure_set(why, RA_SYSTEM,
                              "process %d has a region, but /proc shows another pid namespace than "
                              "this one: mount this one's (mount -t proc proc /proc)",
                              (int)reader->target.pid);
    }
    return status;
}

static enum ra_status find_place(struct ra_reader *reader, const struct ra_list *list,
                                 struct ra_failure *why)
{
    struct ra_target *target = &reader->target;
    enum ra_status status;

    if (target->dir < 0) {
        status = find_left(reader, list, why);
        return status == RA_NO_REGION ? ra_diagnose_absent(target->pid, why) : status;
    }
    status = ra_locate_living(target, &reader->place, why);
    if (status != RA_NO_REGION) {
        return status;
    }
    status = find_left(reader, list, why);
    if (status == RA_OK) {
        ra_target_close(target); /* the region is of an earlier process with this pid */
    }
    return status == RA_OK || status == RA_SYSTEM ? status : ra_diagnose_living(target, why);
}

/* Only the living make regions, and what was begun more than a second ago is never finished. */
static int ready_ms(const struct ra_reader *reader)
{
    const time_t longest_seconds = 1;

    return reader->target.dir >= 0 && time(NULL) - reader->place.file.st_ctime <= longest_seconds
               ? reader->ready_ms
               : 0;
}

/* Copy the region and take it apart into snapshot. */
static enum ra_status read_region(struct ra_reader *reader, struct ra_snapshot *snapshot,
                                  struct ra_failure *why)
{
    enum ra_status status =
        ra_copy_take(&reader->copy, reader->place.fd, reader->place.path, ready_ms(reader), why);

    snapshot->monotonic_ns = ra_session_clock(CLOCK_MONOTONIC);
    snapshot->boottime_ns = ra_session_clock(CLOCK_BOOTTIME);
    snapshot->realtime_ns = ra_session_clock(CLOCK_REALTIME);
    if (status != RA_OK) {
        return status;
    }
    return ra_image_parse(&snapshot->image, reader->copy.data, reader->copy.bytes,
                          reader->place.path, why);
}

/* A reader whose region is open. list: where the dead have left theirs; NULL: to be found. */
static enum ra_status open_reader(struct ra_reader **opened, pid_t pid, struct ra_list *list,
                                  struct ra_failure *why)
{
    struct ra_reader *reader = calloc(1, sizeof(*reader));
    enum ra_status status;

    *opened = NULL;
    if (reader == NULL) {
        return ra_failure_set(why, RA_SYSTEM, "no memory");
    }
    reader->place.fd = -1;
    reader->ready_ms = RA_SESSION_READY_MS;
    ra_target_open(&reader->target, pid);
    status = reader->target.error != 0 ? ra_diagnose_want(&reader->target, why)
                                       : find_place(reader, list, why);
    if (status == RA_OK) {
        status = ra_session_open_place(reader, why);
    }
    if (status != RA_OK) {
        ruby_alloc_reader_close(reader);
        return status;
    }
    if (list == NULL) {
        ra_session_settle(reader);
    } else {
        settle(reader, ra_list_own_allocator(list, &reader->target));
    }
    *opened = reader;
    return RA_OK;
}

enum ra_status ruby_alloc_reader_open(struct ra_reader **opened, pid_t pid, struct ra_failure *why)
{
    enum ra_status status = open_reader(opened, pid, NULL, why);
    struct ra_snapshot *snapshot;

    if (status != RA_OK) {
        return status;
    }
    snapshot = calloc(1, sizeof(*snapshot));
    status = snapshot == NULL ? ra_failure_set(why, RA_SYSTEM, "no memory")
                              : read_region(*opened, snapshot, why);
    ruby_alloc_snapshot_free(snapshot);
    if (status != RA_OK) {
        ruby_alloc_reader_close(*opened);
        *opened = NULL;
    }
    return status;
}

enum ra_status ra_list_open(struct ra_reader **opened, struct ra_list *list, size_t index,
                            int ready_ms, struct ra_failure *why)
{
    enum ra_status status = open_reader(opened, list->regions[index].pid, list, why);

    if (status == RA_OK) {
        (*opened)->is_thrifty = true;
        (*opened)->ready_ms = ready_ms;
    }
    return status;
}

void ruby_alloc_reader_close(struct ra_reader *reader)
{
    if (reader == NULL) {
        return;
    }
    if (reader->place.fd >= 0) {
        close(reader->place.fd);
    }
    ra_target_close(&reader->target);
    ra_request_release(&reader->request);
    ra_copy_release(&reader->copy);
    ra_names_release(&reader->names);
    free(reader);
}

/* Drops target.dir when it does not. What can't be read now, for want of a descriptor, lives on. */
bool ra_session_look_alive(struct ra_reader *reader)
{
    struct ra_target *target = &reader->target;
    struct ra_proc_status status;

    if (target->dir < 0) {
        return false;
    }
    if (ra_proc_read_status(target->dir, &status)) {
        target->status = status;
    } else if (ra_proc_is_want(errno)) {
        return true;
    } else {
        status.state = 'X';
    }
    if (!ra_proc_is_alive(&status)) {
        ra_target_close(target);
    }
    return target->dir >= 0;
}

/* Who counted in it has ended, or is now another program: nothing will change any more. */
static enum ra_status stay_with_removed(struct ra_reader *reader)
{
    if (ra_session_look_alive(reader) &&
        ra_belong_is_mapped(&reader->target, &reader->place) == 0) {
        ra_target_close(&reader->target);
    }
    return RA_OK;
}

/*
 * The file was removed: by an end, by an exec of another counted program (which
 * made a new one), or by a third party while the process goes on counting.
 */
static enum ra_status follow_removed(struct ra_reader *reader, struct ra_failure *why)
{
    struct ra_place place;
    enum ra_status status;

    if (reader->is_bound) {
        return stay_with_removed(reader);
    }
    if (!ra_session_look_alive(reader)) {
        return ra_failure_set(why, RA_ABSENT, "process %d has ended", (int)reader->target.pid);
    }
    if (ra_locate_living(&reader->target, &place, NULL) == RA_OK) {
        close(reader->place.fd);
        reader->place = place;
        status = ra_session_open_place(reader, why);
        if (status == RA_OK) {
            ra_session_settle(reader);
        }
        return status;
    }
    if (ra_belong_is_mapped(&reader->target, &reader->place) == 1) {
        return RA_OK;
    }
    return ra_failure_set(why, RA_ABSENT, "process %d is ending: it has removed its region",
                          (int)reader->target.pid);
}

/* Where its mappings may not be read, the file must at least be its user's. */
static void check_detached(struct ra_reader *reader)
{
    int mapped = ra_belong_is_mapped(&reader->target, &reader->place);

    reader->is_detached =
        mapped == 0 || (mapped < 0 && !ra_belong_is_owner(&reader->target, &reader->place));
    reader->is_checked = true;
}

static uint32_t read_word(const struct ra_reader *reader, off_t at)
{
    uint32_t word = 0;

    return pread(reader->place.fd, &word, sizeof(word), at) == sizeof(word) ? word : 0;
}

static bool is_late(const struct ra_reader *reader)
{
    return read_word(reader, offsetof(struct ra_header, sampler_tid)) == RA_SAMPLER_LATE;
}

/* A file that is not this process's after all (it had two names for a moment) is not written to. */
static bool has_sampler(const struct ra_reader *reader)
{
    return read_word(reader, offsetof(struct ra_header, sampler_tid)) != 0 && !is_late(reader) &&
           read_word(reader, offsetof(struct ra_header, pid)) ==
               (uint32_t)reader->target.status.inner_pid;
}

/* Send a request, unless nobody is there to answer it. */
static bool send_request(struct ra_reader *reader)
{
    if (!reader->is_checked) {
        check_detached(reader);
    }
    return !reader->is_detached && reader->is_writable && has_sampler(reader) &&
           ra_request_send(&reader->request, reader->place.fd);
}

bool ra_session_has_answered(const struct ra_reader *reader)
{
    return !reader->is_asked || ra_request_wait(&reader->request, reader->place.fd, 0);
}

bool ra_session_is_stopped(const struct ra_reader *reader)
{
    char state = reader->target.status.state;

    return reader->target.dir >= 0 && (state == 'T' || state == 't');
}

const char *ra_session_why_silent(const struct ra_reader *reader)
{
    return ra_session_is_stopped(reader) ? "it is stopped: kill -CONT lets it go on"
                                         : "is the machine overloaded?";
}

enum ra_status ra_session_look(struct ra_reader *reader, struct ra_failure *why)
{
    enum ra_status status = RA_OK;
    int pid = (int)reader->target.pid;
    struct stat file;

    if (ra_session_look_alive(reader) && fstat(reader->place.fd, &file) == 0 &&
        file.st_nlink == 0) {
        status = follow_removed(reader, why);
    }
    if (status != RA_OK) {
        return status;
    }
    if (reader->target.dir < 0) {
        return ra_failure_set(why, RA_ABSENT, "process %d has ended: nothing can be asked of it",
                              pid);
    }
    check_detached(reader);
    if (reader->is_detached) {
        return ra_failure_set(why, RA_NO_REGION,
                              "process %d no longer counts in its region: nothing can be asked of "
                              "it",
                              pid);
    }
    if (!reader->is_writable) {
        return ra_failure_set(why, RA_DENIED,
                              "the region of process %d can't be written to: only its user and "
                              "root may ask it to do something",
                              pid);
    }
    if (is_late(reader)) {
        return ra_failure_set(
            why, RA_TIMEOUT,
            "process %d can't answer yet: it has hardly allocated since its fork, "
            "and its helper thread starts as it does",
            pid);
    }
    if (read_word(reader, offsetof(struct ra_header, flags)) & RA_FLAG_ALONE) {
        return ra_failure_set(why, RA_SYSTEM,
                              "process %d has no helper thread that could answer: it was started "
                              "with RUBY_ALLOC_HELPER=0",
                              pid);
    }
    if (!has_sampler(reader)) {
        return ra_failure_set(why, RA_SYSTEM,
                              "process %d has no helper thread that could answer: it could not be "
                              "started, or the process is ending; RUBY_ALLOC_LOG of the process "
                              "tells why",
                              pid);
    }
    return RA_OK;
}

void ra_session_ask(struct ra_reader *reader)
{
    reader->is_asked = reader->target.dir >= 0 && send_request(reader);
}

void ruby_alloc_reader_ask(struct ra_reader *reader)
{
    reader->is_thrifty = true;
    ra_session_ask(reader);
}

/* Have a fresh sample. Returns RA_OK also where nobody is there to be asked. */
static enum ra_status ask(struct ra_reader *reader, int wait_ms, struct ra_failure *why)
{
    bool is_asked = reader->is_asked;

    reader->is_asked = false;
    if (!(is_asked || (wait_ms > 0 && send_request(reader))) ||
        ra_request_wait(&reader->request, reader->place.fd, wait_ms) ||
        !ra_session_look_alive(reader)) {
        return RA_OK;
    }
    check_detached(reader);
    if (reader->is_detached) {
        return RA_OK;
    }
    return ra_failure_set(why, RA_TIMEOUT,
                          "process %d did not answer in time (%s); jemalloc's figures are old",
                          (int)reader->target.pid, ra_session_why_silent(reader));
}

static enum ra_status take(struct ra_reader *reader, int wait_ms, struct ra_snapshot *snapshot,
                           struct ra_failure *why)
{
    bool is_alive = ra_session_look_alive(reader);
    enum ra_status asked = RA_OK;
    enum ra_status status = RA_OK;
    struct stat file;

    if (fstat(reader->place.fd, &file) == 0) {
        reader->place.file.st_uid = file.st_uid; /* it goes with a process that gives up root */
        status = file.st_nlink == 0 ? follow_removed(reader, why) : RA_OK;
        is_alive &= reader->target.dir >= 0;
    }
    if (status == RA_OK && is_alive && !reader->is_checked) {
        check_detached(reader);
    }
    if (status == RA_OK && is_alive) {
        asked = ask(reader, wait_ms, why);
    }
    if (status == RA_OK) {
        status = read_region(reader, snapshot, why);
    }
    if (status != RA_OK) {
        return status;
    }
    snapshot->device = reader->place.file.st_dev;
    snapshot->inode = reader->place.file.st_ino;
    snapshot->pid = reader->target.pid;
    snapshot->uid = reader->place.file.st_uid;
    snapshot->boot_time = reader->boot_time;
    snapshot->state = RA_STATE_EXITED;
    snapshot->start_ticks = snapshot->image.header.start_ticks;
    if (reader->target.dir >= 0) {
        snapshot->state = reader->is_detached ? RA_STATE_DETACHED : RA_STATE_RUNNING;
        ra_session_describe(reader, snapshot);
    }
    return asked;
}

enum ra_status ruby_alloc_reader_snapshot(struct ra_reader *reader, int wait_ms,
                                          struct ra_snapshot **taken, struct ra_failure *why)
{
    struct ra_snapshot *snapshot = calloc(1, sizeof(*snapshot));
    enum ra_status status;

    *taken = NULL;
    if (snapshot == NULL) {
        return ra_failure_set(why, RA_SYSTEM, "no memory for a snapshot");
    }
    status = take(reader, wait_ms, snapshot, why);
    if (reader->is_thrifty) {
        ra_copy_release(&reader->copy); /* many of them would keep many */
    }
    if (status != RA_OK && status != RA_TIMEOUT) {
        ruby_alloc_snapshot_free(snapshot);
        return status;
    }
    *taken = snapshot;
    return status;
}

bool ruby_alloc_reader_has_ended(struct ra_reader *reader)
{
    struct stat file;

    if (ra_session_look_alive(reader) && reader->is_bound && fstat(reader->place.fd, &file) == 0 &&
        file.st_nlink == 0) {
        stay_with_removed(reader);
    }
    return reader->target.dir < 0;
}

void ruby_alloc_snapshot_free(struct ra_snapshot *snapshot)
{
    if (snapshot == NULL) {
        return;
    }
    ra_image_release(&snapshot->image);
    free(snapshot->names);
    free(snapshot);
}
