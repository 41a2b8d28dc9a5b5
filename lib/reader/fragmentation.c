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
    lost->slab_gaps_share = share(lost->slab_gaps, rss);
    lost->dirty_share = share(lost->dirty, rss);
    lost->metadata_share = share(lost->metadata, rss);
    lost->other_share = share(lost->other, rss);
}

/* glibc doesn't tell of data of its own: it is part of what is allocated. */
static const char *largest(const struct ra_report_fragmentation *lost, bool is_libc)
{
    const struct {
        const char *name;
        int64_t bytes;
    } losses[] = {
        {"rounding", lost->rounding},
        {"thread_cache", lost->thread_cache},
        {"slab_gaps", lost->slab_gaps},
        {"dirty", lost->dirty},
        {"metadata", is_libc ? 0 : lost->metadata},
    };
    const char *name = NULL;
    int64_t most = RA_UNKNOWN;

    for (size_t i = 0; i < sizeof(losses) / sizeof(losses[0]); i++) {
        if (losses[i].bytes == RA_UNKNOWN) {
            return NULL; /* it might be this one */
        }
        if (losses[i].bytes > most) {
            most = losses[i].bytes;
            name = losses[i].name;
        }
    }
    return name;
}

void ra_derive_fragmentation(struct ra_derivation *derivation)
{
    const struct ra_report_memory *memory = &derivation->report->memory;
    struct ra_report_fragmentation *lost = &derivation->report->fragmentation;

    lost->rounding = step(memory->live, memory->requested);
    lost->thread_cache = step(memory->allocated, memory->live);
    lost->slab_gaps = step(memory->active, memory->allocated);
    lost->dirty = memory->dirty;
    lost->metadata = memory->metadata;
    lost->ratio = memory->live == 0 || memory->resident == RA_UNKNOWN
                      ? NAN
                      : (double)memory->resident / (double)memory->live;
    lost->largest = largest(lost, (derivation->now->image.header.flags & RA_FLAG_LIBC) != 0);
    fill_gaps(derivation);
    ra_derive_resident(derivation->report);
}
