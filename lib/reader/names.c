/*
 * Names: the threads of a process in /proc, kept from one look to the next.
 *
 * A file of /proc for each thread and look would cost more than all the rest on a
 * server with many threads.
 */
#include "reader/names.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void read_name(struct ra_thread_name *entry, int proc_dir)
{
    char path[64];

    snprintf(path, sizeof(path), "task/%d/comm", (int)entry->tid);
    if (ra_proc_read(proc_dir, path, entry->name, sizeof(entry->name)) > 0) {
        entry->name[strcspn(entry->name, "\n")] = '\0';
    } else {
        entry->name[0] = '\0';
    }
}

/* Find the tid here of each entry without one, by what NSpid says it is inside. */
static void translate(struct ra_names *names, int proc_dir)
{
    int tasks = openat(proc_dir, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = tasks < 0 ? NULL : fdopendir(tasks);
    pid_t tid;

    if (stream == NULL) {
        if (tasks >= 0) {
            close(tasks);
        }
        return;
    }
    while ((tid = ra_proc_next_number(stream)) != 0) {
        struct ra_proc_status status;
        char path[32];
        int dir;

        snprintf(path, sizeof(path), "%d", (int)tid);
        dir = openat(tasks, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dir < 0) {
            continue;
        }
        if (ra_proc_read_status(dir, &status)) {
            for (size_t i = 0; i < names->count; i++) {
                if (names->entries[i].tid == 0 &&
                    names->entries[i].inner_tid == (uint32_t)status.inner_pid) {
                    names->entries[i].tid = tid;
                }
            }
        }
        close(dir);
    }
    closedir(stream);
}

static bool resize(struct ra_names *names, size_t count)
{
    struct ra_thread_name *larger;

    if (count <= names->count) {
        return true;
    }
    larger = realloc(names->entries, count * sizeof(*larger));
    if (larger == NULL) {
        return false;
    }
    memset(larger + names->count, 0, (count - names->count) * sizeof(*larger));
    names->entries = larger;
    names->count = count;
    return true;
}

void ra_names_update(struct ra_names *names, const struct ra_image *image, int proc_dir,
                     bool foreign, bool again)
{
    bool unknown = false;

    if (!resize(names, image->thread_count)) {
        return;
    }
    for (size_t i = 0; i < image->thread_count; i++) {
        struct ra_thread_name *entry = &names->entries[i];
        uint32_t tid = image->threads[i].state == RA_SLOT_LIVE ? image->threads[i].tid : 0;

        if (entry->inner_tid == tid && !again) {
            continue;
        }
        memset(entry, 0, sizeof(*entry));
        entry->inner_tid = tid;
        if (tid != 0 && tid <= INT32_MAX) {
            entry->tid = foreign ? 0 : (pid_t)tid;
            unknown = true;
        }
    }
    if (unknown && foreign) {
        translate(names, proc_dir);
    }
    for (size_t i = 0; unknown && i < image->thread_count; i++) {
        if (names->entries[i].tid != 0 && names->entries[i].name[0] == '\0') {
            read_name(&names->entries[i], proc_dir);
        }
    }
}

struct ra_thread_name *ra_names_copy(const struct ra_names *names)
{
    struct ra_thread_name *copy;

    if (names->count == 0) {
        return NULL;
    }
    copy = malloc(names->count * sizeof(*copy));
    if (copy != NULL) {
        memcpy(copy, names->entries, names->count * sizeof(*copy));
    }
    return copy;
}

void ra_names_release(struct ra_names *names)
{
    free(names->entries);
    memset(names, 0, sizeof(*names));
}
