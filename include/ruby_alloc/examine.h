/*
 * The examination: which allocator any process really uses, how it got there, and what
 * the kernel tells of its memory; with the library or without. libruby_alloc_reader.a;
 * this part needs libelf too.
 *
 * The answer is the dynamic linker's own: the first malloc in the order in which it looks
 * symbols up, read from the process's link map and the files' symbol tables. Each value
 * is declared once, in the X-macros below, from which come the struct, the JSON keys,
 * the help text and the tests.
 *
 * Example:
 *     struct ra_examination *seen;
 *     struct ra_failure why;
 *     if (ruby_alloc_examine(&seen, pid, &why) == RA_OK)
 *         printf("%s\n", seen->allocator.name);
 *     ruby_alloc_examination_free(seen);
 *
 * The process is neither stopped nor touched. All that is read from it and from its files
 * is hostile input; texts are handed out as valid UTF-8 without control characters.
 *
 * Units: bytes. What can't be known is RA_UNKNOWN, NULL or a flag of -1 (JSON: null).
 *
 * Threads: no globals; functions may be called by several threads at once.
 */
#ifndef RUBY_ALLOC_EXAMINE_H
#define RUBY_ALLOC_EXAMINE_H

#include "ruby_alloc/reader.h"
#include "ruby_alloc/report.h"

/* Each line: X(type, name, unit, help), as in report.h. */
#define RA_EXAMINE_PROCESS(X)                                                                      \
    X(INT, pid, NONE, "process id, as seen by the reader")                                         \
    X(INT, ppid, NONE, "parent's process id")                                                      \
    X(INT, uid, NONE, "user id of the process")                                                    \
    X(TEXT, comm, NONE, "short name")                                                              \
    X(TEXT, command, NONE, "command line")                                                         \
    X(FLAG, ruby, NONE, "Ruby is in the process")                                                  \
    X(TEXT, ruby_version, NONE, "its version")

#define RA_EXAMINE_ALLOCATOR(X)                                                                    \
    X(TEXT, name, NONE, "whose malloc answers: glibc, jemalloc, ruby_alloc, ...")                  \
    X(TEXT, version, NONE, "its version; of ruby_alloc, of what is behind it")                     \
    X(TEXT, path, NONE, "the file it is in")                                                       \
    X(TEXT, how, NONE, "default, preload, linked or built_in")                                     \
    X(TEXT, needed_by, NONE, "if linked: the file that needs it")

#define RA_EXAMINE_UNUSED(X)                                                                       \
    X(TEXT, path, NONE, "an allocator that is loaded, though another answers")

#define RA_EXAMINE_PRELOAD(X) X(TEXT, value, NONE, "LD_PRELOAD as the process has it")

#define RA_EXAMINE_IGNORED(X)                                                                      \
    X(TEXT, name, NONE, "a library named there that was not loaded")                               \
    X(TEXT, reason, NONE, "why, in a word")                                                        \
    X(TEXT, text, NONE, "why, and what to do")

#define RA_EXAMINE_ENVIRONMENT(X)                                                                  \
    X(TEXT, MALLOC_ARENA_MAX, NONE, "glibc: so many arenas at most")                               \
    X(TEXT, MALLOC_CONF, NONE, "jemalloc's settings")                                              \
    X(TEXT, GLIBC_TUNABLES, NONE, "glibc's settings")

#define RA_EXAMINE_MEMORY(X)                                                                       \
    X(INT, rss, BYTES, "resident set size of the process")                                         \
    X(INT, rss_anon, BYTES, "of it, anonymous memory")                                             \
    X(INT, pss, BYTES, "resident, pages shared with others divided among them")                    \
    X(INT, lazy_free, BYTES, "given back, but in RSS until the kernel wants it")                   \
    X(INT, swap, BYTES, "swapped out")                                                             \
    X(INT, huge_pages, BYTES, "anonymous memory in transparent huge pages")                        \
    X(INT, cgroup_limit, BYTES, "smallest memory limit of its control groups")

#define RA_EXAMINE_GLIBC(X)                                                                        \
    X(INT, arenas, COUNT, "arenas of glibc's malloc, the main one included")                       \
    X(INT, resident, BYTES, "resident in them")                                                    \
    X(INT, reserved, BYTES, "address space kept for them")                                         \
    X(FLAG, estimated, NONE, "arenas told by the shape of mappings: at most so many")

#define RA_EXAMINE_ADVICE(X) RA_REPORT_ADVICE(X)

#define RA_EXAMINE_NOTE(X) X(TEXT, text, NONE, "what could not be told, and why")

