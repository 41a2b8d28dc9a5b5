/*
 * Regions made by hand: valid ones in memory, to be changed by a test and written
 * where the reader looks for them ($TEST_DIR, named by RUBY_ALLOC_DIR).
 */
#ifndef RUBY_ALLOC_TESTS_REGION_BUILDER_H
#define RUBY_ALLOC_TESTS_REGION_BUILDER_H

#include <check.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reader/locate.h"
#include "reader/proc.h"
#include "ruby_alloc/reader.h"
#include "ruby_alloc/region.h"
#include "ruby_alloc/report.h"

#include "suite.h"

enum { BUILT_SLOTS = 8, BUILT_BYTES = sizeof(struct ra_region) + BUILT_SLOTS * RA_SLOT_BYTES };

static char built_dir[PATH_MAX];

/* A directory of this process's own, named by RUBY_ALLOC_DIR. */
static inline void builder_set_up(void)
{
    const char *base = getenv("TEST_DIR");

    snprintf(built_dir, sizeof(built_dir), "%s/regions.XXXXXX", base == NULL ? "/tmp" : base);
    ck_assert_ptr_nonnull(mkdtemp(built_dir));
    setenv("RUBY_ALLOC_DIR", built_dir, 1);
    unsetenv("XDG_RUNTIME_DIR");
}

static inline void builder_tear_down(void)
{
    char command[PATH_MAX + 16];

    snprintf(command, sizeof(command), "rm -rf '%s'", built_dir);
    ck_assert_int_eq(system(command), 0);
}

/* jemalloc's size classes on x86-64: 8, 16 to 128 by 16, then four per doubling. */
static inline void build_classes(struct ra_region *region)
{
    uint64_t size = 8;
    uint32_t count = 0;

    while (size <= UINT64_C(1) << RA_LARGE_LAST_LOG2 && count < RA_CLASS_MAX) {
        bool is_small = size <= 14336;

        region->classes[count].size_bytes = size;
        region->classes[count].slab_bytes = is_small ? 65536 : 0;
        region->classes[count].slab_regions = is_small ? (uint32_t)(65536 / size) : 0;
        region->header.bin_count += is_small;
        count++;
        if (size == 8) {
            size = 16;
        } else if (size < 128) {
            size += 16;
        } else {
            size += UINT64_C(1) << (63 - __builtin_clzll(size) - 2);
        }
    }
    region->header.class_count = count;
}

static inline void build_sections(struct ra_region *region)
{
    static const struct ra_section sections[] = {
        {offsetof(struct ra_region, classes), sizeof(struct ra_class), RA_CLASS_MAX},
        {offsetof(struct ra_region, sample), sizeof(struct ra_sample), 1},
        {offsetof(struct ra_region, shared), sizeof(struct ra_shared), 1},
        {offsetof(struct ra_region, inherited), sizeof(struct ra_shared), 1},
        {offsetof(struct ra_region, moved), sizeof(struct ra_moved), RA_BUCKET_COUNT},
        {offsetof(struct ra_region, slots), RA_SLOT_BYTES, RA_SLOT_MAX},
        {offsetof(struct ra_region, arenas), sizeof(struct ra_arena), RA_ARENA_MAX},
        {offsetof(struct ra_region, settings), sizeof(struct ra_setting), RA_SETTING_MAX},
    };

    memcpy(region->header.sections, sections, sizeof(sections));
}

