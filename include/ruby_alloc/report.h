/*
 * The report: what ruby_alloc knows about one process at one moment. Every
 * output (screen, text, JSON) is a view of one struct ra_report; each value is
 * declared once, in the X-macros below, from which come the struct, the JSON
 * keys, the help text and the tests.
 *
 * Example:
 *     struct ra_report *report = ruby_alloc_report_new(now, NULL);
 *     printf("%" PRId64 " bytes live\n", report->memory.live);
 *     ruby_alloc_report_free(report);
 *
 * Units: sizes in bytes, times in seconds, counts since the process (after a
 * fork: the child) started, rates per second between two snapshots. What can't be
 * known is RA_UNKNOWN, a NAN or a NULL, according to type (JSON: null).
 *
 * Threads: a report is plain data of its caller; no function here keeps state.
 */
#ifndef RUBY_ALLOC_REPORT_H
#define RUBY_ALLOC_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RA_UNKNOWN INT64_MIN /* an integer that can't be known */

/* Types of values: RA_INT int64_t, RA_REAL double, RA_TEXT const char *, RA_FLAG int (0, 1, -1). */
enum ra_type { RA_INT, RA_REAL, RA_TEXT, RA_FLAG };
enum ra_unit {
    RA_UNIT_NONE,
    RA_UNIT_BYTES,
    RA_UNIT_COUNT,
    RA_UNIT_SECONDS,
    RA_UNIT_MILLISECONDS,
    RA_UNIT_SHARE, /* 0 to 1 */
    RA_UNIT_RATE   /* per second */
};

/* Each line: X(type, name, unit, help). The order is that of REPORT.md and of the JSON. */
#define RA_REPORT_PROCESS(X)                                                                       \
    X(INT, pid, NONE, "process id, as seen by the reader")                                         \
    X(INT, ppid, NONE, "parent's process id")                                                      \
    X(INT, uid, NONE, "user id of the process")                                                    \
    X(TEXT, comm, NONE, "short name")                                                              \
    X(TEXT, command, NONE, "command line")                                                         \
    X(TEXT, state, NONE, "running, exited or detached")                                            \
    X(TEXT, started, NONE, "start time, UTC")                                                      \
    X(REAL, uptime, SECONDS, "time since the start")                                               \
    X(FLAG, forked, NONE, "began as a fork of a counting process")                                 \
    X(TEXT, ruby_version, NONE, "version of Ruby in the process")                                  \
    X(TEXT, jemalloc_version, NONE, "version of the jemalloc in use")                              \
    X(TEXT, shim_version, NONE, "version of libruby_alloc.so in the process")                      \
    X(FLAG, own_allocator, NONE, "its executable has an allocator of its own: hardly counted")     \
    X(TEXT, backend, NONE, "allocator behind the library: jemalloc or libc")

#define RA_REPORT_CONF(X)                                                                          \
    X(INT, narenas, COUNT, "arenas at most")                                                       \
    X(INT, dirty_decay_ms, MILLISECONDS, "time until unused dirty pages are purged; -1: never")    \
    X(INT, muzzy_decay_ms, MILLISECONDS, "time until muzzy pages are purged; -1: never")           \
    X(FLAG, background_thread, NONE, "jemalloc purges from a thread of its own")                   \
    X(FLAG, tcache, NONE, "threads cache freed objects")                                           \
    X(FLAG, prof, NONE, "heap profiling is available")

#define RA_REPORT_CALLS(X)                                                                         \
    X(INT, malloc, COUNT, "malloc calls")                                                          \
    X(INT, calloc, COUNT, "calloc calls")                                                          \
    X(INT, realloc, COUNT, "realloc and reallocarray calls")                                       \
    X(INT, aligned, COUNT, "posix_memalign, aligned_alloc, memalign, valloc, pvalloc calls")       \
    X(INT, new, COUNT, "C++ operator new calls")                                                   \
    X(INT, other, COUNT, "mallocx, rallocx, xallocx calls")                                        \
    X(INT, free, COUNT, "calls of every way to free")                                              \
    X(INT, failed, COUNT, "calls for a size above 0 that returned no memory")

