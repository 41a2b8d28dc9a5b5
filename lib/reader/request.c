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

static size_t page_bytes(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* The mapping is kept: to make it anew each time costs more than all else here. */
static bool wake(struct ra_request *request, int fd)
{
    if (request->page == NULL) {
        void *page = mmap(NULL, page_bytes(), PROT_READ, MAP_SHARED, fd, 0);

        if (page == MAP_FAILED) {
            return false;
        }
        request->page = page;
    }
    return syscall(SYS_futex, (char *)request->page + offsetof(struct ra_header, request),
                   FUTEX_WAKE, INT_MAX, NULL, NULL, 0) >= 0;
}

bool ra_request_send(struct ra_request *request, int fd)
{
    const off_t at = offsetof(struct ra_header, request);
    uint32_t number;

    if (pread(fd, &number, sizeof(number), at) != sizeof(number)) {
        return false;
    }
    request->number = number + 1;
    return pwrite(fd, &request->number, sizeof(request->number), at) == sizeof(request->number) &&
           wake(request, fd);
}

void ra_request_release(struct ra_request *request)
{
    if (request->page != NULL) {
        munmap(request->page, page_bytes());
    }
    request->page = NULL;
}

bool ra_request_wait(const struct ra_request *request, int fd, int wait_ms)
{
    struct ra_wait wait = ra_wait_begin(wait_ms, FIRST_PAUSE_US);
    uint32_t answered;

    do {
        if (pread(fd, &answered, sizeof(answered), offsetof(struct ra_header, answered)) !=
            sizeof(answered)) {
            return false;
        }
        if ((int32_t)(answered - request->number) >= 0) {
            return true;
        }
    } while (ra_wait_on(&wait));
    return false;
}
