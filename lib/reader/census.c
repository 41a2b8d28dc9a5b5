/* Census: whether the process that a region is named after still lives. */
#include "reader/census.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reader/belong.h"
#include "reader/grow.h"
#include "ruby_alloc/report.h"

/* The inode of the first pid namespace, below which all others are (PROC_PID_INIT_INO). */
#define FIRST_NAMESPACE UINT64_C(0xeffffffc)

static const char hidden[] = "/proc hides the process that now has its pid";
static const char in_use[] = "the process that now has its pid may not be looked at";
static const char out_of_sight[] =
    "it is of another pid namespace, whose processes can't all be seen from here";
static const char wrong_proc[] = "/proc shows another pid namespace than this one";
static const char incomplete[] =
    "the list of processes is not complete: memory, descriptors or rights are missing";

static void begin(struct ra_census *census)
{
    struct ra_proc_status status;
    int first = ra_proc_open(1);

    census->is_begun = true;
    census->own_namespace = ra_proc_namespace(AT_FDCWD, "/proc/self/ns/pid");
    census->is_own_proc = ra_proc_is_own();
    census->sees_all = census->is_own_proc && first >= 0 && ra_proc_read_status(first, &status);
    if (first >= 0) {
        close(first);
    }
}

static bool has_uid(const uid_t uids[4], uid_t uid)
{
    return uids[0] == uid || uids[1] == uid || uids[2] == uid || uids[3] == uid;
}

/*
 * A process lives that has the pid but another start. That it is not the region's is
 * made sure of, as a time namespace shifts the start that is seen from outside.
 */
static enum ra_life judge_successor(const struct ra_target *target, const struct ra_place *place,
                                    const char **reason)
{
    int mapped;

    if (target->status.tgid != target->pid || target->status.rss == RA_UNKNOWN) {
        return RA_LIFE_DEAD; /* a thread, or the kernel's own: never made a region */
    }
    mapped = ra_belong_is_mapped(target, place);
    if (mapped < 0 && (geteuid() == 0 || has_uid(target->status.uids, place->file.st_uid))) {
        *reason = in_use;
        return RA_LIFE_UNKNOWN;
    }
    return mapped == 1 ? RA_LIFE_LIVING : RA_LIFE_DEAD;
}

static enum ra_life judge_pid(pid_t pid, uint64_t start_ticks, const struct ra_place *place,
                              const char **reason)
{
    struct ra_proc_status status;
    struct ra_target target;
    enum ra_life life = RA_LIFE_DEAD;
    int dir;

    ra_target_open(&target, pid);
    if (target.dir >= 0) {
        life = target.start_ticks == start_ticks ? RA_LIFE_LIVING
                                                 : judge_successor(&target, place, reason);
        ra_target_close(&target);
        return life;
    }
    if (kill(pid, 0) != 0 && errno == ESRCH) {
        return RA_LIFE_DEAD;
    }
    dir = ra_proc_open(pid);
    if (dir < 0 || !ra_proc_read_status(dir, &status) || ra_proc_is_alive(&status)) {
        *reason = hidden;
        life = RA_LIFE_UNKNOWN;
    }
    if (dir >= 0) {
        close(dir);
    }
    return life;
}

/* A process that ends meanwhile is none to list; any other that can't be looked at may be the one. */
static bool has_ended(int error)
{
    return error == ENOENT || error == ESRCH;
}

static void add_entry(struct ra_census *census, pid_t pid)
{
    struct ra_census_entry entry = {.pid = pid};
    struct ra_census_entry *entries;
    struct ra_proc_status status;
    int dir = ra_proc_open(pid);

    if (dir < 0 || !ra_proc_read_status(dir, &status) ||
        !ra_proc_read_start(dir, &entry.start_ticks)) {
        census->has_failed |= !has_ended(errno);
    } else if (ra_proc_is_alive(&status)) {
        entries = ra_grown(census->entries, &census->capacity, census->count, sizeof(entry), 256);
        census->has_failed |= entries == NULL;
        entry.inner_pid = status.inner_pid;
        entry.pid_namespace =
            status.pid_depth == 1 ? census->own_namespace : ra_proc_namespace(dir, "ns/pid");
        memcpy(entry.uids, status.uids, sizeof(entry.uids));
        if (entries != NULL) {
            census->entries = entries;
            entries[census->count++] = entry;
        }
    }
    if (dir >= 0) {
        close(dir);
    }
}

static void take(struct ra_census *census)
{
    DIR *stream = opendir("/proc");
    pid_t pid;

    census->is_taken = true;
    if (stream == NULL) {
        census->sees_all = false;
        return;
    }
    errno = 0;
    while ((pid = ra_proc_next_number(stream)) != 0) {
        add_entry(census, pid);
        errno = 0;
    }
    census->has_failed |= errno != 0;
    closedir(stream);
}

/* A namespace in which a process is seen is below the caller's, and so are all others in it. */
static enum ra_life judge_foreign(const struct ra_census *census, const struct ra_region_name *name,
                                  const struct ra_place *place, const char **reason)
{
    bool is_below = census->own_namespace == FIRST_NAMESPACE;
    bool is_doubtful = false;

    for (size_t i = 0; i < census->count; i++) {
        const struct ra_census_entry *entry = &census->entries[i];

        is_below |= entry->pid_namespace == name->pid_namespace;
        if (entry->inner_pid != name->pid) {
            continue;
        }
        if (entry->pid_namespace == name->pid_namespace) {
            return judge_pid(entry->pid, name->start_ticks, place, reason);
        }
        is_doubtful |= entry->pid_namespace == 0 && (entry->start_ticks == name->start_ticks ||
                                                     has_uid(entry->uids, place->file.st_uid));
    }
    if (is_doubtful) {
        *reason = in_use;
        return RA_LIFE_UNKNOWN;
    }
    if (!is_below || !census->sees_all) {
        *reason = out_of_sight;
        return RA_LIFE_UNKNOWN;
    }
    return RA_LIFE_DEAD;
}

enum ra_life ra_census_judge(struct ra_census *census, const struct ra_region_name *name,
                             const struct ra_place *place, const char **reason)
{
    enum ra_life life;

    if (!census->is_begun) {
        begin(census);
    }
    if (!census->is_own_proc || census->own_namespace == 0) {
        *reason = wrong_proc;
        return RA_LIFE_UNKNOWN;
    }
    if (name->pid_namespace == census->own_namespace) {
        return judge_pid(name->pid, name->start_ticks, place, reason);
    }
    if (!census->is_taken) {
        take(census);
    }
    life = judge_foreign(census, name, place, reason);
    if (life == RA_LIFE_DEAD && census->has_failed) {
        *reason = incomplete;
        return RA_LIFE_UNKNOWN;
    }
    return life;
}

void ra_census_release(struct ra_census *census)
{
    free(census->entries);
    memset(census, 0, sizeof(*census));
}
