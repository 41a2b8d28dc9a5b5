/*
 * Copying a pipe into memory.
 */
#include "top/spool.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#include "top/replace.h"

enum { CHUNK_BYTES = 1 << 16 };

/* One that was opened without waiting says EAGAIN where there is nothing yet. */
static ssize_t read_some(int from, char *chunk)
{
    ssize_t got;

    while ((got = read(from, chunk, CHUNK_BYTES)) < 0 && (errno == EAGAIN || errno == EINTR)) {
        poll(&(struct pollfd){.fd = from, .events = POLLIN}, 1, -1);
    }
    return got;
}

static bool copy(int from, int to)
{
    static char chunk[CHUNK_BYTES];
    int64_t bytes = 0;
    ssize_t got;

    while ((got = read_some(from, chunk)) > 0) {
        bytes += got;
        if (bytes > RA_SPOOL_BYTES_MAX) {
            errno = EFBIG;
            return false;
        }
        if (ra_write_whole(to, chunk, (size_t)got) != 0) {
            return false;
        }
    }
    return got == 0;
}

int ra_spool_make(int from)
{
    int to = memfd_create("ruby_alloc_top", MFD_CLOEXEC);
    int error;

    if (to < 0 || copy(from, to)) {
        return to;
    }
    error = errno;
    close(to);
    errno = error;
    return -1;
}