#define RA_REPORT_TOTALS(X)                                                                        \
    X(INT, allocations, COUNT, "objects made")                                                     \
    X(INT, frees, COUNT, "objects freed")                                                          \
    X(INT, live_objects, COUNT, "objects that exist now")                                          \
    X(INT, inherited_objects, COUNT, "objects that existed at the fork")                           \
    X(INT, allocated_bytes, BYTES, "usable bytes of the objects made")                             \
    X(INT, freed_bytes, BYTES, "usable bytes of the objects freed")

#define RA_REPORT_MEMORY(X)                                                                        \
    X(INT, requested, BYTES, "asked for by the application, of what is live (estimate)")           \
    X(INT, live, BYTES, "usable bytes of live objects")                                            \
    X(INT, allocated, BYTES, "live and cached by threads (jemalloc stats.allocated)")              \
    X(INT, active, BYTES, "pages that hold objects (stats.active)")                                \
    X(INT, metadata, BYTES, "jemalloc's own data (stats.metadata)")                                \
    X(INT, dirty, BYTES, "unused pages not yet given back")                                        \
    X(INT, muzzy, BYTES, "unused pages given back lazily")                                         \
    X(INT, resident, BYTES, "physical pages jemalloc holds, at most (stats.resident)")             \
    X(INT, mapped, BYTES, "mapped extents (stats.mapped)")                                         \
    X(INT, retained, BYTES, "address space kept without pages (stats.retained)")                   \
    X(INT, rss, BYTES, "resident set size of the process")                                         \
    X(INT, rss_anon, BYTES, "of it, anonymous memory")                                             \
    X(INT, pss, BYTES, "resident, pages shared with others divided among them")                    \
    X(INT, lazy_free, BYTES, "given back, but in RSS until the kernel wants it")                   \
    X(INT, swap, BYTES, "swapped out")                                                             \
    X(INT, tcache, BYTES, "freed objects in thread caches (tcache_bytes)")                         \
    X(INT, internal, BYTES, "jemalloc's own objects, in allocated and in metadata (internal)")     \
    X(REAL, sample_age, SECONDS, "age of jemalloc's figures")                                      \
    X(TEXT, sample_time, NONE, "when they were taken, UTC")

#define RA_REPORT_FRAGMENTATION(X)                                                                 \
    X(INT, rounding, BYTES, "live - requested: sizes rounded up to classes")                       \
    X(INT, thread_cache, BYTES, "of allocated - live: freed objects in the caches of threads")     \
    X(INT, stranded, BYTES, "the rest: caches lost at a fork, or rounded up by sampling")          \
    X(INT, slab_gaps, BYTES, "active - allocated: free places between live objects")               \
    X(INT, dirty, BYTES, "unused pages not yet given back")                                        \
    X(INT, metadata, BYTES, "jemalloc's own data")                                                 \
    X(INT, other, BYTES, "rss_anon - resident: not jemalloc's (Ruby's heap, stacks)")              \
    X(REAL, ratio, NONE, "resident / live")                                                        \
    X(TEXT, largest, NONE, "the largest of these losses")                                          \
    X(INT, class_gaps, BYTES, "of slab_gaps, free places in the slabs of small classes")           \
    X(INT, large_padding, BYTES, "of slab_gaps, pages beside large objects")                       \
    X(REAL, rounding_share, SHARE, "rounding / rss")                                               \
    X(REAL, thread_cache_share, SHARE, "thread_cache / rss")                                       \
    X(REAL, stranded_share, SHARE, "stranded / rss")                                               \
    X(REAL, slab_gaps_share, SHARE, "slab_gaps / rss")                                             \
    X(REAL, dirty_share, SHARE, "dirty / rss")                                                     \
    X(REAL, metadata_share, SHARE, "metadata / rss")                                               \
    X(REAL, other_share, SHARE, "other / rss")

