/*
 * Environment variables of libruby_alloc.so, declared once: the library reads
 * them, `ruby_alloc_top --help` and the README show them, a test compares.
 *
 * Example: X is handed each line in turn.
 *     #define PRINT(name, value, meaning) printf("%s=%s  %s\n", #name, value, meaning);
 *     RA_ENVIRONMENT(PRINT)
 *
 * A value that makes no sense is noted in the log and ignored. They are read once,
 * when the process starts, and not at all in a setuid program.
 */
#ifndef RUBY_ALLOC_ENVIRONMENT_H
#define RUBY_ALLOC_ENVIRONMENT_H

/* X(name, form of its value, meaning) */
#define RA_ENVIRONMENT(X)                                                                          \
    X(RUBY_ALLOC, "0", "don't count in this process: only forward to jemalloc")                    \
    X(RUBY_ALLOC_ALL, "1", "count in every process, not only where Ruby is present")               \
    X(RUBY_ALLOC_DIR, "DIR", "make the region in DIR, an absolute path on a tmpfs (/dev/shm)")     \
    X(RUBY_ALLOC_KEEP, "BYTES", "what regions of a user's killed processes may hold (4M)")         \
    X(RUBY_ALLOC_INTERVAL, "SECONDS", "sample jemalloc's figures this often (10; 0: on request)")  \
    X(RUBY_ALLOC_TUNING, "0", "leave jemalloc its own defaults; MALLOC_CONF outranks either")      \
    X(RUBY_ALLOC_BACKEND, "libc", "forward to glibc's malloc, to compare (default: jemalloc)")     \
    X(RUBY_ALLOC_DECAY, "0", "don't give unused pages of an idle process back")                    \
    X(RUBY_ALLOC_HELPER, "0", "make no helper thread: exact counts, none of jemalloc's figures")   \
    X(RUBY_ALLOC_LOG, "FILE", "append what goes wrong to FILE (default: nothing is said)")

#endif
