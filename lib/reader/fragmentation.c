/* The report's losses: what lies between each step of the memory chain and the next. */
#include "reader/derive.h"

#include <math.h>

static int64_t step(int64_t more, int64_t less)
{
    if (more == RA_UNKNOWN || less == RA_UNKNOWN) {
        return RA_UNKNOWN;
    }
    return more > less ? more - less : 0;
}

static double share(int64_t bytes, int64_t rss)
{
    return bytes == RA_UNKNOWN || rss == RA_UNKNOWN || rss <= 0 ? NAN : (double)bytes / (double)rss;
}

/*
 * From live to allocated there are two losses. What the threads of the process hold in their
 * caches jemalloc tells itself. The rest is allocated, yet in no live object and in no cache
 * that a thread has: left behind by a fork, whose child has none of the other threads, or
 * rounded up for jemalloc's profiler; and jemalloc's own objects, which metadata counts, too.
 * glibc doesn't tell of its caches: there the rest is all of it, the heads of chunks above all.
 *
 * A child without a helper has its parent's last figures: the caches in them are those of its
 * parent's threads. Where not all is counted, the rest is live objects, too.
 */
static void fill_caches(struct ra_derivation *derivation)
{
    const struct ra_header *header = &derivation->now->image.header;
    const struct ra_report_memory *memory = &derivation->report->memory;
    struct ra_report_fragmentation *lost = &derivation->report->fragmentation;
    int64_t both = step(memory->allocated, memory->live);
    int64_t cached = header->sampler_tid == RA_SAMPLER_LATE ? RA_UNKNOWN : memory->tcache;

    lost->thread_cache = RA_UNKNOWN;
    lost->stranded = RA_UNKNOWN;
    if ((header->flags & RA_FLAG_LIBC) != 0) {
        lost->stranded = both;
    } else if (both != RA_UNKNOWN && cached != RA_UNKNOWN) {
        lost->thread_cache = cached < both ? cached : both;
        lost->stranded =
            (header->flags & RA_FLAG_PARTIAL) != 0 ? RA_UNKNOWN : both - lost->thread_cache;
    }
}

/*
 * slab_gaps is active - allocated. In slabs it is the free regions; beside large objects
 * the rest of their last page, and the page more that each has under cache_oblivious
 * (jemalloc(3)). Over all small classes: jemalloc's own objects lie in them too.
 */
static void fill_gaps(struct ra_derivation *derivation)
{
    const struct ra_image *image = &derivation->now->image;
    struct ra_report_fragmentation *lost = &derivation->report->fragmentation;
    uint64_t gaps = 0;

    lost->class_gaps = RA_UNKNOWN;
    lost->large_padding = RA_UNKNOWN;
    if (lost->slab_gaps == RA_UNKNOWN || image->header.bin_count == 0) {
        return;
    }
    for (uint32_t i = 0; i < image->header.bin_count; i++) {
        const struct ra_bin *bin = &image->sample.bins[i];
        uint64_t places, bytes;

        if (__builtin_mul_overflow(bin->slabs, image->classes[i].slab_regions, &places) ||
            places < bin->regions ||
            __builtin_mul_overflow(places - bin->regions, image->classes[i].size_bytes, &bytes) ||
            __builtin_add_overflow(gaps, bytes, &gaps)) {
            return;
        }
    }
    lost->class_gaps = ra_derive_integer(gaps);
    lost->large_padding = step(lost->slab_gaps, lost->class_gaps);
}

void ra_derive_resident(struct ra_report *report)
{
    struct ra_report_fragmentation *lost = &report->fragmentation;
    int64_t rss = report->memory.rss;

    lost->other = step(report->memory.rss_anon, report->memory.resident);
    lost->rounding_share = share(lost->rounding, rss);
    lost->thread_cache_share = share(lost->thread_cache, rss);
    lost->stranded_share = share(lost->stranded, rss);
    lost->slab_gaps_share = share(lost->slab_gaps, rss);
    lost->dirty_share = share(lost->dirty, rss);
    lost->metadata_share = share(lost->metadata, rss);
    lost->other_share = share(lost->other, rss);
}

int64_t ra_derive_stranded(const struct ra_report *report)
{
    int64_t internal = report->memory.internal;

    return internal > 0 ? step(report->fragmentation.stranded, internal)
                        : report->fragmentation.stranded;
}

/*
 * glibc doesn't tell of data of its own: it is part of what is allocated. Where the two losses
 * between live and allocated can't be told apart, each is at most their sum.
 */
static const char *largest(const struct ra_report *report, bool is_libc)
{
    const struct ra_report_fragmentation *lost = &report->fragmentation;
    int64_t both = step(report->memory.allocated, report->memory.live);
    const struct {
        const char *name;
        int64_t bytes, at_most;
    } losses[] = {
        {"rounding", lost->rounding, RA_UNKNOWN},
        {"thread_cache", is_libc ? 0 : lost->thread_cache, both},
        {"stranded", ra_derive_stranded(report), both},
        {"slab_gaps", lost->slab_gaps, RA_UNKNOWN},
        {"dirty", lost->dirty, RA_UNKNOWN},
        {"metadata", is_libc ? 0 : lost->metadata, RA_UNKNOWN},
    };
    const char *name = NULL;
    int64_t most = RA_UNKNOWN, perhaps = RA_UNKNOWN;

    for (size_t i = 0; i < sizeof(losses) / sizeof(losses[0]); i++) {
        if (losses[i].bytes == RA_UNKNOWN && losses[i].at_most == RA_UNKNOWN) {
            return NULL; /* it might be this one */
        }
        if (losses[i].bytes == RA_UNKNOWN) {
            perhaps = losses[i].at_most;
        } else if (losses[i].bytes > most) {
            most = losses[i].bytes;
            name = losses[i].name;
        }
    }
    return perhaps > most ? NULL : name;
}

void ra_derive_fragmentation(struct ra_derivation *derivation)
{
    const struct ra_report_memory *memory = &derivation->report->memory;
    struct ra_report_fragmentation *lost = &derivation->report->fragmentation;

    lost->rounding = step(memory->live, memory->requested);
    fill_caches(derivation);
    lost->slab_gaps = step(memory->active, memory->allocated);
    lost->dirty = memory->dirty;
    lost->metadata = memory->metadata;
    lost->ratio = memory->live == 0 || memory->resident == RA_UNKNOWN
                      ? NAN
                      : (double)memory->resident / (double)memory->live;
    lost->largest =
        largest(derivation->report, (derivation->now->image.header.flags & RA_FLAG_LIBC) != 0);
    fill_gaps(derivation);
    ra_derive_resident(derivation->report);
}
