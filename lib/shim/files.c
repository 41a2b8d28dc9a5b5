#include "files.h"

#include <sys/resource.h>

#include "system.h"

uint64_t ra_files_limit(void)
{
    struct rlimit limit;

    if (ra_system(SYS_prlimit64, 0, RLIMIT_FSIZE, 0, (long)&limit, 0, 0) != 0 ||
        limit.rlim_cur == RLIM_INFINITY) {
        return UINT64_MAX;
    }
    return limit.rlim_cur;
}

ssize_t ra_files_read(const char *path, char *text, size_t bytes)
{
    int file = ra_system_open(path, O_RDONLY | O_CLOEXEC, 0);
    ssize_t length = file;

    if (file >= 0) {
        length = ra_system_read(file, text, bytes - 1);
        ra_system_close(file);
    }
    text[length < 0 ? 0 : length] = '\0';
    return length < 0 ? -1 : length;
}
