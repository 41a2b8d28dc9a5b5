/*
 * The region: the file through which a counting process shows its allocations.
 *
 * The library (the writer) makes one for each process and maps it; the reader
 * copies it with pread and never trusts a word of it. It holds fixed-width
 * integers and bounded strings, no pointers and no hidden padding, in the byte
 * order of the machine. The header describes the rest: a section is found by its
 * offset, element size and count, never by this file's own sizeof, so that a
 * newer reader reads an older region. A change that an older reader would
 * misread raises RA_LAYOUT_MAJOR.
 *
 * Name: RA_REGION_PREFIX pid "." start-time "." pid-namespace, all decimal; the
 * start time is field 22 of /proc/PID/stat (clock ticks after boot), the
 * namespace is the inode of /proc/PID/ns/pid, the pid is the one inside it. It
 * lies in the first of these that can be written: $RUBY_ALLOC_DIR alone where it
 * is set; else /dev/shm, $XDG_RUNTIME_DIR, /tmp; and only where that is a tmpfs or ramfs. It
 * is removed at a normal end. The file is as long as it may ever be, and holds what is used:
 * slots_ready slots; what lies beyond is a hole.
 *
 * A run (`ruby_alloc_top -- COMMAND`) makes a directory RA_RUN_PREFIX followed by six
 * letters there and hands it to the command as RUBY_ALLOC_DIR. As long as it holds an
 * exclusive flock on the file RA_RUN_WATCH in it, regions are left there also at a normal
 * exit, for it to read and remove.
 *
 * Order: the writer fills the header and stores `ready` last (release); the
 * reader loads nothing else before it has seen RA_READY. Counters only grow, by
 * plain 64-bit adds of their one writer (the thread whose slot it is) or by
 * atomic adds (shared, moved). The sample is under a sequence lock: odd while it
 * is being written.
 *
 * Futex words: a reader adds 1 to `request` and wakes it; the sampler writes the
 * sample, stores the value it saw into `answered`. What else a reader may ask for it
 * writes into `action` before that.
 */
#ifndef RUBY_ALLOC_REGION_H
#define RUBY_ALLOC_REGION_H

#include <stdint.h>

#include "ruby_alloc/buckets.h"

#define RA_REGION_PREFIX "ruby_alloc."
#define RA_REGION_MAGIC "RUBYALOC" /* eight bytes, no terminator */
#define RA_DEFAULT_DIR "/dev/shm"
#define RA_RUN_PREFIX "ruby_alloc_run."
#define RA_RUN_WATCH "watch"

enum {
    RA_LAYOUT_MAJOR = 1,
    RA_LAYOUT_MINOR = 0,
    RA_READY = 0x52454459,          /* "REDY" */
    RA_SAMPLER_COMING = 0x7fffffff, /* in sampler_tid: made, but not yet running */
    RA_SAMPLER_LATE = 0x7ffffffe,   /* a forked child that has hardly allocated yet: made then */

    RA_SLOT_BYTES = 8192,
    RA_SLOT_MAX = 1024,         /* threads alive at once with a slot of their own */
    RA_SLOT_START = 2,          /* slots that are there from the beginning */
    RA_SLOT_GROW = 2,           /* slots added at once: the budget is 8 KiB a thread */
    RA_CHILD_MAX = 511,         /* forked children remembered */
    RA_ARENA_MAX = 64,          /* arenas with a row of their own; the last row sums up the rest */
    RA_ARENA_REST = 0xffffffff, /* ra_arena.index of that last row */
    RA_SETTING_MAX = 32,        /* pairs of MALLOC_CONF and the like */
    RA_SETTING_BYTES = 40,      /* a key or a value, cut off if longer */
    RA_CLASS_MAX = 396,         /* jemalloc 5.3 has 232 on x86-64, glibc's are told apart as 395 */
    RA_BIN_MAX = 128,           /* of which 36 are small, i.e. live in slabs */
    RA_COMMAND_BYTES = 512,     /* command line, cut off if longer */
    RA_VERSION_BYTES = 64,
    RA_HEADER_BYTES = 8192 - RA_CLASS_MAX * 16 /* header and classes fill two pages */
};

