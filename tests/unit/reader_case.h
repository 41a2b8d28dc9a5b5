/*
 * What every test of the reader begins and ends with: a region of its own, and what is
 * expected of opening it and of its snapshots.
 */
#ifndef UNIT_READER_CASE_H
#define UNIT_READER_CASE_H

#include "region_builder.h"

#include <errno.h>
#include <linux/futex.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

static struct ra_region *region;
static struct ra_failure why;
static struct ra_reader *reader;
static struct ra_snapshot *snapshot;

static inline void set_up(void)
{
    builder_set_up();
    region = build_region();
}

static inline void tear_down(void)
{
    ruby_alloc_snapshot_free(snapshot);
    ruby_alloc_reader_close(reader);
    free(region);
    builder_tear_down();
}

static inline void expect_message(const char *part)
{
    ck_assert_msg(strstr(why.message, part) != NULL, "found: %s\nexpected: %s", why.message, part);
    ck_assert_msg(strchr(why.message, '\n') == NULL, "%s", why.message);
}

static inline void expect_open(pid_t pid, enum ra_status status, const char *part)
{
    enum ra_status found = ruby_alloc_reader_open(&reader, pid, &why);

    ck_assert_msg(found == status, "status %d, expected %d: %s", found, status, why.message);
    if (status != RA_OK) {
        ck_assert_ptr_null(reader);
        ck_assert_int_eq(why.status, status);
        expect_message(part);
    }
}

static inline void expect_snapshot(int wait_ms, enum ra_status status)
{
    enum ra_status found;

    ruby_alloc_snapshot_free(snapshot);
    found = ruby_alloc_reader_snapshot(reader, wait_ms, &snapshot, &why);
    ck_assert_msg(found == status, "status %d, expected %d: %s", found, status, why.message);
    ck_assert_int_eq(snapshot != NULL, status == RA_OK || status == RA_TIMEOUT);
}

static inline void expect_state(const char *state)
{
    struct ra_report *report = ruby_alloc_report_new(snapshot, NULL);

    ck_assert_str_eq(report->process.state, state);
    ruby_alloc_report_free(report);
}

/* This process's own region, as the shim would have mapped it. */
static inline struct ra_region *map_own_region(void)
{
    const char *path = region_path(getpid(), own_start());
    struct ra_region *mapped;
    int fd;

    write_region(path, region, BUILT_BYTES);
    fd = open(path, O_RDWR | O_CLOEXEC);
    mapped = mmap(NULL, BUILT_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ck_assert_ptr_ne(mapped, MAP_FAILED);
    close(fd);
    return mapped;
}

static inline void *answer_requests(void *argument)
{
    struct ra_region *mapped = argument;
    uint32_t seen = 0;

    for (;;) {
        uint32_t request = __atomic_load_n(&mapped->header.request, __ATOMIC_ACQUIRE);

        if (request == seen) {
            syscall(SYS_futex, &mapped->header.request, FUTEX_WAIT, seen, NULL, NULL, 0);
            continue;
        }
        mapped->sample.sequence += 2;
        __atomic_store_n(&mapped->header.answered, request, __ATOMIC_RELEASE);
        seen = request;
    }
    return NULL;
}

static inline void make_fifo(const char *path)
{
    ck_assert_int_eq(mkfifo(path, 0600), 0);
}

static inline void make_dangling_link(const char *path)
{
    ck_assert_int_eq(symlink("/nowhere", path), 0);
}

#endif
