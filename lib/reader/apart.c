/* Apart: work that may never come to an end, done in a process of its own. */
#include "reader/apart.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "reader/session.h"

enum { RESULT_FD = 0 };

/* Ends by a signal that waits until it can. */
static void limit_life(unsigned seconds)
{
    sigset_t set;

    signal(SIGALRM, SIG_DFL);
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    alarm(seconds);
}

static void be_worker(int fd, int (*work)(void *), void *context, unsigned seconds)
{
    int result;
    ssize_t written;

    limit_life(seconds);
    dup2(fd, RESULT_FD);
    syscall(SYS_close_range, RESULT_FD + 1, ~0u, 0);
    result = work(context);
    written = write(RESULT_FD, &result, sizeof(result));
    _exit(written != sizeof(result));
}

/* By way of a child that ends at once: the worker is nobody's to wait for. */
static int begin(int fd, int (*work)(void *), void *context, unsigned seconds)
{
    pid_t between = fork();
    int status = 0;

    if (between == 0) {
        pid_t worker = fork();

        if (worker == 0) {
            be_worker(fd, work, context, seconds);
        }
        _exit(worker < 0);
    }
    if (between < 0) {
        return -errno;
    }
    while (waitpid(between, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EAGAIN;
}

int ra_apart_begin(struct ra_apart *apart, int (*work)(void *), void *context, unsigned seconds)
{
    int ends[2];
    int error;

    apart->fd = -1;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return -errno;
    }
    error = begin(ends[1], work, context, seconds);
    close(ends[1]);
    if (error != 0) {
        close(ends[0]);
        return error;
    }
    apart->fd = ends[0];
    return 0;
}

int ra_apart_wait(struct ra_apart *apart, int wait_ms)
{
    uint64_t end = ra_session_clock(CLOCK_MONOTONIC) + (uint64_t)wait_ms * 1000000;
    struct pollfd ready = {.fd = apart->fd, .events = POLLIN};
    int result;
    int got;

    do {
        uint64_t now = ra_session_clock(CLOCK_MONOTONIC);

        got = poll(&ready, 1, now < end ? (int)((end - now) / 1000000) + 1 : 0);
    } while (got < 0 && errno == EINTR);
    if (got == 0) {
        return -ETIMEDOUT;
    }
    return got > 0 && read(apart->fd, &result, sizeof(result)) == sizeof(result) ? result : -EIO;
}

void ra_apart_end(struct ra_apart *apart)
{
    if (apart->fd >= 0) {
        close(apart->fd);
    }
    apart->fd = -1;
}

void *ra_apart_memory(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    return memory == MAP_FAILED ? NULL : memory;
}

void ra_apart_free(void *memory, size_t bytes)
{
    if (memory != NULL) {
        munmap(memory, bytes);
    }
}

int ra_apart_keep(void *memory, size_t bytes, size_t used)
{
    void *copy = malloc(used);
    void *own;

    if (copy == NULL) {
        return -ENOMEM;
    }
    memcpy(copy, memory, used);
    own = mmap(memory, bytes, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    if (own == MAP_FAILED) {
        free(copy);
        return -ENOMEM;
    }
    memcpy(own, copy, used);
    free(copy);
    return 0;
}
