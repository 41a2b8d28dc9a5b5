/* The report's tables: classes, sizes, threads. */
#include "reader/derive.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What jemalloc says of the slabs of class index. */
static void fill_slabs(struct ra_report_class *row, const struct ra_image *image, size_t index)
{
    uint64_t fitting = image->classes[index].slab_regions;
    const struct ra_bin *bin;
    double regions;

    row->slabs = RA_UNKNOWN;
    row->slab_regions = RA_UNKNOWN;
    row->gap_bytes = RA_UNKNOWN;
    row->utilization = NAN;
    if (index >= image->header.bin_count) {
        return;
    }
    row->slab_regions = (int64_t)fitting;
    if (image->sample.sequence == 0 || !(image->sample.known & 1u << RA_STATISTIC_allocated)) {
        return;
    }
    bin = &image->sample.bins[index];
    row->slabs = ra_derive_integer(bin->slabs);
    row->gap_bytes = 0;
    if (__builtin_mul_overflow(fitting, bin->slabs, &fitting)) {
        fitting = UINT64_MAX;
    }
    if (fitting > bin->regions) {
        uint64_t gap;

        if (__builtin_mul_overflow(fitting - bin->regions, image->classes[index].size_bytes,
                                   &gap)) {
            gap = UINT64_MAX;
        }
        row->gap_bytes = ra_derive_integer(gap);
    }
    if (fitting > 0) {
        regions = (double)bin->regions / (double)fitting;
        row->utilization = regions < 1.0 ? regions : 1.0;
    }
}

void ra_derive_classes(struct ra_derivation *derivation)
{
    const struct ra_image *image = &derivation->now->image;
    struct ra_report *report = derivation->report;

    report->classes =
        ra_derive_rows(derivation, image->header.class_count, sizeof(struct ra_report_class));
    for (size_t i = 0; report->classes != NULL && i < image->header.class_count; i++) {
        const struct ra_class_sum *own = &derivation->own[i];
        const struct ra_class_sum *inherited = &derivation->inherited[i];
        const struct ra_class_sum *before = &derivation->own_before[i];
        struct ra_report_class *row = &report->classes[report->classes_count];

        if ((own->allocs | own->frees | inherited->allocs) == 0) {
            continue;
        }
        report->classes_count++;
        row->size = (int64_t)image->classes[i].size_bytes;
        row->allocations = ra_derive_integer(own->allocs);
        row->frees = ra_derive_integer(own->frees);
        row->live_objects =
            ra_derive_difference(own->allocs + inherited->allocs, own->frees + inherited->frees);
        row->live_bytes = ra_derive_live(own, inherited);
        row->allocation_rate = ra_derive_rate(derivation, own->allocs, before->allocs);
        row->free_rate = ra_derive_rate(derivation, own->frees, before->frees);
        fill_slabs(row, image, i);
    }
}

/* Objects asked for with a size of this bucket. */
static uint64_t count_asked(const struct ra_image *image, unsigned bucket)
{
    uint64_t count = bucket < RA_SMALL_COUNT ? image->own.alloc[bucket]
                                             : image->own.large[bucket - RA_SMALL_COUNT].allocs;

    return (uint64_t)ra_derive_difference(count + image->moved[bucket].to,
                                          image->moved[bucket].from);
}

void ra_derive_sizes(struct ra_derivation *derivation)
{
    const struct ra_image *image = &derivation->now->image;
    struct ra_report *report = derivation->report;
    uint64_t all = ra_tally_allocs(&image->own);

    report->sizes = ra_derive_rows(derivation, RA_BUCKET_COUNT, sizeof(struct ra_report_size));
    for (unsigned bucket = 0; report->sizes != NULL && bucket < RA_BUCKET_COUNT; bucket++) {
        struct ra_report_size *row = &report->sizes[report->sizes_count];
        uint64_t count = count_asked(image, bucket);
        uint64_t max = ra_bucket_max(bucket);

        if (count == 0) {
            continue;
        }
        report->sizes_count++;
        row->min = (int64_t)ra_bucket_min(bucket);
        row->max = (int64_t)max;
        row->class = ra_derive_integer(ra_derive_class_size(image, max));
        row->allocations = ra_derive_integer(count);
        row->requested_bytes = ra_derive_integer(
            bucket < RA_SMALL_COUNT ? count * max
                                    : image->own.large[bucket - RA_SMALL_COUNT].requested_bytes);
        row->share = all == 0 ? NAN : (double)count / (double)all;
        row->allocation_rate =
            derivation->before == NULL
                ? NAN
                : ra_derive_rate(derivation, count,
                                 count_asked(&derivation->before->image, bucket));
    }
}

