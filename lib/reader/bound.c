/* Readers that are bound to a file rather than to a process. */
#include "ruby_alloc/reader.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reader/belong.h"
#include "reader/failure.h"
#include "reader/session.h"

/* The pid, as the caller sees it, of the process with this pid in another namespace; 0: none. */
static pid_t find_foreigner(const struct ra_region_name *name)
{
    DIR *stream = opendir("/proc");
    pid_t found = 0;
    pid_t pid;

    while (found == 0 && stream != NULL && (pid = ra_proc_next_number(stream)) != 0) {
        struct ra_proc_status status;
        int dir = ra_proc_open(pid);

        if (dir >= 0 && ra_proc_namespace(dir, "ns/pid") == name->pid_namespace &&
            ra_proc_read_status(dir, &status) && status.inner_pid == name->pid) {
            found = pid;
        }
        if (dir >= 0) {
            close(dir);
        }
    }
    if (stream != NULL) {
        closedir(stream);
    }
    return found;
}

/* Its process, if that is still there; else the pid alone. The target has no directories yet. */
static void open_target(struct ra_target *target, const struct ra_region_name *name)
{
    pid_t pid = name->pid;

    if (name->pid_namespace != ra_proc_namespace(AT_FDCWD, "/proc/self/ns/pid")) {
        pid = find_foreigner(name);
    }
    if (pid != 0) {
        ra_target_open(target, pid);
    }
    if (target->dir >= 0 && target->start_ticks != name->start_ticks) {
        ra_target_close(target); /* a later process with this pid */
    }
    target->pid = pid != 0 ? pid : name->pid;
}

static enum ra_status open_file(struct ra_reader *reader, int dir, const char *name,
                                struct ra_failure *why)
{
    struct ra_place *place = &reader->place;

    snprintf(place->path, sizeof(place->path), "%s", name);
    place->fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (place->fd < 0 || fstat(place->fd, &place->file) != 0) {
        return ra_failure_set(why, errno == ENOENT ? RA_ABSENT : RA_SYSTEM, "region %s: %s", name,
                              strerror(errno));
    }
    if (!S_ISREG(place->file.st_mode) || place->file.st_nlink > 1) {
        return ra_failure_set(why, RA_DAMAGED,
                              "region %s is not a regular file with one name: remove it", name);
    }
    return ra_session_open_place(reader, why);
}

enum ra_status ruby_alloc_reader_open_at(struct ra_reader **opened, int dir, const char *name,
                                         struct ra_failure *why)
{
    struct ra_reader *reader = calloc(1, sizeof(*reader));
    struct ra_region_name parsed;
    enum ra_status status = RA_OK;

    *opened = NULL;
    if (reader == NULL) {
        return ra_failure_set(why, RA_SYSTEM, "no memory");
    }
    reader->place.fd = -1;
    reader->target.dir = -1;
    reader->target.memory_dir = -1;
    reader->is_bound = true;
    reader->ready_ms = RA_SESSION_READY_MS;
    if (!ra_region_name_parse(name, &parsed)) {
        status = ra_failure_set(why, RA_DAMAGED, "%s is not the name of a region", name);
    }
    /* The file first: its process may be about to end, and to remove it. */
    if (status == RA_OK) {
        reader->target.pid = parsed.pid;
        status = open_file(reader, dir, name, why);
    }
    if (status != RA_OK) {
        ruby_alloc_reader_close(reader);
        return status;
    }
    open_target(&reader->target, &parsed);
    if (reader->target.dir >= 0 && !ra_belong_is_region(&reader->target, &reader->place)) {
        status = ra_failure_set(why, RA_DAMAGED, "region %s is not of process %d: user %u made it",
                                name, (int)reader->target.pid, (unsigned)reader->place.file.st_uid);
        ruby_alloc_reader_close(reader);
        return status;
    }
    ra_session_settle(reader);
    *opened = reader;
    return RA_OK;
}

void ruby_alloc_reader_stay(struct ra_reader *reader)
{
    reader->is_bound = true;
}
