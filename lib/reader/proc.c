/* What /proc says of a process: opening and reading its files. */
#include "reader/proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool ra_proc_is_mounted(void)
{
    return access("/proc/self/stat", F_OK) == 0;
}

bool ra_proc_is_own(void)
{
    struct ra_proc_status status;
    int dir = ra_proc_open(getpid());
    bool is_own = false;

    if (dir >= 0) {
        char self[32] = "";

        is_own = ra_proc_read_status(dir, &status) && status.pid_depth == 1 &&
                 readlink("/proc/self", self, sizeof(self) - 1) > 0 && atoi(self) == getpid();
        close(dir);
    }
    return is_own;
}

bool ra_proc_is_want(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOMEM;
}

int ra_proc_open(pid_t pid)
{
    char path[32];

    snprintf(path, sizeof(path), "/proc/%d", (int)pid);
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

pid_t ra_proc_next_number(void *dirstream)
{
    struct dirent *entry;

    while ((entry = readdir(dirstream)) != NULL) {
        char *end;
        long number = strtol(entry->d_name, &end, 10);

        if (*end == '\0' && number > 0 && number <= INT32_MAX) {
            return (pid_t)number;
        }
    }
    return 0;
}

int ra_proc_open_thread(int dir)
{
    int tasks = openat(dir, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = tasks < 0 ? NULL : fdopendir(tasks);
    int found = -1;
    pid_t tid;

    if (stream == NULL) {
        if (tasks >= 0) {
            close(tasks);
        }
        return -1;
    }
    while (found < 0 && (tid = ra_proc_next_number(stream)) != 0) {
        struct ra_proc_status status;
        char name[16];

        snprintf(name, sizeof(name), "%d", (int)tid);
        found = openat(tasks, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (found >= 0 && (!ra_proc_read_status(found, &status) || status.state == 'Z')) {
            close(found);
            found = -1;
        }
    }
    closedir(stream);
    return found;
}

/* Read from file up to capacity bytes. Returns how many, or -1. */
static ssize_t read_all(int file, char *buffer, size_t capacity)
{
    size_t done = 0;

    while (done < capacity) {
        ssize_t got = read(file, buffer + done, capacity - done);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return -1;
        }
        if (got == 0) {
            break;
        }
        done += (size_t)got;
    }
    return (ssize_t)done;
}

ssize_t ra_proc_read(int dir, const char *name, char *buffer, size_t capacity)
{
    int file = openat(dir, name, O_RDONLY | O_CLOEXEC);
    ssize_t got = -1;

    if (file >= 0) {
        got = read_all(file, buffer, capacity - 1);
        close(file);
    }
    buffer[got < 0 ? 0 : got] = '\0';
    return got;
}

char *ra_proc_slurp(int dir, const char *name, size_t *bytes)
{
    int file = openat(dir, name, O_RDONLY | O_CLOEXEC);
    size_t capacity = 4096;
    size_t done = 0;
    char *text = NULL;
    int error = file < 0 ? errno : 0;
    ssize_t got = 0;

    while (error == 0) {
        char *larger = realloc(text, capacity);

        text = larger == NULL ? text : larger;
        got = larger == NULL ? -1 : read_all(file, text + done, capacity - 1 - done);
        if (got < 0) {
            error = larger == NULL ? ENOMEM : errno;
            break;
        }
        done += (size_t)got;
        if (done < capacity - 1) {
            break;
        }
        capacity *= 2;
        error = capacity > RA_PROC_TEXT_MAX ? EFBIG : 0;
    }
    if (file >= 0) {
        close(file);
    }
    if (error != 0) {
        free(text);
        errno = error;
        return NULL;
    }
    text[done] = '\0';
    *bytes = done;
    return text;
}

uint64_t ra_proc_namespace(int dir, const char *name)
{
    struct stat file;

    return fstatat(dir, name, &file, 0) == 0 ? file.st_ino : 0;
}

const char *ra_proc_variable(const char *environment, size_t bytes, const char *name)
{
    size_t name_bytes = strlen(name);
    const char *end = environment + bytes;

    for (const char *entry = environment; entry < end; entry += strlen(entry) + 1) {
        if (strncmp(entry, name, name_bytes) == 0 && entry[name_bytes] == '=') {
            return entry + name_bytes + 1;
        }
    }
    return NULL;
}
