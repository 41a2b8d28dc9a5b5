/* Advice: the rules about what jemalloc holds beyond live objects, and about what it doesn't. */
#include "reader/advice.h"

#include <inttypes.h>
#include <stdio.h>

#include "reader/text.h"

enum { DECAY_LONG_MS = 10000 };

static int64_t add(int64_t left, int64_t right)
{
    int64_t sum;

    return __builtin_add_overflow(left, right, &sum) ? INT64_MAX : sum;
}

static int64_t least(int64_t left, int64_t right)
{
    return left < right ? left : right;
}

/* Muzzy pages that the kernel has taken already are no longer in RSS. */
bool ra_advice_purge(struct ra_situation *situation, struct ra_finding *finding)
{
    const struct ra_report_memory *memory = &situation->report->memory;
    int64_t bytes = memory->dirty;

    if (bytes != RA_UNKNOWN && memory->muzzy > 0 && memory->lazy_free > 0) {
        bytes = add(bytes, least(memory->muzzy, memory->lazy_free));
    }
    if (!ra_advice_weigh(situation, finding, bytes)) {
        return false;
    }
    situation->has_loss = true; /* also where nobody is there to purge */
    situation->is_dirty_promised = situation->answers;
    finding->bytes = bytes;
    return situation->answers;
}

bool ra_advice_dirty_decay(struct ra_situation *situation, struct ra_finding *finding)
{
    int64_t decay_ms = situation->report->conf.dirty_decay_ms;
    int64_t dirty = situation->report->memory.dirty;

    if (decay_ms == RA_UNKNOWN || (decay_ms >= 0 && decay_ms < DECAY_LONG_MS) ||
        !ra_advice_weigh(situation, finding, dirty)) {
        return false;
    }
    finding->bytes = situation->is_dirty_promised ? RA_UNKNOWN : dirty;
    finding->order = RA_ORDER_HELPS;
    finding->otherwise = decay_ms < 0;
    finding->number = (double)decay_ms / 1000;
    return true;
}

/* The gaps of all arenas but the two that have most: those would be left with the objects. */
static int64_t scattered_gaps(const struct ra_report *report, int64_t *arenas)
{
    int64_t sum = 0, most = 0, second = 0;

    *arenas = 0;
    for (size_t i = 0; i < report->arenas_count; i++) {
        const struct ra_report_arena *arena = &report->arenas[i];
        int64_t gaps;

        if (arena->allocated < 0 || arena->active <= 0) {
            continue;
        }
        gaps = arena->active > arena->allocated ? arena->active - arena->allocated : 0;
        ++*arenas;
        if (gaps > most) {
            sum = add(sum, second);
            second = most;
            most = gaps;
        } else if (gaps > second) {
            sum = add(sum, second);
            second = gaps;
        } else {
            sum = add(sum, gaps);
        }
    }
    return sum;
}

bool ra_advice_narenas(struct ra_situation *situation, struct ra_finding *finding)
{
    int64_t bytes = least(scattered_gaps(situation->report, &finding->count), situation->gaps_left);

    if (situation->report->conf.narenas <= RA_ADVICE_ARENAS_ENOUGH ||
        !ra_advice_weigh(situation, finding, bytes)) {
        return false;
    }
    situation->gaps_left -= bytes;
    finding->bytes = bytes;
    return true;
}

bool ra_advice_slab_gaps(struct ra_situation *situation, struct ra_finding *finding)
{
    const struct ra_report *report = situation->report;
    struct ra_ranking ranking = {0};

    for (size_t i = 0; i < report->classes_count; i++) {
        ra_advice_rank(&ranking, report->classes[i].size, report->classes[i].gap_bytes);
    }
    ra_advice_name(finding, &ranking);
    finding->otherwise = finding->names[0] == '\0';
    finding->bytes = situation->gaps_left;
    return ra_advice_weigh(situation, finding, situation->gaps_left);
}

/* jemalloc 5.3.0 shows opt.cache_oblivious, but refuses it in MALLOC_CONF. */
bool ra_advice_large_padding(struct ra_situation *situation, struct ra_finding *finding)
{
    return ra_advice_weigh(situation, finding, situation->report->fragmentation.large_padding);
}

bool ra_advice_thread_cache(struct ra_situation *situation, struct ra_finding *finding)
{
    const struct ra_report *report = situation->report;

    for (size_t i = 0; i < report->threads_count; i++) {
        finding->count += report->threads[i].tid != RA_UNKNOWN;
    }
    finding->bytes = report->fragmentation.thread_cache;
    finding->otherwise = !situation->answers;
    return ra_advice_weigh(situation, finding, finding->bytes);
}