/*
 * Calls counted by name. malloc and free have no counter of their own: they are
 * what the histograms hold beyond these (ra_report, "calls").
 */
#define RA_CALLS(X)                                                                                \
    X(calloc, "calloc calls that returned memory")                                                 \
    X(realloc, "realloc and reallocarray calls that did something")                                \
    X(realloc_new, "of these, the ones that returned memory")                                      \
    X(realloc_freed, "of these, the ones that had an old object to free")                          \
    X(aligned, "posix_memalign, aligned_alloc, memalign, valloc, pvalloc that returned memory")    \
    X(cxx_new, "C++ operator new calls that returned memory")                                      \
    X(other, "mallocx, rallocx and xallocx calls that did something")                              \
    X(other_new, "of these, the ones that made an object")                                         \
    X(other_freed, "of these, the ones that freed an old object")                                  \
    X(failed, "calls for a size above 0 that returned no memory")

enum ra_call {
#define RA_CALL_INDEX(name, help) RA_CALL_##name,
    RA_CALLS(RA_CALL_INDEX)
#undef RA_CALL_INDEX
        RA_CALL_COUNT,
    RA_CALL_SPACE = 15 /* room in the slot */
};
_Static_assert(RA_CALL_COUNT <= RA_CALL_SPACE, "a slot has room for every call");

/* One large bucket. Byte sums, as not every jemalloc rounds large sizes to classes. */
struct ra_large {
    uint64_t allocs;          /* objects made, by usable size */
    uint64_t requested_bytes; /* sum of requested sizes, by requested size */
    uint64_t usable_bytes;    /* sum of usable sizes of the objects made, by usable size */
    uint64_t frees;           /* objects freed, by usable size */
    uint64_t freed_bytes;     /* sum of their usable sizes */
};

enum ra_slot_state { RA_SLOT_FREE = 0, RA_SLOT_LIVE = 1, RA_SLOT_ENDED = 2 };

/*
 * The counters of one thread. alloc[] counts objects by the requested size, in
 * the steps of ra_bucket_of; an object whose class that size does not imply (an
 * aligned one) is counted by its usable size instead and noted in ra_moved. A
 * thread that starts may take over the slot of one that ended, counters and all;
 * base_* then hold what the slot had when it did.
 */
struct ra_slot {
    uint32_t state; /* ra_slot_state */
    uint32_t tid;   /* as seen in the pid namespace of the process */
    uint64_t base_allocs;
    uint64_t base_frees;
    uint64_t reserved[5];
    uint64_t calls[RA_CALL_SPACE];
    uint64_t requested_less_1; /* sum of (requested size - 1) of the objects in alloc[] */
    uint64_t alloc[RA_SMALL_COUNT];
    uint64_t freed[RA_FREED_COUNT]; /* by usable size, in the steps of ra_freed_of */
    struct ra_large large[RA_LARGE_OWN_COUNT];
    uint64_t unused[11];
};
_Static_assert(sizeof(struct ra_slot) == RA_SLOT_BYTES, "a slot is two pages");

/*
 * Counters that many threads add to: those of threads without a slot, and all
 * large buckets above the ones that a slot has.
 */
struct ra_shared {
    struct ra_slot slot;
    struct ra_large large[RA_LARGE_SHARED_COUNT];
};
_Static_assert(sizeof(struct ra_shared) == RA_SLOT_BYTES + RA_LARGE_SHARED_COUNT * 40, "packed");

/*
 * Objects counted in the bucket of their usable size (from) that were asked for
 * with a size of another bucket (to). By requested size there are
 * alloc - from + to objects in a bucket.
 */
struct ra_moved {
    uint64_t from;
    uint64_t to;
};

/*
 * Forked children that made a region, for the writers alone: a child that is killed, or
 * ends by _exit, leaves its region behind, and a server that forks for each job would
 * fill the directory. A child takes the next place and removes the region of the one
 * whose place it was, if that one is dead. A place is pid << 42 | start time.
 */
struct ra_children {
    uint64_t next;
    uint64_t places[RA_CHILD_MAX];
};
_Static_assert(sizeof(struct ra_children) == 4096, "one page");

