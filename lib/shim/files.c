#include "files.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

bool ra_files_may_reach(uint64_t bytes)
{
    struct rlimit limit;

    return getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
           bytes <= limit.rlim_cur;
}

ssize_t ra_files_read(const char *path, char *text, size_t bytes)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = -1;

    if (file >= 0) {
        length = read(file, text, bytes - 1);
        close(file);
    }
    text[length < 0 ? 0 : length] = '\0';
    return length;
}
