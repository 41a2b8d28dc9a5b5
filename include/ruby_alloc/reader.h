/*
 * The reader: finds the regions of counting processes and copies them, without
 * stopping or touching the process. libruby_alloc_reader.a; needs libc only (examine.h: libelf too).
 *
 * Example:
 *     struct ra_failure why;
 *     struct ra_reader *reader;
 *     struct ra_snapshot *snapshot;
 *     if (ruby_alloc_reader_open(&reader, pid, &why) != RA_OK ||
 *         ruby_alloc_reader_snapshot(reader, RA_SAMPLE_WAIT_MS, &snapshot, &why) != RA_OK)
 *         errx(1, "%s", why.message);
 *
 * A region is hostile input: nothing read from it is trusted, no text from it is
 * handed out unless it is valid UTF-8 without control characters, it is copied
 * with pread and never looked at through a mapping.
 *
 * Errors: every function that can fail returns a status and, unless that is
 * RA_OK, fills *why with a line for people that names the likely cause and the
 * cure. No function prints, exits or changes signal dispositions.
 *
 * Threads: no globals; one object must not be used by two threads at once.
 */
#ifndef RUBY_ALLOC_READER_H
#define RUBY_ALLOC_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ruby_alloc/version.h"

/*
 * Statuses: S(name, exit status of ruby_alloc_top, meaning). Exit statuses are
 * fixed by the report's contract; 2 and 10 belong to ruby_alloc_top alone.
 */
#define RA_STATUSES(S)                                                                             \
    S(OK, 0, "done")                                                                               \
    S(ABSENT, 1, "no such process, or none found")                                                 \
    S(NO_REGION, 3, "the process has no region")                                                   \
    S(DENIED, 4, "permission denied")                                                              \
    S(DAMAGED, 5, "the region is damaged or of a version this program can't read")                 \
    S(TIMEOUT, 6, "the process did not answer a request in time")                                  \
    S(SYSTEM, 1, "the system refused something: memory, files")

enum ra_status {
#define RA_STATUS_NAME(name, exit_status, meaning) RA_##name,
    RA_STATUSES(RA_STATUS_NAME)
#undef RA_STATUS_NAME
};

struct ra_failure {
    enum ra_status status;
    char message[1024]; /* one line, no newline, no program name, printable */
};

enum { RA_SAMPLE_WAIT_MS = 2000 }; /* a sample takes microseconds; a loaded machine may be late */

struct ra_reader;   /* the open region of one process */
struct ra_snapshot; /* a checked copy of it, and what /proc said at that moment */

/*
 * Find and open the region of process pid (as seen by the caller). The process
 * may be in another pid or mount namespace, or dead with its region left behind.
 *
 * Returns RA_OK and the reader in *reader, to be closed with
 * ruby_alloc_reader_close; RA_ABSENT, RA_NO_REGION (the message says what the
 * process looks like: not a Ruby, counting off, started without the library, with an
 * allocator of its own in its executable, and whether jemalloc is loaded), RA_DENIED, RA_DAMAGED or RA_SYSTEM.
 */
enum ra_status ruby_alloc_reader_open(struct ra_reader **reader, pid_t pid, struct ra_failure *why);

/*
 * Open the region that lies as name in the directory dir (a descriptor, which stays the
 * caller's), and stay with this file: snapshots can be taken of it also after it was
 * removed, and tell the last state of the process, or of the program that it ran before
 * an exec. For one's own descriptors on the regions of a directory that one watches.
 *
 * Nothing is read yet: what is wrong with the contents, a snapshot says. Returns RA_OK and
 * the reader in *reader, to be closed with ruby_alloc_reader_close; RA_ABSENT (no such file
 * any more), RA_DENIED, RA_DAMAGED (it can't be a region) or RA_SYSTEM.
 */
enum ra_status ruby_alloc_reader_open_at(struct ra_reader **reader, int dir, const char *name,
                                         struct ra_failure *why);

/*
 * Stay from now on with the file that is open, likewise. For a process whose snapshot said
 * RA_ABSENT: the next one tells its last state.
 */
void ruby_alloc_reader_stay(struct ra_reader *reader);

void ruby_alloc_reader_close(struct ra_reader *reader);

/*
 * Take a snapshot. A running process is asked for a fresh sample of jemalloc's
 * statistics first, and given wait_ms milliseconds to answer (0: don't ask, but look
 * whether one that was asked before has answered).
 *
 * Returns RA_OK and the snapshot; RA_TIMEOUT and a snapshot all the same, with an
 * old sample or none; any other status and no snapshot (*snapshot is NULL).
 * A process that ended since it was opened is not an error: the snapshot says so,
 * but RA_ABSENT when it ended and took its region with it (not with
 * ruby_alloc_reader_open_at).
 */
enum ra_status ruby_alloc_reader_snapshot(struct ra_reader *reader, int wait_ms,
                                          struct ra_snapshot **snapshot, struct ra_failure *why);