/* What the thread of slot index had allocated at the earlier snapshot; 0 if it is newer. */
static uint64_t allocs_before(const struct ra_derivation *derivation, size_t index)
{
    const struct ra_image_thread *thread = &derivation->now->image.threads[index];
    const struct ra_image_thread *before;

    if (derivation->before == NULL || index >= derivation->before->image.thread_count) {
        return 0;
    }
    before = &derivation->before->image.threads[index];
    if (before->state != RA_SLOT_LIVE || before->tid != thread->tid ||
        before->base_allocs != thread->base_allocs) {
        return 0;
    }
    return (uint64_t)ra_derive_difference(before->allocs, before->base_allocs);
}

static void fill_thread(struct ra_derivation *derivation, struct ra_report_thread *row,
                        size_t index)
{
    const struct ra_image_thread *thread = &derivation->now->image.threads[index];
    const struct ra_thread_name *names = derivation->now->names;
    int64_t allocs = ra_derive_difference(thread->allocs, thread->base_allocs);

    row->tid = thread->tid;
    row->state = "live";
    row->allocations = allocs;
    row->frees = ra_derive_difference(thread->frees, thread->base_frees);
    row->allocation_rate =
        ra_derive_rate(derivation, (uint64_t)allocs, allocs_before(derivation, index));
    if (names != NULL) {
        row->tid = names[index].tid > 0 ? names[index].tid : RA_UNKNOWN;
        row->name = ra_derive_text(derivation, names[index].name, sizeof(names[index].name));
    }
}

static int compare_tids(const void *left, const void *right)
{
    const struct ra_report_thread *a = left;
    const struct ra_report_thread *b = right;

    return (a->tid > b->tid) - (a->tid < b->tid);
}

static void add_summed(struct ra_report *report, const char *state, uint64_t allocs, uint64_t frees,
                       double rate)
{
    struct ra_report_thread *row = &report->threads[report->threads_count];

    if ((allocs | frees) == 0) {
        return;
    }
    report->threads_count++;
    row->tid = RA_UNKNOWN;
    row->state = state;
    row->allocations = ra_derive_integer(allocs);
    row->frees = ra_derive_integer(frees);
    row->allocation_rate = rate;
}

void ra_derive_threads(struct ra_derivation *derivation)
{
    enum { SUMMED_ROWS = 2 };
    const struct ra_image *image = &derivation->now->image;
    struct ra_report *report = derivation->report;
    uint64_t ended_allocs = 0;
    uint64_t ended_frees = 0;
    uint64_t overflow_before =
        derivation->before == NULL ? 0 : derivation->before->image.overflow_allocs;

    report->threads = ra_derive_rows(derivation, image->thread_count + SUMMED_ROWS,
                                     sizeof(struct ra_report_thread));
    if (report->threads == NULL) {
        return;
    }
    for (size_t i = 0; i < image->thread_count; i++) {
        const struct ra_image_thread *thread = &image->threads[i];
        bool is_live = thread->state == RA_SLOT_LIVE;

        ended_allocs += is_live ? thread->base_allocs : thread->allocs;
        ended_frees += is_live ? thread->base_frees : thread->frees;
        if (is_live) {
            fill_thread(derivation, &report->threads[report->threads_count++], i);
        }
    }
    qsort(report->threads, report->threads_count, sizeof(*report->threads), compare_tids);
    /* No rate: what a thread did in its whole life would count as done when it ended. */
    add_summed(report, "ended", ended_allocs, ended_frees, NAN);
    add_summed(report, "overflow", image->overflow_allocs, image->overflow_frees,
               ra_derive_rate(derivation, image->overflow_allocs, overflow_before));
}
