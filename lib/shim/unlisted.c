#include "unlisted.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>

#include "clock.h"
#include "region.h"
#include "system.h"
#include "tls.h"

/*
 * What the thread's deepest calls take is 12 KiB (a test looks): jemalloc's statistics, and
 * glibc's malloc_info. libc's own minimum is for a thread that takes signals.
 */
enum { STACK_BYTES = 128 * 1024, PAGE_MAX = 64 * 1024, SIGNALS_BYTES = 8 };

static struct {
    pid_t process; /* whose it is: a forked child has none of it */
    char *memory, *pointer;
    uint32_t is_there; /* 0 once the kernel is done with it: then it wakes who waits here */
    bool has_left;     /* in order, not killed in the middle of something */
} helper;

#if defined(__x86_64__) || defined(__aarch64__)
#define RA_HAS_UNLISTED 1

/* The clone of the kernel, whose child begins with body on stack and must not return. */
long ra_unlisted_clone(unsigned long flags, void *stack, uint32_t *parent_tid, uint32_t *child_tid,
                       void *tls, void (*body)(void)) __attribute__((visibility("hidden")));

/* Nothing lies above body: who walks the stack ends there. */
#if defined(__x86_64__)
__asm__(".pushsection .text\n"
        ".hidden ra_unlisted_clone\n"
        ".type ra_unlisted_clone, @function\n"
        ".globl ra_unlisted_clone\n"
        "ra_unlisted_clone:\n"
        "  .cfi_startproc\n"
        "  endbr64\n"
        "  movq %rcx, %r10\n"
        "  movl $56, %eax\n"
        "  syscall\n"
        "  testq %rax, %rax\n"
        "  jz 1f\n"
        "  ret\n"
        "1:\n"
        "  .cfi_undefined rip\n"
        "  xorl %ebp, %ebp\n"
        "  call *%r9\n"
        "  hlt\n"
        "  .cfi_endproc\n"
        ".size ra_unlisted_clone, . - ra_unlisted_clone\n"
        ".popsection\n");
_Static_assert(SYS_clone == 56, "as above");
#else
__asm__(".pushsection .text\n"
        ".hidden ra_unlisted_clone\n"
        ".type ra_unlisted_clone, %function\n"
        ".globl ra_unlisted_clone\n"
        "ra_unlisted_clone:\n"
        "  .cfi_startproc\n"
        "  hint #34\n" /* bti c */
        "  mov x6, x3\n"
        "  mov x3, x4\n"
        "  mov x4, x6\n"
        "  mov x8, #220\n"
        "  svc #0\n"
        "  cbz x0, 1f\n"
        "  ret\n"
        "1:\n"
        "  .cfi_undefined x30\n"
        "  mov x29, xzr\n"
        "  blr x5\n"
        "  brk #1\n"
        "  .cfi_endproc\n"
        ".size ra_unlisted_clone, . - ra_unlisted_clone\n"
        ".popsection\n");
_Static_assert(SYS_clone == 220, "as above");
#endif
#else
#define RA_HAS_UNLISTED 0
static long ra_unlisted_clone(unsigned long flags, void *stack, uint32_t *parent_tid,
                              uint32_t *child_tid, void *tls, void (*body)(void))
{
    (void)flags, (void)stack, (void)parent_tid, (void)child_tid, (void)tls, (void)body;
    return -ENOSYS;
}
#endif