/* One size class of the running jemalloc, ascending. */
struct ra_class {
    uint64_t size_bytes;
    uint32_t slab_bytes;   /* 0 for a large class */
    uint32_t slab_regions; /* objects in a slab; 0 for a large class */
};
_Static_assert(sizeof(struct ra_class) == 16, "packed");

/* Slabs of one small class over all arenas: stats.arenas.<all>.bins.<i>. */
struct ra_bin {
    uint64_t slabs;   /* curslabs */
    uint64_t regions; /* curregs: regions in use, those in thread caches included */
};

/* jemalloc's statistics, merged over all arenas. Bytes, but for the two page counts. */
#define RA_STATISTICS(X)                                                                           \
    X(allocated, "stats.allocated")                                                                \
    X(active, "stats.active")                                                                      \
    X(metadata, "stats.metadata")                                                                  \
    X(resident, "stats.resident")                                                                  \
    X(mapped, "stats.mapped")                                                                      \
    X(retained, "stats.retained")                                                                  \
    X(dirty_pages, "stats.arenas.4096.pdirty")                                                     \
    X(muzzy_pages, "stats.arenas.4096.pmuzzy")                                                     \
    X(tcache_bytes, "stats.arenas.4096.tcache_bytes")                                              \
    X(small_allocated, "stats.arenas.4096.small.allocated")                                        \
    X(large_allocated, "stats.arenas.4096.large.allocated")                                        \
    X(internal, "stats.arenas.4096.internal")

enum ra_statistic {
#define RA_STATISTIC_INDEX(name, control) RA_STATISTIC_##name,
    RA_STATISTICS(RA_STATISTIC_INDEX)
#undef RA_STATISTIC_INDEX
        RA_STATISTIC_COUNT,
    RA_STATISTIC_SPACE = 16
};

/*
 * glibc's own figures, where it is the allocator (RUBY_ALLOC_BACKEND=libc): bytes, but for
 * the number of arenas. From mallinfo2 and malloc_info (mallinfo(3), malloc_info(3)).
 */
#define RA_GLIBC(X)                                                                                \
    X(arenas, "arenas")                                                                            \
    X(heap, "bytes in the heaps of all arenas (arena)")                                            \
    X(in_use, "of them, in chunks in use or in thread caches (uordblks)")                          \
    X(free, "of them, in free chunks (fordblks)")                                                  \
    X(fast, "of these, in fast bins (fsmblks)")                                                    \
    X(top, "of these, at the top of the arenas, where they grow")                                  \
    X(mapped, "bytes in chunks with a mapping of their own (hblkhd)")

enum ra_glibc_figure {
#define RA_GLIBC_INDEX(name, help) RA_GLIBC_##name,
    RA_GLIBC(RA_GLIBC_INDEX)
#undef RA_GLIBC_INDEX
        RA_GLIBC_COUNT,
    RA_GLIBC_SPACE = 16
};

/* One arena that has a thread or a page, ascending by index. */
struct ra_arena {
    uint32_t index; /* or RA_ARENA_REST */
    uint32_t threads;
    uint32_t known; /* bit i: the i-th of the following is known */
    uint32_t unused;
    uint64_t allocated_bytes;
    uint64_t active_bytes;
    uint64_t dirty_bytes;
    uint64_t muzzy_bytes;
    uint64_t tcache_bytes;
    uint64_t reserved;
};
_Static_assert(sizeof(struct ra_arena) == 64, "packed");

enum ra_setting_source {
    RA_SOURCE_LIBRARY = 1, /* the default that libruby_alloc.so brings for Rubies */
    RA_SOURCE_FILE,        /* what /etc/malloc.conf links to */
    RA_SOURCE_ENVIRONMENT  /* MALLOC_CONF */
};

enum ra_setting_state {
    RA_SETTING_IN_FORCE = 1,
    RA_SETTING_ADJUSTED,   /* jemalloc took it, but not as given */
    RA_SETTING_OVERRIDDEN, /* a later pair names the same key */
    RA_SETTING_REFUSED,    /* jemalloc knows the key, but not this value */
    RA_SETTING_UNKNOWN,    /* jemalloc doesn't know the key, or it is no pair at all */
    RA_SETTING_LOST        /* it was in force until a fork stopped it (background_thread) */
};

