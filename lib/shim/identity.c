#include "identity.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "files.h"
#include "system.h"
#include "title.h"

/* STAT_BYTES: up to the start time, with the longest of all numbers. */
enum { FIELD_START_TICKS = 22, STAT_BYTES = 384 };

uint64_t ra_identity_field(const char *text, int wanted)
{
    const char *field = text;
    uint64_t number = 0;

    for (int at = 2; field && at < wanted; at++) {
        field = strchr(field + 1, ' ');
    }
    for (const char *digit = field ? field + 1 : ""; *digit >= '0' && *digit <= '9'; digit++) {
        number = number * 10 + (uint64_t)(*digit - '0');
    }
    return number;
}

/* The name in field 2 may hold spaces and parentheses. */
static uint64_t read_field(const char *path, int wanted)
{
    char text[STAT_BYTES];

    ra_files_read(path, text, sizeof text);
    return ra_identity_field(strrchr(text, ')'), wanted);
}

bool ra_identity_is_dead(pid_t pid, uint64_t start_ticks)
{
    char path[64];

    if (ra_system(SYS_kill, pid, 0, 0, 0, 0, 0) == -ESRCH) {
        return true;
    }
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    uint64_t found = read_field(path, FIELD_START_TICKS);
    return found != 0 && found != start_ticks;
}

static uint64_t pid_namespace(void)
{
    struct stat status;

    return ra_system(SYS_newfstatat, AT_FDCWD, (long)"/proc/self/ns/pid", (long)&status, 0, 0, 0) ==
                   0
               ? status.st_ino
               : 0;
}

void ra_identity_key(struct ra_header *header)
{
    header->pid = (uint32_t)ra_system_pid();
    header->start_ticks = read_field("/proc/self/stat", FIELD_START_TICKS);
    header->pid_namespace = pid_namespace();
}

/* The unit is fixed: USER_HZ is 100 on every Linux that has glibc for x86-64 or arm64. */
uint64_t ra_identity_ticks(void)
{
    return ra_clock_ns(CLOCK_BOOTTIME) / 10000000u;
}

static void fill_creation(struct ra_header *header, pid_t parent)
{
    header->created_realtime_ns = ra_clock_ns(CLOCK_REALTIME);
    header->parent_pid = (uint32_t)parent;
    header->uid = (uint32_t)ra_system_user();
}

/*
 * The child began between before_ticks and now: if that is one tick, it is the start
 * time. Its parent is where it was: then it is in the same pid namespace.
 */
void ra_identity_refill(struct ra_header *header, uint64_t before_ticks, bool may_read)
{
    bool has_proc = header->start_ticks != 0;
    pid_t parent = ra_system_parent();
    bool is_told = has_proc && header->pid == (uint32_t)parent;

    if (!may_read || (is_told && ra_identity_ticks() == before_ticks)) {
        header->pid = (uint32_t)ra_system_pid();
        header->start_ticks = before_ticks;
    } else {
        ra_identity_key(header);
    }
    fill_creation(header, parent);
}

/* The name too is in what is read for the title. */
static void fill_name(struct ra_header *header, char *text)
{
    ra_files_read("/proc/self/stat", text, RA_SYSTEM_PAGE_BYTES);
    char *name = strchr(text, '('), *end = strrchr(text, ')');

    if (name && end) {
        *end = '\0';
        strncpy(header->comm, name + 1, sizeof header->comm - 1);
        ra_title_learn(end);
    }
    ra_title_read(header->command, sizeof header->command);
}

void ra_identity_fill(struct ra_header *header)
{
    char *page = ra_system_page();

    ra_identity_key(header);
    fill_creation(header, ra_system_parent());
    if (page) {
        fill_name(header, page);
        ra_system_page_free(page);
    }
}