#define RA_REPORT_GLIBC(X)                                                                         \
    X(INT, arenas, COUNT, "glibc's arenas")                                                        \
    X(INT, heap, BYTES, "bytes in the heaps of all arenas")                                        \
    X(INT, in_use, BYTES, "of them, in chunks in use or in thread caches")                         \
    X(INT, free, BYTES, "of them, in free chunks")                                                 \
    X(INT, fast, BYTES, "of these, in fast bins")                                                  \
    X(INT, top, BYTES, "of these, at the top of the arenas")                                       \
    X(INT, mapped, BYTES, "chunks with a mapping of their own")

#define RA_REPORT_CLASS(X)                                                                         \
    X(INT, size, BYTES, "usable size of the class; its largest, if it takes in several")           \
    X(INT, allocations, COUNT, "objects made")                                                     \
    X(INT, frees, COUNT, "objects freed")                                                          \
    X(INT, live_objects, COUNT, "objects that exist now")                                          \
    X(INT, live_bytes, BYTES, "their usable bytes")                                                \
    X(INT, slabs, COUNT, "slabs; null for large classes")                                          \
    X(INT, slab_regions, COUNT, "objects that fit a slab")                                         \
    X(REAL, utilization, SHARE, "used regions of all regions in the slabs")                        \
    X(INT, gap_bytes, BYTES, "bytes of unused regions in the slabs")                               \
    X(REAL, allocation_rate, RATE, "objects made a second")                                        \
    X(REAL, free_rate, RATE, "objects freed a second")

#define RA_REPORT_SIZE(X)                                                                          \
    X(INT, min, BYTES, "smallest requested size in this bucket")                                   \
    X(INT, max, BYTES, "largest requested size in this bucket")                                    \
    X(INT, class, BYTES, "usable size such a request gets, at most")                               \
    X(INT, allocations, COUNT, "objects made")                                                     \
    X(INT, requested_bytes, BYTES, "bytes asked for (up to 4096: counted as max each)")            \
    X(REAL, share, SHARE, "share of all allocations")                                              \
    X(REAL, allocation_rate, RATE, "objects made a second")

#define RA_REPORT_THREAD(X)                                                                        \
    X(INT, tid, NONE, "thread id; null for summed rows")                                           \
    X(TEXT, name, NONE, "thread name")                                                             \
    X(TEXT, state, NONE, "live, ended (summed) or overflow (shared)")                              \
    X(INT, allocations, COUNT, "objects made")                                                     \
    X(INT, frees, COUNT, "objects freed")                                                          \
    X(REAL, allocation_rate, RATE, "objects made a second")

#define RA_REPORT_ARENA(X)                                                                         \
    X(INT, index, NONE, "arena number; null for the sum of the arenas beyond the table")           \
    X(INT, threads, COUNT, "threads bound to it")                                                  \
    X(INT, allocated, BYTES, "bytes in objects")                                                   \
    X(INT, active, BYTES, "bytes in pages that hold objects")                                      \
    X(INT, dirty, BYTES, "bytes in dirty pages")                                                   \
    X(INT, muzzy, BYTES, "bytes in muzzy pages")                                                   \
    X(INT, tcache, BYTES, "bytes in the caches of its threads")

#define RA_REPORT_SETTING(X)                                                                       \
    X(TEXT, key, NONE, "setting of jemalloc")                                                      \
    X(TEXT, given, NONE, "value asked for")                                                        \
    X(TEXT, effective, NONE, "value that jemalloc goes by")                                        \
    X(TEXT, source, NONE, "library (our default), /etc/malloc.conf or MALLOC_CONF")                \
    X(TEXT, state, NONE, "in_force, adjusted, overridden, refused, unknown or lost")

#define RA_REPORT_ADVICE(X)                                                                        \
    X(TEXT, id, NONE, "which rule speaks")                                                         \
    X(TEXT, text, NONE, "what to do")                                                              \
    X(INT, bytes, BYTES, "what it should give back; null if unknown")