/*
 * Ask the process for a fresh sample without waiting; the next snapshot waits for
 * what is left. For callers that read many processes: ask all of them, then take
 * the snapshots, and no time is spent asleep. Failures show up in the snapshot.
 *
 * From then on PSS, lazily freed bytes, command line and thread names, which are dear
 * to read, may be up to ten seconds old in this reader's snapshots.
 */
void ruby_alloc_reader_ask(struct ra_reader *reader);

/*
 * Whether the next snapshot of a reader is its last new one: the process has ended, or (of
 * a reader from ruby_alloc_reader_open_at) goes on as another program. Costs one look into /proc.
 */
bool ruby_alloc_reader_has_ended(struct ra_reader *reader);

/* Free a snapshot; NULL is allowed. */
void ruby_alloc_snapshot_free(struct ra_snapshot *snapshot);

/*
 * All processes that have a region the caller can see, living and dead, ascending
 * by pid. Those the caller may not read are counted in *denied (may be NULL).
 *
 * Returns RA_OK, an array of pids in *pids (to be freed with free; NULL when none)
 * and its length in *count; or RA_SYSTEM.
 */
enum ra_status ruby_alloc_reader_list(pid_t **pids, size_t *count, size_t *denied,
                                      struct ra_failure *why);

enum {
    RA_ACTION_WAIT_MS = 10000, /* purging gigabytes takes a while, as may another's action */
    RA_FLUSH_WAIT_MS = 1000    /* for threads that allocate at all now and then */
};

/* What came of ruby_alloc_reader_act. */
struct ra_acted {
    uint64_t threads_asked;   /* RA_ACTION_tcache_flush: those that count in a slot of their own */
    uint64_t threads_flushed; /* of these, the ones that have emptied their cache so far */
};

/*
 * Have the process act: its helper thread does it, and nothing is stopped.
 *
 * action: one of enum ra_action_id (region.h). argument: for RA_ACTION_decay milliseconds,
 * -1 for never; else 0. The process is given wait_ms milliseconds in all: for another reader
 * that is asking just now to get its answer, and for its own. After RA_ACTION_tcache_flush
 * the threads are given up to RA_FLUSH_WAIT_MS more; one that sleeps empties its cache when
 * it allocates or frees next.
 *
 * May be called by several readers at once: they take turns.
 *
 * Returns RA_OK and what came of it in *acted; RA_ABSENT (it has ended), RA_NO_REGION (it
 * counts no more), RA_DENIED (the caller is neither its user nor root), RA_TIMEOUT (and
 * the request is withdrawn: what wasn't begun is not done later), RA_SYSTEM (it has no
 * helper thread, or it refused: its allocator can't do that, or the argument makes no sense).
 */
enum ra_status ruby_alloc_reader_act(struct ra_reader *reader, uint32_t action, int64_t argument,
                                     int wait_ms, struct ra_acted *acted, struct ra_failure *why);

/* The name of an action as in RA_ACTIONS; NULL if there is none of this number. */
const char *ruby_alloc_action_name(uint32_t action);

enum ra_prune_action {
    RA_PRUNE_REMOVED,
    RA_PRUNE_KEPT,  /* it can't be told whether its process lives, or it is no region */
    RA_PRUNE_FAILED /* its process is dead, but the system refused to remove it */
};

/* A region that was pruned, or that was to be. Texts are printable UTF-8. */
struct ra_pruned {
    enum ra_prune_action action;
    pid_t pid; /* as in its name: in the process's own pid namespace; 0: a run's directory */
    uid_t uid; /* owner of the file */
    int64_t bytes;
    char path[4096];
    char command[4096]; /* of the process, as last sampled; "" where none can be read */
    char seen[32];      /* when the process last sampled, else started, UTC; "" if unknown */
    char reason[256];   /* "" for a removed one */
};

/*
 * Remove the regions of dead processes from the directories in which the caller's own
 * processes make theirs ($RUBY_ALLOC_DIR alone where it is set), and in these from the
 * directories of runs (region.h) whose ruby_alloc_top is no more, which go too once they
 * are empty: the caller's own regions, as root everyone's. Never that of a living process: neither of one with
 * another start time under the same pid, nor of one that starts meanwhile, nor of
 * one in another pid namespace. The directory must not be shared between machines.
 *
 * visit is called, ascending by pid, with each region that was removed, kept or failed to be removed, and
 * with context; regions of the living and, but for root, of other users are passed over.
 *
 * Returns RA_OK, also when there was nothing to remove; RA_SYSTEM (no memory), and
 * nothing was removed.
 */
enum ra_status ruby_alloc_reader_prune(void (*visit)(const struct ra_pruned *pruned, void *context),
                                       void *context, struct ra_failure *why);

/* The exit status of ruby_alloc_top that goes with status. */
int ruby_alloc_status_exit(enum ra_status status);

#endif
