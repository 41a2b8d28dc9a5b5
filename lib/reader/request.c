/*
 * Requests: asking the sampler of a process for a fresh sample.
 *
 * The words are read and written with pread and pwrite. The kernel finds the
 * sleeper on a shared futex by file and offset, so it needs a mapping of the page,
 * but no one here touches that: a truncated file makes the wake fail with EFAULT
 * where a load would raise SIGBUS.
 */
#include "reader/request.h"

#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "reader/wait.h"
#include "ruby_alloc/region.h"

enum { FIRST_PAUSE_US = 20 };

static bool wake(int fd)
{
    size_t bytes = (size_t)sysconf(_SC_PAGESIZE);
    char *page = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
    long woken;

    if (page == MAP_FAILED) {
        return false;
    }
    woken = syscall(SYS_futex, page + offsetof(struct ra_header, request), FUTEX_WAKE, INT_MAX,
                    NULL, NULL, 0);
    munmap(page, bytes);
    return woken >= 0;
}

bool ra_request_send(int fd, uint32_t *request)
{
    const off_t at = offsetof(struct ra_header, request);

    if (pread(fd, request, sizeof(*request), at) != sizeof(*request)) {
        return false;
    }
    ++*request;
    return pwrite(fd, request, sizeof(*request), at) == sizeof(*request) && wake(fd);
}

bool ra_request_wait(int fd, uint32_t request, int wait_ms)
{
    struct ra_wait wait = ra_wait_begin(wait_ms, FIRST_PAUSE_US);
    uint32_t answered;

    do {
        if (pread(fd, &answered, sizeof(answered), offsetof(struct ra_header, answered)) !=
            sizeof(answered)) {
            return false;
        }
        if ((int32_t)(answered - request) >= 0) {
            return true;
        }
    } while (ra_wait_on(&wait));
    return false;
}
