/* Any bytes as a region: a refusal in one line, or two snapshots, between which nothing happened. */
#ifndef RUBY_ALLOC_TESTS_FUZZ_REGION_H
#define RUBY_ALLOC_TESTS_FUZZ_REGION_H

#include "fuzz.h"
#include "reader/image.h"
#include "reader/snapshot.h"
#include "ruby_alloc/report.h"

enum { BOOT_TIME = 1700000000 };

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

struct fuzzed {
    struct ra_snapshot before, now;
};

/* The region is to be dropped if it returns true. Both snapshots have one image. */
static inline int take_region(struct fuzzed *fuzzed, const uint8_t *data, size_t size)
{
    struct ra_failure why = {0};
    void *copy = malloc(size > 0 ? size : 1);
    enum ra_status status;

    memset(fuzzed, 0, sizeof(*fuzzed));
    require(copy != NULL);
    memcpy(copy, data, size);
    status = ra_image_parse(&fuzzed->now.image, copy, size, "fuzzed", &why);
    if (status == RA_OK) {
        struct ra_snapshot *now = &fuzzed->now;

        fuzzed->before.image = now->image;
        fuzzed->before.monotonic_ns = 1000000000;
        now->monotonic_ns = 2000000000;
        now->boottime_ns = 2000000000;
        now->realtime_ns = (uint64_t)BOOT_TIME * 1000000000;
        now->boot_time = BOOT_TIME * INT64_C(1000000000);
        now->start_ticks = now->image.header.start_ticks;
        now->state = now->image.header.flags % 3;
    } else {
        require(status == RA_DAMAGED);
        require_line(why.message);
    }
    free(copy);
    return status == RA_OK;
}

/* The report of such, of two snapshots or of one, by a number in the region. */
static inline struct ra_report *derive_region(const struct fuzzed *fuzzed)
{
    bool is_alone = fuzzed->now.image.header.interval_seconds % 3 == 0;
    struct ra_report *report =
        ruby_alloc_report_new(&fuzzed->now, is_alone ? NULL : &fuzzed->before);

    require(report != NULL);
    return report;
}

static inline void drop_region(struct fuzzed *fuzzed)
{
    ra_image_release(&fuzzed->now.image);
}

/* A region is tens of kilobytes of counters behind one of header: mostly change that. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
    uint8_t head[sizeof(struct ra_header)];

    if (size < sizeof(head) || seed % 8 == 0) {
        return LLVMFuzzerMutate(data, size, max_size);
    }
    memcpy(head, data, sizeof(head));
    LLVMFuzzerMutate(head, sizeof(head), sizeof(head));
    memcpy(data, head, sizeof(head));
    return size;
}

#endif