/*
 * One pair of jemalloc's configuration, in the order in which jemalloc reads them; as of the
 * sample and under its lock. Where there are more than rows, the key of the last is "(more)".
 */
struct ra_setting {
    uint32_t source; /* ra_setting_source; 0: no more settings */
    uint32_t state;  /* ra_setting_state; 0: jemalloc doesn't show this setting */
    char key[RA_SETTING_BYTES];
    char given[RA_SETTING_BYTES];
    char effective[RA_SETTING_BYTES]; /* empty: unknown */
};
_Static_assert(sizeof(struct ra_setting) == 128, "packed");

struct ra_sample {
    uint32_t sequence; /* odd while being written; 0: none was taken yet */
    uint32_t known;    /* bit i: statistics[i] could be read */
    uint64_t monotonic_ns;
    uint64_t realtime_ns;
    uint64_t statistics[RA_STATISTIC_SPACE];
    struct ra_bin bins[RA_BIN_MAX];
    char command[RA_COMMAND_BYTES]; /* as ps shows it now; arguments separated by spaces */
    uint32_t glibc_known;           /* bit i: glibc[i] could be read */
    uint32_t arena_count;           /* of section arenas, which is under the same lock */
    uint64_t glibc[RA_GLIBC_SPACE];
};

/* Where everything lies. Order and names of the sections. */
#define RA_SECTIONS(X)                                                                             \
    X(classes, struct ra_class)                                                                    \
    X(sample, struct ra_sample)                                                                    \
    X(shared, struct ra_shared)                                                                    \
    X(inherited, struct ra_shared)                                                                 \
    X(moved, struct ra_moved)                                                                      \
    X(slots, struct ra_slot)                                                                       \
    X(arenas, struct ra_arena)                                                                     \
    X(settings, struct ra_setting)

enum ra_section_index {
#define RA_SECTION_INDEX(name, type) RA_SECTION_##name,
    RA_SECTIONS(RA_SECTION_INDEX)
#undef RA_SECTION_INDEX
        RA_SECTION_COUNT,
    RA_SECTION_SPACE = 16
};

struct ra_section {
    uint64_t offset; /* bytes from the start of the region, a multiple of 8 */
    uint32_t element_bytes;
    uint32_t count;
};

/* jemalloc settings in force (opt.*); bits of ra_header.conf_flags. */
enum {
    RA_CONF_BACKGROUND_THREAD = 1 << 0,
    RA_CONF_TCACHE = 1 << 1,
    RA_CONF_PROF = 1 << 2,
    RA_CONF_KNOWN = 1u << 15 /* the settings could be read at all */
};

/* Bits of ra_header.flags. */
enum {
    RA_FLAG_FORKED = 1 << 0,  /* this process began as a fork of a counting one */
    RA_FLAG_RUBY = 1 << 1,    /* Ruby is present in the process */
    RA_FLAG_LIBC = 1 << 2,    /* glibc's malloc is behind the library, not jemalloc's */
    RA_FLAG_KEEPS = 1 << 3,   /* RUBY_ALLOC_DECAY=0: unused pages of an idle process stay */
    RA_FLAG_PARTIAL = 1 << 4, /* no room for all of it: shared and moved aren't shown */
    RA_FLAG_ALONE = 1 << 5,   /* RUBY_ALLOC_HELPER=0: no sampler is wanted, here or in a fork */
    RA_FLAG_ENDED = 1 << 6    /* its process has ended normally, but could not remove it */
};

/*
 * What a reader may ask of the sampler beside a sample. The region is open to its owner
 * and root alone (mode 0600), and so are these: whoever may write here may attach a
 * debugger to the process as well. What is asked is checked all the same; an id or an
 * argument that makes no sense is refused. A reader that asks holds a lock on the file
 * (fcntl's open file description lock, the bytes of ra_action) until it has the answer.
 */
#define RA_ACTIONS(X)                                                                              \
    X(purge, "give unused pages back now")                                                         \
    X(decay, "set the time after which unused pages are given back")                               \
    X(tcache_flush, "let each thread empty its cache at its next call")                            \
    X(malloc_trim, "what malloc_trim(0) does")

enum ra_action_id {
    RA_ACTION_NONE,
#define RA_ACTION_ID(name, help) RA_ACTION_##name,
    RA_ACTIONS(RA_ACTION_ID)
#undef RA_ACTION_ID
        RA_ACTION_COUNT
};

