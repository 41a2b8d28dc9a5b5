/* Snapshots: a region's image together with what /proc said at that moment. */
#ifndef RUBY_ALLOC_READER_SNAPSHOT_H
#define RUBY_ALLOC_READER_SNAPSHOT_H

#include "reader/image.h"
#include "reader/proc.h"

enum { RA_SNAPSHOT_COMMAND_BYTES = 4096 };

enum ra_snapshot_state { RA_STATE_RUNNING, RA_STATE_EXITED, RA_STATE_DETACHED };

/* A thread as the reader's pid namespace shows it; tid 0: not to be found there. */
struct ra_thread_name {
    uint32_t inner_tid; /* as in the slot */
    pid_t tid;
    char name[RA_PROC_COMM_BYTES];
};

struct ra_snapshot {
    struct ra_image image;
    uint64_t monotonic_ns; /* when the region was copied */
    uint64_t boottime_ns;
    uint64_t realtime_ns;
    uint64_t device; /* of the region's file */
    uint64_t inode;

    enum ra_snapshot_state state;
    pid_t pid;
    uid_t uid;
    uint64_t start_ticks; /* of the process, after boot */
    int64_t boot_time;    /* nanoseconds since the epoch; 0: unknown */

    /* What follows is known only while the process is alive. */
    pid_t ppid;
    int own_allocator; /* the executable defines malloc: 1, 0, -1 unknown */
    struct ra_proc_rollup rollup;
    char comm[RA_PROC_COMM_BYTES];
    char command[RA_SNAPSHOT_COMMAND_BYTES]; /* "" where it can't be read */
    struct ra_thread_name *names;            /* one for each of image.threads, or NULL */
};

#endif
