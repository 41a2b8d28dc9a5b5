/*
 * What /proc says of a process.
 *
 * A descriptor of /proc/PID stays with that process: once it has ended, reads
 * through it fail, also when its pid was given to another. All functions return
 * false, 0 or NULL where the file is absent or may not be read, with errno set.
 * Texts are as the process left them: not to be shown without ra_text_clean.
 */
#ifndef RUBY_ALLOC_READER_PROC_H
#define RUBY_ALLOC_READER_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { RA_PROC_COMM_BYTES = 64, RA_PROC_TEXT_MAX = 16 * 1024 * 1024 };

/* /proc/PID/status. Bytes are RA_UNKNOWN where the kernel shows none. */
struct ra_proc_status {
    char state; /* R, S, D, T, t, Z, X, I, P */
    pid_t tgid;
    pid_t ppid;
    pid_t inner_pid;    /* in the process's own pid namespace */
    unsigned pid_depth; /* namespaces between the reader's and that, both included */
    uid_t uids[4];      /* real, effective, saved, file system */
    int64_t threads;
    int64_t rss;
    int64_t rss_anon;
    int64_t swap;
};

/* X(field of the kernel's, name): in bytes, RA_UNKNOWN where the kernel shows none. */
#define RA_SMAP_SIZES(X)                                                                           \
    X(Rss, rss)                                                                                    \
    X(Pss, pss)                                                                                    \
    X(Anonymous, rss_anon)                                                                         \
    X(LazyFree, lazy_free)                                                                         \
    X(AnonHugePages, huge_pages)                                                                   \
    X(Swap, swap)

/* Of a process, as in /proc/PID/smaps_rollup, or of one mapping (smaps.h). */
struct ra_proc_rollup {
#define RA_SMAP_MEMBER(field, name) int64_t name;
    RA_SMAP_SIZES(RA_SMAP_MEMBER)
#undef RA_SMAP_MEMBER
};

/* Whether /proc shows the caller at all: without it nothing is known of any process. */
bool ra_proc_is_mounted(void);

/* Whether it is of the caller's pid namespace: in another's each pid is a stranger's. */
bool ra_proc_is_own(void);

/* Open /proc/PID. Returns a descriptor to be closed, or -1 with errno. */
int ra_proc_open(pid_t pid);

/*
 * Open /proc/PID/task/TID of a thread that still has memory: of a process whose
 * main thread left by pthread_exit, /proc/PID itself shows no maps, no root.
 */
int ra_proc_open_thread(int dir);

/*
 * Read name into buffer, cut off and terminated. Returns its length, or -1. For what is
 * only shown, or what the kernel keeps short: what is gone by goes by a whole file.
 */
ssize_t ra_proc_read(int dir, const char *name, char *buffer, size_t capacity);

/*
 * Read name whole. Returns a terminated text to be freed, or NULL: also where it is of
 * RA_PROC_TEXT_MAX or more, far above what the kernel writes of one process but its
 * mappings (smaps.h), which says nothing then: errno is EFBIG.
 */
char *ra_proc_slurp(int dir, const char *name, size_t *bytes);

bool ra_proc_read_status(int dir, struct ra_proc_status *status);
bool ra_proc_read_rollup(int dir, struct ra_proc_rollup *rollup);
bool ra_proc_read_start(int dir, uint64_t *start_ticks);

/* Whether an error is a want of the caller's (descriptors, memory), which tells nothing of a file. */
bool ra_proc_is_want(int error);

/* Whether a process with this status still runs: no zombie, unless threads go on. */
bool ra_proc_is_alive(const struct ra_proc_status *status);

/* The inode of a namespace; name is "ns/pid", "ns/mnt". 0: not to be read. */
uint64_t ra_proc_namespace(int dir, const char *name);

/* The value of variable name in an environ of so many bytes, or NULL. */
const char *ra_proc_variable(const char *environment, size_t bytes, const char *name);

/* Whether a file of this name, without its directory, is a Ruby or its library. */
bool ra_ruby_is_named(const char *name);

/*
 * Make one line of a cmdline of so many bytes, terminated, in its place: its arguments with
 * a space between. bytes as ra_proc_read returned them: below 1 there is nothing to join.
 */
void ra_proc_join(char *line, ssize_t bytes);

/* The next entry of an open directory that is a number above 0; 0 at the end. */
pid_t ra_proc_next_number(void *dirstream);

#endif