/* Written by the reader up to argument, `asked` last; the rest by the sampler, `done` last. */
struct ra_action {
    uint32_t asked;   /* the reader adds 1 */
    uint32_t id;      /* ra_action_id */
    int64_t argument; /* decay: milliseconds, -1: never */
    uint32_t done;    /* the value of `asked` that was answered */
    int32_t error;    /* 0 or an errno */
    uint64_t value;   /* tcache_flush: threads that have emptied their cache since start */
    uint64_t threads; /* tcache_flush: threads that were asked to */
    uint64_t reserved;
};

struct ra_header {
    char magic[8];
    uint32_t ready; /* RA_READY once all below is filled */
    uint16_t layout_major;
    uint16_t layout_minor;
    uint32_t header_bytes;
    uint32_t
        page_bytes; /* of what is counted in pages: jemalloc's, which need not be the kernel's */

    uint32_t request;          /* futex: readers add 1 */
    uint32_t answered;         /* the request that the last sample answers */
    uint32_t sampler_tid;      /* 0: no sampler runs (refused, or RA_FLAG_ALONE); RA_SAMPLER_* */
    uint32_t interval_seconds; /* between samples that nobody asked for; 0: none */

    uint32_t slots_ready; /* slots that the file holds; the section's count is the most ever */
    uint32_t class_count; /* classes filled */
    uint32_t bin_count;   /* of which the first bin_count are small */
    uint32_t flags;

    /* Bounds of the buckets, see buckets.h. */
    uint32_t small_step;
    uint32_t small_count;
    uint32_t freed_step;
    uint32_t freed_count;
    uint32_t large_per_doubling;
    uint32_t large_own_count;
    uint32_t large_shared_count;
    uint32_t call_count;

    struct ra_section sections[RA_SECTION_SPACE];

    uint32_t pid; /* in the pid namespace below */
    uint32_t parent_pid;
    uint32_t uid;
    uint32_t conf_flags;
    uint64_t start_ticks;
    uint64_t pid_namespace;
    uint64_t created_realtime_ns;
    uint64_t conf_narenas;
    int64_t conf_dirty_decay_ms; /* -1: never */
    int64_t conf_muzzy_decay_ms;

    char comm[16];
    char ruby_version[RA_VERSION_BYTES]; /* empty: none */
    char jemalloc_version[RA_VERSION_BYTES];
    char shim_version[RA_VERSION_BYTES];
    char command[RA_COMMAND_BYTES]; /* at the start of the process */

    struct ra_action action;
};

/* The writer's arrangement. Readers go by header.sections. */
struct ra_region {
    union {
        struct ra_header header;
        char header_room[RA_HEADER_BYTES];
    };
    struct ra_class classes[RA_CLASS_MAX];
    union {
        struct ra_shared inherited; /* everything counted by the ancestors up to the fork */
        char inherited_pages[3 * 4096];
    };
    /* From here or from inherited.large on a hole in a forked child's file, up to the slots. */
    union {
        struct ra_sample sample;
        char sample_page[4096];
    };
    struct ra_arena arenas[RA_ARENA_MAX];
    struct ra_setting settings[RA_SETTING_MAX];
    struct ra_children children;
    struct ra_shared shared;
    struct ra_moved moved[RA_BUCKET_COUNT];
    char padding[2112];
    struct ra_slot slots[];
};
_Static_assert(sizeof(struct ra_header) <= RA_HEADER_BYTES, "the header fits its room");
_Static_assert(sizeof(struct ra_shared) <= 3 * 4096, "what is inherited fits its pages");
_Static_assert(sizeof(struct ra_sample) <= 4096, "the sample fits its page");
_Static_assert(offsetof(struct ra_region, sample) % 4096 == 0 &&
                   offsetof(struct ra_region, settings) % 4096 == 0,
               "the hole begins on a page, with a sample or without");
_Static_assert(sizeof(struct ra_region) % 4096 == 0, "slots begin on a page");
_Static_assert(sizeof(struct ra_region) + 8 * RA_SLOT_BYTES <= 128 * 1024,
               "128 KiB up to 8 threads");

#endif