/* A valid region of BUILT_BYTES in which nothing was counted yet; to be freed. */
static inline struct ra_region *build_region(void)
{
    struct ra_region *region = calloc(1, BUILT_BYTES);
    struct ra_header *header;

    ck_assert_ptr_nonnull(region);
    header = &region->header;
    memcpy(header->magic, RA_REGION_MAGIC, sizeof(header->magic));
    header->ready = RA_READY;
    header->layout_major = RA_LAYOUT_MAJOR;
    header->header_bytes = sizeof(*header);
    header->page_bytes = 4096;
    header->slots_ready = BUILT_SLOTS;
    header->flags = RA_FLAG_RUBY;
    header->small_step = RA_SMALL_STEP;
    header->small_count = RA_SMALL_COUNT;
    header->freed_step = RA_FREED_STEP;
    header->freed_count = RA_FREED_COUNT;
    header->large_per_doubling = RA_LARGE_PER_DOUBLING;
    header->large_own_count = RA_LARGE_OWN_COUNT;
    header->large_shared_count = RA_LARGE_SHARED_COUNT;
    header->call_count = RA_CALL_COUNT;
    header->pid = (uint32_t)getpid();
    header->parent_pid = 77;
    snprintf(header->comm, sizeof(header->comm), "built");
    snprintf(header->command, sizeof(header->command), "built app.rb");
    snprintf(header->ruby_version, sizeof(header->ruby_version), "3.1.2");
    snprintf(header->jemalloc_version, sizeof(header->jemalloc_version), "5.3.0-0-g0");
    snprintf(header->shim_version, sizeof(header->shim_version), "0.1.0");
    build_classes(region);
    build_sections(region);
    return region;
}

static inline uint64_t own_namespace(void)
{
    return ra_proc_namespace(AT_FDCWD, "/proc/self/ns/pid");
}

static inline uint64_t own_start(void)
{
    int dir = ra_proc_open(getpid());
    uint64_t start_ticks = 0;

    ck_assert(ra_proc_read_start(dir, &start_ticks));
    close(dir);
    return start_ticks;
}

/* The path of the region of a process in built_dir; in a buffer used again by the next call. */
static inline const char *region_path(pid_t pid, uint64_t start_ticks)
{
    static char path[PATH_MAX + 64];

    snprintf(path, sizeof(path), "%s/" RA_REGION_PREFIX "%d.%" PRIu64 ".%" PRIu64, built_dir,
             (int)pid, start_ticks, own_namespace());
    return path;
}

/* As what the name says, where the test has not made it another's. */
static inline void sign_region(int fd, const char *path, struct ra_header header)
{
    struct ra_region_name name;

    if (ra_region_name_parse(strrchr(path, '/') + 1, &name)) {
        header.pid = header.pid == (uint32_t)getpid() ? (uint32_t)name.pid : header.pid;
        header.start_ticks = header.start_ticks == 0 ? name.start_ticks : header.start_ticks;
        header.pid_namespace =
            header.pid_namespace == 0 ? name.pid_namespace : header.pid_namespace;
        ck_assert_int_eq(pwrite(fd, &header, sizeof(header), 0), (ssize_t)sizeof(header));
    }
}

static inline void write_region(const char *path, const void *region, size_t bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, region, bytes), (ssize_t)bytes);
    if (bytes >= sizeof(struct ra_header)) {
        sign_region(fd, path, *(const struct ra_header *)region);
    }
    close(fd);
}

/* The pid of a process that has ended. */
static inline pid_t ended_pid(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        _exit(0);
    }
    ck_assert_int_gt(pid, 0);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    return pid;
}

/* Write region as that of an ended process and read it: the snapshot, to be freed. */
static inline struct ra_snapshot *read_built(const struct ra_region *region)
{
    pid_t pid = ended_pid();
    struct ra_failure why = {0};
    struct ra_reader *reader = NULL;
    struct ra_snapshot *snapshot = NULL;
    enum ra_status status;

    write_region(region_path(pid, 1), region, BUILT_BYTES);
    status = ruby_alloc_reader_open(&reader, pid, &why);
    ck_assert_msg(status == RA_OK, "open: %s", why.message);
    status = ruby_alloc_reader_snapshot(reader, 0, &snapshot, &why);
    ck_assert_msg(status == RA_OK, "snapshot: %s", why.message);
    ruby_alloc_reader_close(reader);
    return snapshot;
}

/* The report of such a region, to be freed. */
static inline struct ra_report *report_built(const struct ra_region *region)
{
    struct ra_snapshot *snapshot = read_built(region);
    struct ra_report *report = ruby_alloc_report_new(snapshot, NULL);

    ck_assert_ptr_nonnull(report);
    ruby_alloc_snapshot_free(snapshot);
    return report;
}

#endif
