/*
 * The region of this process: its description, and how it comes to lie in a file. Its
 * place in memory is fixed (base.h). Only set-up and fork call these, with no other
 * thread running, but for ra_region_grow, whose caller holds the slots' lock, and what
 * makes it whole.
 */
#ifndef RA_SHIM_REGION_H
#define RA_SHIM_REGION_H

#include <stdbool.h>

#include "base.h"

#pragma GCC visibility push(hidden)

/*
 * What every region of this process begins with: filled once, copied into the file of
 * the process and those of its forks. A child reads it here rather than in its parent's
 * region, whose pages it would have to fault in.
 */
struct ra_image {
    struct ra_header header;  /* which a child writes its identity into */
    struct ra_class *classes; /* RA_CLASS_MAX of them */
};
extern struct ra_image ra_image;

/*
 * Make a file that begins with ra_image and holds what RA_CURRENT has counted, and map
 * it in its place, ready for readers. Returns false, and logs why, if no directory
 * would take it: RA_CURRENT is then still memory of this process alone.
 */
bool ra_region_publish(void);

/* What a forked child counts in: a file of its own, memory, or nothing that it may write to. */
enum ra_region_place { RA_REGION_FILE, RA_REGION_PRIVATE, RA_REGION_NONE };

struct ra_sampled {
    struct ra_sample sample;
    struct ra_arena arenas[RA_ARENA_MAX];
};

/*
 * What a forked child begins with: all that its ancestors counted, and its parent's last
 * sample, which tells of the child's jemalloc too until it has one of its own; NULL: none.
 * before_ticks: as for ra_identity_refill.
 */
struct ra_heritage {
    const struct ra_shared *counts;
    size_t counts_bytes; /* those of a slot; all, where there is something behind them */
    const struct ra_sampled *sampled;
    uint64_t before_ticks;
    unsigned slot; /* which its first thread counts in: the one it had in its parent */
};

/*
 * ra_region_publish in a forked child, for which RA_CURRENT is still its parent's file.
 * Where no file can be made, a filter of system calls may not let it, or the parent is at its
 * end and has removed its own, private memory takes the place; after RA_REGION_NONE the child
 * must not count.
 */
enum ra_region_place ra_region_publish_child(const struct ra_heritage *heritage);

/*
 * A forked child's file has a hole at first, as each page takes a microsecond at a fork and
 * most children end without: from the sample to the slots, or from what is inherited of
 * objects above 8 MiB where there are none. Before anything in there is touched, read or
 * written, this makes it whole; false: it can't, and nothing may be touched. Any thread;
 * errno stays.
 */
extern uint32_t ra_region_hole; /* 0: there is none */
bool ra_region_fill_hole(void);

static inline bool ra_region_is_whole(void)
{
    return RA_LIKELY(__atomic_load_n(&ra_region_hole, __ATOMIC_ACQUIRE) == 0) ||
           ra_region_fill_hole();
}

/*
 * Say in the region that its process is gone, though the file is there: it could not be
 * removed. Any thread, signal handlers too.
 */
void ra_region_end(void);

/*
 * The process goes on after all: it hasn't ended, and its file, if it was removed, is made
 * anew. What other threads count at that very moment may be missing. By the thread that removed
 * it; in signal handlers too.
 */
void ra_region_come_back(bool removed);

/*
 * Slots that there is room for, from the first on. Beyond them nothing may be touched, but for
 * the slot that a forked child's first thread came with.
 */
extern unsigned ra_region_room;

/*
 * Make room for RA_SLOT_GROW more slots. Returns ra_region_room as it is afterwards: the same
 * as before when the directory is full or the limit reached.
 */
unsigned ra_region_grow(void);

#pragma GCC visibility pop

#endif
