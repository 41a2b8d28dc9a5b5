/*
 * Advice: the rules by which a report says what would help, declared once. The
 * reader speaks by them (ra_report.advice), the README lists them, a test compares.
 *
 * Example: X is handed each line in turn.
 *     #define PRINT(id, meaning) printf("%s: %s\n", #id, meaning);
 *     RA_ADVICE(PRINT)
 *
 * A loss is worth a line from RA_ADVICE_SHARE_PERCENT of RSS on, and not below
 * RA_ADVICE_LEAST_BYTES. Order: what puts the others in doubt; what gives memory back,
 * most bytes first; what is good to know, largest loss first. Bytes are at most the
 * loss itself, and unknown where nothing can be promised or another row promises the
 * same ones: those of one report together are no more than its RSS.
 */
#ifndef RUBY_ALLOC_ADVICE_H
#define RUBY_ALLOC_ADVICE_H

enum {
    RA_ADVICE_MAX = 5, /* rows at most */
    RA_ADVICE_TEXT_BYTES = 160,
    RA_ADVICE_SHARE_PERCENT = 5,
    RA_ADVICE_LEAST_BYTES = 4 * 1024 * 1024,
    RA_ADVICE_OLD_SECONDS = 3,    /* a process that runs answers at once */
    RA_ADVICE_GROWTH_SECONDS = 30 /* over less, garbage looks like growth */
};

/* X(id, when it speaks): of two rules about the same bytes the first promises them. */
#define RA_ADVICE(X)                                                                               \
    X(own_allocator, "the executable has an allocator of its own: hardly anything is counted")     \
    X(counts_partial, "a forked child found the directory full: not all counts are shown")         \
    X(sample_old, "the process doesn't answer: jemalloc's figures are old, or missing")            \
    X(sample_inherited, "hardly allocated since its fork: jemalloc's figures are its parent's")    \
    X(helper_off, "RUBY_ALLOC_HELPER=0: nobody samples jemalloc's figures")                        \
    X(helper_refused, "no helper thread could be made: a limit of tasks, ulimit -u or pids.max")   \
    X(kernel_silent, "the kernel doesn't tell PSS or RSS: no smaps_rollup, or no right to it")     \
    X(settings_refused, "jemalloc refused a pair of its configuration, or doesn't know it")        \
    X(purge, "free pages, dirty or muzzy, that can go back to the kernel now")                     \
    X(dirty_decay, "free pages are kept for ten seconds, longer, or for ever")                     \
    X(narenas, "gaps are scattered over more arenas than a Ruby can make use of")                  \
    X(slab_gaps, "gaps between live objects of the classes named")                                 \
    X(large_padding, "the page more that each large object has")                                   \
    X(thread_cache, "freed objects that threads keep")                                             \
    X(stranded, "caches that a fork left behind, or other bytes that nobody holds")                \
    X(prof_sampling, "what jemalloc's own profiler rounds up, for objects that it samples")        \
    X(rounding, "sizes rounded up to their class, above all the ones named")                       \
    X(metadata, "jemalloc's own data, beyond 4 MiB for its map of addresses, hardly touched")      \
    X(other, "memory that is not malloc's: Ruby's own heap pages, stacks, mappings")               \
    X(lazy_free, "given back already; in RSS until the kernel needs it")                           \
    X(swap, "swapped out, not in RSS")                                                             \
    X(growth, "live bytes grew since a report 30 seconds ago or more")                             \
    X(malloc_trim, "glibc behind the library: free memory in its heaps")                           \
    X(arena_max, "glibc behind the library: more than two arenas")                                 \
    X(use_jemalloc, "glibc behind the library: jemalloc likely takes less")                        \
    X(live, "half or more is live, or nothing else is worth a line")                               \
    X(background_thread_lost, "jemalloc's background_thread ended at a fork")

enum ra_advice_id {
#define RA_ADVICE_ID(id, meaning) RA_ADVICE_##id,
    RA_ADVICE(RA_ADVICE_ID)
#undef RA_ADVICE_ID
        RA_ADVICE_COUNT
};

#endif