/* The ids of advice, in the order in which it is given: X(id, when). */
#define RA_EXAMINE_REMEDIES(X)                                                                     \
    X(fix_preload, "LD_PRELOAD names a library that ld.so ignored")                                \
    X(wrong_order, "an allocator is loaded behind the C library, or this library behind another")  \
    X(bound_past, "a library was bound past the allocator, as RTLD_DEEPBIND does")                 \
    X(use_jemalloc, "glibc's malloc answers")                                                      \
    X(arena_max, "glibc's malloc has more than two arenas, and nothing limits them")               \
    X(useless_setting, "MALLOC_CONF or MALLOC_ARENA_MAX is set, and the allocator ignores it")     \
    X(fewer_huge_pages, "a tenth of the memory or more is in huge pages")                          \
    X(count_it, "jemalloc answers: the library would count on top of it")                          \
    X(task_limit, "the library is in place, and hardly a thread more may be made")                 \
    X(read_report, "the library is in place: its report says where memory goes, if it counts")     \
    X(built_in, "the program has the allocator in itself: it can't be replaced")                   \
    X(nothing, "none of the others applies")

/* Groups that occur once: G(member, fields). */
#define RA_EXAMINE_GROUPS(G)                                                                       \
    G(process, RA_EXAMINE_PROCESS)                                                                 \
    G(allocator, RA_EXAMINE_ALLOCATOR)                                                             \
    G(preload, RA_EXAMINE_PRELOAD)                                                                 \
    G(environment, RA_EXAMINE_ENVIRONMENT)                                                         \
    G(memory, RA_EXAMINE_MEMORY)                                                                   \
    G(glibc, RA_EXAMINE_GLIBC)

/* Tables: T(member, row struct's name, fields, group that it belongs to or "", its name there). */
#define RA_EXAMINE_TABLES(T)                                                                       \
    T(unused, unused, RA_EXAMINE_UNUSED, "allocator", "loaded_not_used")                           \
    T(ignored, ignored, RA_EXAMINE_IGNORED, "preload", "ignored")                                  \
    T(advice, advice, RA_EXAMINE_ADVICE, "", "advice")                                             \
    T(notes, note, RA_EXAMINE_NOTE, NULL, "notes")

/* struct ra_examine_process, ra_examine_allocator, ... and struct ra_examine_unused, ... */
#define RA_EXAMINE_STRUCT(member, fields)                                                          \
    struct ra_examine_##member {                                                                   \
        fields(RA_REPORT_MEMBER)                                                                   \
    };
RA_EXAMINE_GROUPS(RA_EXAMINE_STRUCT)
#define RA_EXAMINE_ROW(member, row, fields, owner, key) RA_EXAMINE_STRUCT(row, fields)
RA_EXAMINE_TABLES(RA_EXAMINE_ROW)

struct ra_examination {
    char time[32];         /* when it was made, UTC with milliseconds */
    bool is_glibc;         /* glibc's malloc answers: the group glibc means something */
    enum ra_status status; /* RA_DENIED: only what everybody may know is in here */
#define RA_EXAMINE_GROUP(member, fields) struct ra_examine_##member member;
    RA_EXAMINE_GROUPS(RA_EXAMINE_GROUP)
#undef RA_EXAMINE_GROUP
#define RA_EXAMINE_TABLE(member, row, fields, owner, key)                                          \
    struct ra_examine_##row *member;                                                               \
    size_t member##_count;
    RA_EXAMINE_TABLES(RA_EXAMINE_TABLE)
#undef RA_EXAMINE_TABLE
};

/* A group or table, and where it is shown: in another group ("" at the top, NULL: not in the JSON). */
struct ra_examine_group {
    struct ra_group group;
    const char *owner;
};

/* All groups and tables, in the order of the JSON; ends with a NULL name. */
extern const struct ra_examine_group ruby_alloc_examine_groups[];

/*
 * Examine process pid (as seen by the caller), which may be in other pid and mount
 * namespaces. Takes milliseconds; reads up to some hundred files.
 *
 * Returns RA_OK and the examination, to be freed with ruby_alloc_examination_free;
 * RA_DENIED and an examination all the same, with what everybody may know; RA_TIMEOUT and
 * one with what was found until a file system that the process uses did not answer; any other
 * status (RA_ABSENT, RA_SYSTEM) and none (*examination is NULL). What could not be told
 * of a process that may be looked at is a note, not an error.
 *
 * It is done in a process of its own, which is no child and is not waited for beyond some
 * seconds.
 */
enum ra_status ruby_alloc_examine(struct ra_examination **examination, pid_t pid,
                                  struct ra_failure *why);

/* Free an examination; NULL is allowed. */
void ruby_alloc_examination_free(struct ra_examination *examination);

/*
 * All processes in which Ruby is, ascending by pid. What looks like one but may not be
 * looked at is counted in *denied (may be NULL).
 *
 * Returns RA_OK, an array of pids in *pids (to be freed with free; NULL when none) and
 * its length in *count; or RA_SYSTEM.
 */
enum ra_status ruby_alloc_examine_list(pid_t **pids, size_t *count, size_t *denied,
                                       struct ra_failure *why);

#endif