/* Without a fork and a profiler nothing is known that would take it: nothing is promised. */
bool ra_advice_stranded(struct ra_situation *situation, struct ra_finding *finding)
{
    const struct ra_report *report = situation->report;
    int64_t bytes = ra_derive_stranded(report);

    finding->otherwise = report->process.forked != 1;
    finding->bytes = finding->otherwise ? RA_UNKNOWN : bytes;
    return report->conf.prof != 1 && ra_advice_weigh(situation, finding, bytes);
}

/* A profiler's child may have lost them either way. */
bool ra_advice_prof_sampling(struct ra_situation *situation, struct ra_finding *finding)
{
    const struct ra_report *report = situation->report;

    finding->otherwise = report->process.forked == 1;
    finding->bytes = ra_derive_stranded(report);
    return report->conf.prof == 1 && ra_advice_weigh(situation, finding, finding->bytes);
}

/*
 * Bytes that rounding costs in the live objects of one row of sizes, if all are freed alike.
 * What they have is their mean, as not every jemalloc rounds large ones to their class.
 */
static double wasted(const struct ra_report_size *size, const struct ra_report_class *row)
{
    if (row->allocations == 0 || row->live_objects == 0) {
        return 0;
    }
    double usable = (double)row->live_bytes / (double)row->live_objects;
    double waste = (double)size->allocations * usable - (double)size->requested_bytes;

    return waste * (double)row->live_objects / (double)row->allocations;
}

/* Both tables ascend, so that one pass over each finds every size's class. */
bool ra_advice_rounding(struct ra_situation *situation, struct ra_finding *finding)
{
    const struct ra_report *report = situation->report;
    const struct ra_report_size *worst = NULL;
    double most = 0;
    size_t at = 0;

    for (size_t i = 0; i < report->sizes_count; i++) {
        const struct ra_report_size *size = &report->sizes[i];

        while (at < report->classes_count && report->classes[at].size < size->class) {
            at++;
        }
        if (at < report->classes_count && report->classes[at].size == size->class &&
            wasted(size, &report->classes[at]) > most) {
            most = wasted(size, &report->classes[at]);
            worst = size;
        }
    }
    if (worst != NULL) {
        char class[RA_TEXT_BYTES_BYTES];

        ra_text_size(class, worst->class);
        snprintf(finding->names, sizeof(finding->names),
                 "sizes %" PRId64 "-%" PRId64 " in class %s", worst->min, worst->max, class);
    }
    finding->otherwise = worst == NULL;
    finding->bytes = report->fragmentation.rounding;
    return ra_advice_weigh(situation, finding, finding->bytes);
}

/*
 * jemalloc counts its map of addresses whole: 2 MiB for each GiB that a block of its lies in,
 * so 4 where the first blocks happen to lie across a boundary. Of these only the pages about
 * addresses in use are ever touched and in RSS: nothing that anyone could have less of.
 */
bool ra_advice_metadata(struct ra_situation *situation, struct ra_finding *finding)
{
    const int64_t map_bytes = 4 << 20;
    int64_t metadata = situation->report->fragmentation.metadata;
    bool speaks = metadata > map_bytes && ra_advice_weigh(situation, finding, metadata - map_bytes);

    finding->weight = metadata;
    finding->otherwise = situation->report->conf.narenas <= RA_ADVICE_ARENAS_ENOUGH;
    return speaks;
}

/* rss_anon takes in what the kernel may still take: lazy_free has a line of its own. */
bool ra_advice_other(struct ra_situation *situation, struct ra_finding *finding)
{
    int64_t other = situation->report->fragmentation.other;
    int64_t lazy_free = situation->report->memory.lazy_free;

    if (other != RA_UNKNOWN && lazy_free > 0) {
        other = other > lazy_free ? other - lazy_free : 0;
    }
    return ra_advice_weigh(situation, finding, other);
}

bool ra_advice_lazy_free(struct ra_situation *situation, struct ra_finding *finding)
{
    return ra_advice_weigh(situation, finding, situation->report->memory.lazy_free);
}

bool ra_advice_swap(struct ra_situation *situation, struct ra_finding *finding)
{
    return ra_advice_weigh(situation, finding, situation->report->memory.swap);
}

bool ra_advice_live(struct ra_situation *situation, struct ra_finding *finding)
{
    const struct ra_report *report = situation->report;
    struct ra_ranking ranking = {0};
    int64_t live = report->memory.live;
    int64_t all = situation->has_loss ? situation->base : report->memory.resident;

    for (size_t i = 0; i < report->classes_count; i++) {
        ra_advice_rank(&ranking, report->classes[i].size, report->classes[i].live_bytes);
    }
    ra_advice_name(finding, &ranking);
    if (!situation->is_measured || live <= 0 || all < live || finding->names[0] == '\0' ||
        (situation->has_loss && live < all / 2)) {
        return false;
    }
    finding->otherwise = !situation->has_loss;
    finding->bytes = situation->has_loss ? RA_UNKNOWN : 0;
    finding->number = (double)live / (double)all;
    return true;
}
