#include "identity.h"

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "files.h"

/* Field 22 of /proc/PID/stat. The name in field 2 may hold spaces and parentheses. */
static uint64_t read_start_ticks(const char *path)
{
    char text[1024];
    uint64_t ticks = 0;

    ra_files_read(path, text, sizeof text);
    const char *field = strrchr(text, ')');
    for (int number = 2; field && number < 22; number++) {
        field = strchr(field + 1, ' ');
    }
    for (const char *digit = field ? field + 1 : ""; *digit >= '0' && *digit <= '9'; digit++) {
        ticks = ticks * 10 + (uint64_t)(*digit - '0');
    }
    return ticks;
}

uint64_t ra_identity_start_ticks(pid_t pid)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    return read_start_ticks(path);
}

static uint64_t pid_namespace(void)
{
    struct stat status;

    return stat("/proc/self/ns/pid", &status) == 0 ? status.st_ino : 0;
}

void ra_identity_command(char *command, size_t bytes)
{
    ssize_t length = ra_files_read("/proc/self/cmdline", command, bytes);

    while (length > 0 && command[length - 1] == '\0') {
        length--;
    }
    for (ssize_t i = 0; i < length; i++) {
        if (command[i] == '\0') {
            command[i] = ' ';
        }
    }
}

void ra_identity_key(struct ra_header *header)
{
    header->pid = (uint32_t)getpid();
    header->start_ticks = read_start_ticks("/proc/self/stat");
    header->pid_namespace = pid_namespace();
}

void ra_identity_refill(struct ra_header *header)
{
    struct timespec now;

    /* Not by libc's function: it would fault in a page of libc and the vDSO. */
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
    header->created_realtime_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    ra_identity_key(header);
    header->parent_pid = (uint32_t)getppid();
    header->uid = (uint32_t)geteuid();
}

void ra_identity_fill(struct ra_header *header)
{
    ra_identity_refill(header);
    prctl(PR_GET_NAME, header->comm);
    ra_identity_command(header->command, sizeof header->command);
}
