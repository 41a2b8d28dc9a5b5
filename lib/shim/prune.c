#include "prune.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base.h"
#include "identity.h"
#include "log.h"

enum { KEEP_SECONDS = 24 * 60 * 60, BUFFER_BYTES = 4096 };

/* What the kernel hands out; libc's readdir would allocate. */
struct entry {
    uint64_t inode;
    int64_t offset;
    uint16_t length;
    uint8_t type;
    char name[];
};

struct name {
    uint64_t pid, start_ticks, pid_namespace;
};

/* All three numbers and nothing behind them, as make_path writes them. */
static bool parse(const char *text, struct name *name)
{
    uint64_t *fields[] = {&name->pid, &name->start_ticks, &name->pid_namespace};
    size_t prefix = strlen(RA_REGION_PREFIX);

    if (strncmp(text, RA_REGION_PREFIX, prefix) != 0) {
        return false;
    }
    text += prefix;
    for (unsigned i = 0; i < 3; i++) {
        char *end;

        if (*text < '0' || *text > '9') {
            return false;
        }
        *fields[i] = strtoull(text, &end, 10);
        if (*end != (i < 2 ? '.' : '\0')) {
            return false;
        }
        text = end + 1;
    }
    return name->pid > 0 && name->pid <= INT32_MAX;
}

/* By the last sample, or the file's own time where there was none. */
static bool is_old(int file, const struct stat *status)
{
    uint64_t sampled_ns = 0;
    time_t last = status->st_mtime;
    struct ra_section section = {0};

    if (pread(file, &section, sizeof section,
              offsetof(struct ra_header, sections[RA_SECTION_sample])) == sizeof section &&
        pread(file, &sampled_ns, sizeof sampled_ns,
              (off_t)(section.offset + offsetof(struct ra_sample, realtime_ns))) ==
            sizeof sampled_ns &&
        (time_t)(sampled_ns / 1000000000u) > last) {
        last = (time_t)(sampled_ns / 1000000000u);
    }
    return time(NULL) - last > KEEP_SECONDS;
}

static void consider(int directory, const char *text)
{
    struct name name;
    struct stat status;

    if (!parse(text, &name) || name.pid_namespace != RA_CURRENT->header.pid_namespace ||
        !ra_identity_is_dead((pid_t)name.pid, name.start_ticks)) {
        return;
    }
    int file = openat(directory, text, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0) {
        return;
    }
    if (fstat(file, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == geteuid() &&
        is_old(file, &status) && unlinkat(directory, text, 0) == 0) {
        ra_log("removed %s: its process is dead for more than a day", text);
    }
    close(file);
}

void ra_prune(const char *path)
{
    char buffer[BUFFER_BYTES] __attribute__((aligned(8)));
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    long length;

    if (directory < 0) {
        return;
    }
    while ((length = syscall(SYS_getdents64, directory, buffer, sizeof buffer)) > 0) {
        for (long at = 0; at < length;) {
            const struct entry *entry = (const struct entry *)(buffer + at);

            consider(directory, entry->name);
            at += entry->length;
        }
    }
    close(directory);
}