/* Guard, stack, thread-local data. The guard is a page of the largest kind. */
static int map_memory(void)
{
    struct ra_tls_room room = ra_tls_room();
    size_t data = room.below + room.above;
    size_t bytes = (PAGE_MAX + STACK_BYTES + data + PAGE_MAX - 1) & ~(size_t)(PAGE_MAX - 1);
    long memory = ra_system(SYS_mmap, 0, (long)bytes, PROT_NONE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (memory < 0 && memory > -PAGE_MAX) {
        return (int)-memory;
    }
    long error = ra_system(SYS_mprotect, memory + PAGE_MAX, (long)bytes - PAGE_MAX,
                           PROT_READ | PROT_WRITE, 0, 0, 0);
    if (error == 0) {
        error = ra_system(SYS_madvise, memory, (long)bytes, MADV_DONTFORK, 0, 0, 0);
    }
    if (error != 0) {
        ra_system(SYS_munmap, memory, (long)bytes, 0, 0, 0, 0);
        return (int)-error;
    }
    uintptr_t pointer = (uintptr_t)memory + bytes - room.above;
    helper.memory = (char *)memory;
    helper.pointer = (char *)(pointer - pointer % room.alignment);
    return 0;
}

/* What a killed thread leaves is not given back: it was in the middle of something. */
static int have_memory(void)
{
    if (helper.process == ra_system_pid() && helper.memory && helper.has_left) {
        return 0;
    }
    helper.process = ra_system_pid();
    helper.memory = NULL;
    helper.is_there = 0;
    int error = map_memory();
    if (error == 0) {
        ra_tls_fill(helper.pointer);
    }
    return error;
}

int ra_unlisted_make(void (*body)(void))
{
    /* As libc's threads: tools that follow programs know no others. */
    enum {
        FLAGS = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
                CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID
    };
    const uint64_t all = ~UINT64_C(0);
    uint64_t before;

    if (!RA_HAS_UNLISTED || !ra_tls_is_known()) {
        return ENOSYS;
    }
    if (ra_unlisted_is_there()) {
        return EBUSY;
    }
    int error = have_memory();
    if (error != 0) {
        return error;
    }
    uintptr_t stack = (uintptr_t)(helper.pointer - ra_tls_room().below);
    helper.has_left = false;
    __atomic_store_n(&helper.is_there, 1, __ATOMIC_RELEASE);
    /* libc's two signals of its own too, which its functions leave out */
    ra_system(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&before, SIGNALS_BYTES, 0, 0);
    long result = ra_unlisted_clone(FLAGS, (void *)(stack - stack % 16), ra_tls_tid(helper.pointer),
                                    &helper.is_there, helper.pointer, body);
    ra_system(SYS_rt_sigprocmask, SIG_SETMASK, (long)&before, 0, SIGNALS_BYTES, 0, 0);
    if (result < 0) {
        helper.is_there = 0;
        helper.has_left = true;
        return (int)-result;
    }
    return 0;
}

bool ra_unlisted_is_there(void)
{
    return __atomic_load_n(&helper.is_there, __ATOMIC_ACQUIRE) != 0 &&
           helper.process == ra_system_pid();
}

bool ra_unlisted_await_end(unsigned wait_ms)
{
    uint64_t end = ra_clock_ns(CLOCK_MONOTONIC) + (uint64_t)wait_ms * 1000000;

    while (ra_unlisted_is_there()) {
        uint64_t now = ra_clock_ns(CLOCK_MONOTONIC);
        struct timespec left = {.tv_nsec = 0};

        if (now >= end) {
            return false;
        }
        left.tv_sec = (time_t)((end - now) / 1000000000);
        left.tv_nsec = (long)((end - now) % 1000000000);
        ra_system(SYS_futex, (long)&helper.is_there, FUTEX_WAIT, 1, (long)&left, 0, 0);
    }
    return true;
}

bool ra_unlisted_await_burial(unsigned wait_ms)
{
    const struct timespec pause = {.tv_nsec = 20 * 1000};
    uint64_t end = ra_clock_ns(CLOCK_MONOTONIC) + (uint64_t)wait_ms * 1000000;
    pid_t tid = (pid_t)*ra_tls_tid(helper.pointer);

    while (ra_system(SYS_tgkill, helper.process, tid, 0, 0, 0, 0) == 0) {
        if (ra_clock_ns(CLOCK_MONOTONIC) >= end) {
            return false;
        }
        ra_system(SYS_nanosleep, (long)&pause, 0, 0, 0, 0, 0);
    }
    return true;
}

void ra_unlisted_leave(void)
{
    __atomic_store_n(&helper.has_left, true, __ATOMIC_RELEASE);
    for (;;) {
        ra_system(SYS_exit, 0, 0, 0, 0, 0, 0);
    }
}
