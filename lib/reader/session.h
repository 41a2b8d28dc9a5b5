/* The open region of one process; see ruby_alloc/reader.h. */
#ifndef RUBY_ALLOC_READER_SESSION_H
#define RUBY_ALLOC_READER_SESSION_H

#include "reader/copy.h"
#include "reader/locate.h"
#include "reader/names.h"
#include "reader/request.h"

struct ra_list;

enum {
    RA_SESSION_READY_MS = 200, /* a region is made within a few milliseconds */
    /*
     * What is dear to ask the kernel for (smaps_rollup walks the page tables: 170 to
     * 400 microseconds for an idle Ruby, more than all the rest) is, for a thrifty
     * reader, at most this old, and renewed when the resident size has changed by a sixteenth.
     */
    RA_SESSION_REFRESH_SECONDS = 30
};

struct ra_reader {
    struct ra_target target; /* dir is -1 once the process has ended */
    struct ra_place place;   /* fd is open for reading here */
    bool is_writable;
    bool is_bound;   /* to this file, whatever becomes of its name */
    bool is_checked; /* whether the process has the region mapped was looked up */
    bool is_detached;
    bool is_thrifty; /* one of many: what is dear to read may be a little old */
    bool is_asked;   /* request was sent, and no snapshot has waited for its answer yet */
    int ready_ms;    /* how long a region that is being made is waited for */
    struct ra_request request;
    int own_allocator; /* as in a snapshot; looked up when the region is opened */
    bool is_foreign;   /* the process lives in another pid namespace than the caller */
    int64_t boot_time; /* as in a snapshot */
    struct ra_copy copy;

    uint64_t refreshed_ns; /* CLOCK_MONOTONIC; 0: never */
    struct ra_names names;
    struct ra_proc_rollup rollup;
    char comm[RA_PROC_COMM_BYTES];
    char command[RA_SNAPSHOT_COMMAND_BYTES];
};

/*
 * Open for reading, and writing if allowed, the file that place.fd only points at. To be
 * settled once its process is known.
 */
enum ra_status ra_session_open_place(struct ra_reader *reader, struct ra_failure *why);

/* Look up what stays the same as long as the region is open, once its process is known. */
void ra_session_settle(struct ra_reader *reader);

/* Fill what /proc knows of a living process into snapshot. */
void ra_session_describe(struct ra_reader *reader, struct ra_snapshot *snapshot);

/* Nanoseconds on a clock. */
uint64_t ra_session_clock(int clock);

/*
 * Look whether the process can be asked to do something: alive and counting in this
 * region, with a helper thread that answers, and a region that the caller may write to.
 * Returns RA_OK, RA_ABSENT, RA_NO_REGION, RA_DENIED, RA_TIMEOUT (a forked child whose helper
 * is yet to come) or RA_SYSTEM.
 */
enum ra_status ra_session_look(struct ra_reader *reader, struct ra_failure *why);

/* Look whether the process still lives; its status is then fresh. */
bool ra_session_look_alive(struct ra_reader *reader);

/* As ruby_alloc_reader_ask, but all in the snapshots stays fresh. */
void ra_session_ask(struct ra_reader *reader);

/* Whether a snapshot needs no wait: the process has answered, or wasn't asked. */
bool ra_session_has_answered(const struct ra_reader *reader);

/* Whether a signal or a debugger has stopped the process, by its last status. */
bool ra_session_is_stopped(const struct ra_reader *reader);

/* Why a living process may have let a wait for its answer run out, by its last status. */
const char *ra_session_why_silent(const struct ra_reader *reader);

#endif
