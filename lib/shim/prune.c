#include "prune.h"

#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#include "base.h"
#include "clock.h"
#include "identity.h"
#include "log.h"
#include "region.h"
#include "regionfile.h"
#include "settings.h"
#include "system.h"

/* OWN_BYTES: of this process, which may be the next to die. */
enum { OWN_BYTES = sizeof(struct ra_region) + RA_SLOT_START * RA_SLOT_BYTES };
enum { KEEP_SECONDS = 24 * 60 * 60, STARTS = 16, ENTRIES_BYTES = 4096, DEAD_MAX = 4096 };

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

struct dead {
    struct name name;
    uint64_t bytes;
    time_t last; /* heard of; 0: it ended normally */
};

/* In pages of its own, as it is too much for a stack. */
struct scan {
    int directory;
    unsigned count;
    uint64_t bytes; /* of all dead */
    char entries[ENTRIES_BYTES] __attribute__((aligned(8)));
    struct dead dead[DEAD_MAX];
};

/* All three numbers and nothing behind them, as regionfile.c writes them. */
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

/* By the last sample, or the file's own time where there was none; 0: it ended normally. */
static time_t last_heard(int file, const struct stat *status)
{
    enum { FLAGS_AT = offsetof(struct ra_header, flags) };
    uint64_t sampled_ns = 0;
    uint32_t flags = 0;
    struct ra_section section = {0};
    const size_t section_at = offsetof(struct ra_header, sections[RA_SECTION_sample]);

    if (ra_system_pread(file, &flags, sizeof flags, FLAGS_AT) == sizeof flags &&
        (flags & RA_FLAG_ENDED)) {
        return 0;
    }
    if (ra_system_pread(file, &section, sizeof section, section_at) == sizeof section &&
        ra_system_pread(file, &sampled_ns, sizeof sampled_ns,
                        section.offset + offsetof(struct ra_sample, realtime_ns)) ==
            sizeof sampled_ns &&
        (time_t)(sampled_ns / 1000000000u) > status->st_mtime) {
        return (time_t)(sampled_ns / 1000000000u);
    }
    return status->st_mtime;
}

static void consider(struct scan *scan, const char *text)
{
    struct dead *dead = &scan->dead[scan->count];
    struct stat status;

    if (scan->count == DEAD_MAX || !parse(text, &dead->name) ||
        dead->name.pid_namespace != ra_image.header.pid_namespace ||
        !ra_identity_is_dead((pid_t)dead->name.pid, dead->name.start_ticks)) {
        return;
    }
    int file = (int)ra_system(SYS_openat, scan->directory, (long)text,
                              O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0, 0, 0);
    if (file < 0) {
        return;
    }
    if (ra_system_fstat(file, &status) == 0 && S_ISREG(status.st_mode) &&
        status.st_uid == ra_system_user()) {
        dead->bytes = (uint64_t)status.st_blocks * 512;
        dead->last = last_heard(file, &status);
        scan->bytes += dead->bytes;
        scan->count++;
    }
    ra_system_close(file);
}

static void find_dead(struct scan *scan)
{
    long length;

    while ((length = ra_system(SYS_getdents64, scan->directory, (long)scan->entries, ENTRIES_BYTES,
                               0, 0, 0)) > 0) {
        for (long at = 0; at < length;) {
            const struct entry *entry = (const struct entry *)(scan->entries + at);

            consider(scan, entry->name);
            at += entry->length;
        }
    }
}

/* Whether it was removed or not, it is off the list. */
static void remove_dead(struct scan *scan, unsigned index, const char *why)
{
    struct dead *dead = &scan->dead[index];
    char text[RA_REGIONFILE_NAME_BYTES];

    ra_regionfile_name(text, dead->name.pid, dead->name.start_ticks, dead->name.pid_namespace);
    if (ra_system(SYS_unlinkat, scan->directory, (long)text, 0, 0, 0, 0) == 0) {
        ra_log("removed %s: %s", text, why);
    }
    scan->bytes -= dead->bytes;
    *dead = scan->dead[--scan->count];
}

static unsigned oldest(const struct scan *scan)
{
    unsigned found = 0;

    for (unsigned i = 1; i < scan->count; i++) {
        if (scan->dead[i].last < scan->dead[found].last) {
            found = i;
        }
    }
    return found;
}

static void remove_some(struct scan *scan)
{
    time_t day_ago = (time_t)(ra_clock_ns(CLOCK_REALTIME) / 1000000000u) - KEEP_SECONDS;

    for (unsigned i = scan->count; i-- > 0;) {
        if (scan->dead[i].last < day_ago) {
            remove_dead(scan, i,
                        scan->dead[i].last == 0 ? "its process has ended"
                                                : "its process is dead for more than a day");
        }
    }
    while (scan->count > 0 && scan->bytes + OWN_BYTES > ra_settings.keep_bytes) {
        remove_dead(scan, oldest(scan), "the dead hold more than they may");
    }
}

static bool is_time(const char *directory)
{
    struct statfs space;

    if (ra_image.header.pid % STARTS == 0) {
        return true;
    }
    return ra_system(SYS_statfs, (long)directory, (long)&space, 0, 0, 0, 0) == 0 &&
           (uint64_t)(space.f_blocks - space.f_bfree) * (uint64_t)space.f_bsize >
               ra_settings.keep_bytes;
}

void ra_prune(const char *directory)
{
    if (!is_time(directory)) {
        return;
    }
    long pages = ra_system(SYS_mmap, 0, sizeof(struct scan), PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    struct scan *scan = (struct scan *)pages;

    if (pages < 0 && pages > -4096) {
        return;
    }
    scan->directory = ra_system_open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (scan->directory >= 0) {
        find_dead(scan);
        remove_some(scan);
        ra_system_close(scan->directory);
    }
    ra_system(SYS_munmap, pages, sizeof(struct scan), 0, 0, 0, 0);
}