/* Groups that occur once: G(member, fields). conf is shown inside process, as jemalloc_conf. */
#define RA_REPORT_GROUPS(G)                                                                        \
    G(process, RA_REPORT_PROCESS)                                                                  \
    G(conf, RA_REPORT_CONF)                                                                        \
    G(calls, RA_REPORT_CALLS)                                                                      \
    G(totals, RA_REPORT_TOTALS)                                                                    \
    G(memory, RA_REPORT_MEMORY)                                                                    \
    G(fragmentation, RA_REPORT_FRAGMENTATION)                                                      \
    G(glibc, RA_REPORT_GLIBC)

/* Tables, one row per thing: T(member, row struct's name, fields). */
#define RA_REPORT_TABLES(T)                                                                        \
    T(classes, class, RA_REPORT_CLASS)                                                             \
    T(sizes, size, RA_REPORT_SIZE)                                                                 \
    T(threads, thread, RA_REPORT_THREAD)                                                           \
    T(arenas, arena, RA_REPORT_ARENA)                                                              \
    T(advice, advice, RA_REPORT_ADVICE)                                                            \
    T(settings, setting, RA_REPORT_SETTING)

#define RA_C_INT int64_t
#define RA_C_REAL double
#define RA_C_TEXT const char *
#define RA_C_FLAG int
#define RA_REPORT_MEMBER(type, name, unit, help) RA_C_##type name;

/* struct ra_report_process, ra_report_conf, ... and struct ra_report_class, ... */
#define RA_REPORT_STRUCT(member, fields)                                                           \
    struct ra_report_##member {                                                                    \
        fields(RA_REPORT_MEMBER)                                                                   \
    };
RA_REPORT_GROUPS(RA_REPORT_STRUCT)
#define RA_REPORT_ROW(member, row, fields) RA_REPORT_STRUCT(row, fields)
RA_REPORT_TABLES(RA_REPORT_ROW)

struct ra_report {
    char time
        [32]; /* when the snapshot was taken, UTC with milliseconds, "2026-11-23T09:30:00.123Z" */
#define RA_REPORT_GROUP(member, fields) struct ra_report_##member member;
    RA_REPORT_GROUPS(RA_REPORT_GROUP)
#undef RA_REPORT_GROUP
#define RA_REPORT_TABLE(member, row, fields)                                                       \
    struct ra_report_##row *member;                                                                \
    size_t member##_count;
    RA_REPORT_TABLES(RA_REPORT_TABLE)
#undef RA_REPORT_TABLE
};

/* A value's description, for views that go through all of them. */
struct ra_field {
    const char *name;
    enum ra_type type;
    enum ra_unit unit;
    size_t offset; /* of the value, in its group's or row's struct */
    const char *help;
};

/* A group or table: its place in struct ra_report and its fields. */
struct ra_group {
    const char *name;    /* "process", "jemalloc_conf", "calls", ..., "classes", "sizes", ... */
    size_t offset;       /* of the group's struct, or of the pointer to the rows */
    size_t count_offset; /* of the number of rows; 0 for a group that occurs once */
    size_t row_bytes;    /* of one row; 0 for a group that occurs once */
    const struct ra_field *fields;
    size_t field_count;
};

/* All groups and tables, in the order of the JSON; ends with a NULL name. */
extern const struct ra_group ruby_alloc_report_groups[];

struct ra_snapshot;

/*
 * Derive the report from a snapshot.
 *
 * now:    taken by ruby_alloc_reader_snapshot; only read, and not needed by the
 *         report afterwards (texts are copied).
 * before: an earlier snapshot of the same process for rates, or NULL: rates are NAN.
 *
 * Returns the report, to be freed with ruby_alloc_report_free, or NULL if there is
 * no memory.
 */
struct ra_report *ruby_alloc_report_new(const struct ra_snapshot *now,
                                        const struct ra_snapshot *before);

/* Free a report and all it points to; NULL is allowed. */
void ruby_alloc_report_free(struct ra_report *report);

#endif
