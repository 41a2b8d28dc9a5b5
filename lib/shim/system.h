/*
 * System calls without libc, for what a forked child does before it goes on: each page of
 * libc's code that it touches first is a page fault, a microsecond or more. They leave
 * errno alone, and none is a cancellation point. Any thread, also in signal handlers.
 *
 * Results are the kernel's: a negative errno is an error.
 */
#ifndef RA_SHIM_SYSTEM_H
#define RA_SHIM_SYSTEM_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__)
static inline long ra_system(long number, long a, long b, long c, long d, long e, long f)
{
    register long fourth __asm__("r10") = d;
    register long fifth __asm__("r8") = e;
    register long sixth __asm__("r9") = f;
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth), "r"(sixth)
                     : "rcx", "r11", "memory");
    return result;
}
#elif defined(__aarch64__)
static inline long ra_system(long number, long a, long b, long c, long d, long e, long f)
{
    register long eighth __asm__("x8") = number;
    register long first __asm__("x0") = a;
    register long second __asm__("x1") = b;
    register long third __asm__("x2") = c;
    register long fourth __asm__("x3") = d;
    register long fifth __asm__("x4") = e;
    register long sixth __asm__("x5") = f;

    __asm__ volatile("svc 0"
                     : "+r"(first)
                     : "r"(eighth), "r"(second), "r"(third), "r"(fourth), "r"(fifth), "r"(sixth)
                     : "memory");
    return first;
}
#else
static inline long ra_system(long number, long a, long b, long c, long d, long e, long f)
{
    int error = errno;
    long result = syscall(number, a, b, c, d, e, f);

    result = result == -1 ? -errno : result;
    errno = error;
    return result;
}
#endif

/* The kernel's answer as libc gives it: -1 and errno for an error. */
static inline int ra_system_as_libc(long result)
{
    if (result < 0) {
        errno = (int)-result;
        return -1;
    }
    return (int)result;
}

/* The calls of these names. */
static inline int ra_system_open(const char *path, int flags, mode_t mode)
{
    return (int)ra_system(SYS_openat, AT_FDCWD, (long)path, flags, (long)mode, 0, 0);
}

static inline int ra_system_close(int file)
{
    return (int)ra_system(SYS_close, file, 0, 0, 0, 0, 0);
}

static inline int ra_system_fstat(int file, struct stat *status)
{
    return (int)ra_system(SYS_fstat, file, (long)status, 0, 0, 0, 0);
}

static inline int ra_system_fallocate(int file, uint64_t offset, uint64_t bytes)
{
    return (int)ra_system(SYS_fallocate, file, 0, (long)offset, (long)bytes, 0, 0);
}

static inline int ra_system_truncate(int file, uint64_t bytes)
{
    return (int)ra_system(SYS_ftruncate, file, (long)bytes, 0, 0, 0, 0);
}

static inline ssize_t ra_system_pwrite(int file, const void *from, size_t bytes, uint64_t offset)
{
    return ra_system(SYS_pwrite64, file, (long)from, (long)bytes, (long)offset, 0, 0);
}

static inline ssize_t ra_system_pread(int file, void *to, size_t bytes, uint64_t offset)
{
    return ra_system(SYS_pread64, file, (long)to, (long)bytes, (long)offset, 0, 0);
}

static inline ssize_t ra_system_read(int file, void *to, size_t bytes)
{
    return ra_system(SYS_read, file, (long)to, (long)bytes, 0, 0, 0);
}

static inline int ra_system_lstat(const char *path, struct stat *status)
{
    return (int)ra_system(SYS_newfstatat, AT_FDCWD, (long)path, (long)status, AT_SYMLINK_NOFOLLOW,
                          0, 0);
}

static inline int ra_system_unlink(const char *path)
{
    return (int)ra_system(SYS_unlinkat, AT_FDCWD, (long)path, 0, 0, 0, 0);
}

/* mmap over whatever lies at address, to read and write. 0, or a negative errno. */
static inline int ra_system_map(void *address, size_t bytes, int flags, int file)
{
    long mapped = ra_system(SYS_mmap, (long)address, (long)bytes, PROT_READ | PROT_WRITE,
                            flags | MAP_FIXED, file, 0);

    return mapped == (long)address ? 0 : (int)mapped;
}

/*
 * A zeroed page for a moment, as a host's stack may be small; NULL: there is none.
 */
enum { RA_SYSTEM_PAGE_BYTES = 4096 };
static inline char *ra_system_page(void)
{
    long page = ra_system(SYS_mmap, 0, RA_SYSTEM_PAGE_BYTES, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return page < 0 && page > -4096 ? 0 : (char *)page;
}

static inline void ra_system_page_free(char *page)
{
    ra_system(SYS_munmap, (long)page, RA_SYSTEM_PAGE_BYTES, 0, 0, 0, 0);
}

static inline pid_t ra_system_pid(void)
{
    return (pid_t)ra_system(SYS_getpid, 0, 0, 0, 0, 0, 0);
}

static inline pid_t ra_system_parent(void)
{
    return (pid_t)ra_system(SYS_getppid, 0, 0, 0, 0, 0, 0);
}

static inline pid_t ra_system_thread(void)
{
    return (pid_t)ra_system(SYS_gettid, 0, 0, 0, 0, 0, 0);
}

/* Not a cancellation point, as libc's is. A signal ends it early. */
static inline void ra_system_pause(long nanoseconds)
{
    const struct timespec pause = {.tv_nsec = nanoseconds};

    ra_system(SYS_nanosleep, (long)&pause, 0, 0, 0, 0, 0);
}

/* The calling thread's signal mask as the kernel has it: bit i is signal i + 1. */
static inline uint64_t ra_system_mask(int how, const uint64_t *mask)
{
    uint64_t before = 0;

    ra_system(SYS_rt_sigprocmask, how, (long)mask, (long)&before, sizeof before, 0, 0);
    return before;
}

/*
 * No handler runs in the calling thread between these, but for what the thread itself is the
 * cause of: the kernel ends a process where such a signal is blocked, handler or not (a
 * seccomp filter's SIGSYS among them). Nor are glibc's own two blocked: another thread may wait
 * for this one to take them.
 */
static inline uint64_t ra_system_block_signals(void)
{
#define RA_SIGNAL_BIT(signal) (UINT64_C(1) << ((signal)-1))
    const uint64_t others =
        ~(RA_SIGNAL_BIT(SIGSEGV) | RA_SIGNAL_BIT(SIGBUS) | RA_SIGNAL_BIT(SIGFPE) |
          RA_SIGNAL_BIT(SIGILL) | RA_SIGNAL_BIT(SIGTRAP) | RA_SIGNAL_BIT(SIGSYS) |
          RA_SIGNAL_BIT(32) | RA_SIGNAL_BIT(33));
#undef RA_SIGNAL_BIT

    return ra_system_mask(SIG_BLOCK, &others);
}

static inline void ra_system_unblock_signals(uint64_t before)
{
    ra_system_mask(SIG_SETMASK, &before);
}

/* The effective user. */
static inline uid_t ra_system_user(void)
{
    return (uid_t)ra_system(SYS_geteuid, 0, 0, 0, 0, 0, 0);
}

#endif
