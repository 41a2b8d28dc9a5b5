/* The report: its groups of totals, derived from a snapshot. */
#include "ruby_alloc/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reader/derive.h"
#include "reader/text.h"

/* A text of a report, in the list of those to be freed with it. */
struct text {
    struct text *next;
    char text[];
};

/* The report as it is allocated. */
struct owned_report {
    struct ra_report report;
    struct text *texts;
};

const char *ra_derive_text(struct ra_derivation *derivation, const char *text, size_t bytes)
{
    struct owned_report *owned = (struct owned_report *)derivation->report;
    size_t length = strnlen(text, bytes);
    struct text *copy;

    if (length == 0) {
        return NULL;
    }
    copy = malloc(sizeof(*copy) + 4 * length + 1);
    if (copy == NULL) {
        derivation->has_failed = true;
        return NULL;
    }
    ra_text_clean(copy->text, 4 * length + 1, text, length);
    copy->next = owned->texts;
    owned->texts = copy;
    return copy->text;
}

static void fill_conf(struct ra_derivation *derivation)
{
    const struct ra_header *header = &derivation->now->image.header;
    struct ra_report_conf *conf = &derivation->report->conf;
    bool is_known = (header->conf_flags & RA_CONF_KNOWN) != 0;

    conf->narenas = is_known ? ra_derive_integer(header->conf_narenas) : RA_UNKNOWN;
    conf->dirty_decay_ms = is_known ? header->conf_dirty_decay_ms : RA_UNKNOWN;
    conf->muzzy_decay_ms = is_known ? header->conf_muzzy_decay_ms : RA_UNKNOWN;
    conf->background_thread = is_known ? (header->conf_flags & RA_CONF_BACKGROUND_THREAD) != 0 : -1;
    conf->tcache = is_known ? (header->conf_flags & RA_CONF_TCACHE) != 0 : -1;
    conf->prof = is_known ? (header->conf_flags & RA_CONF_PROF) != 0 : -1;
}

static void fill_calls(struct ra_derivation *derivation)
{
    const struct ra_tally *own = &derivation->now->image.own;
    struct ra_report_calls *calls = &derivation->report->calls;

    calls->malloc = ra_derive_difference(
        ra_tally_allocs(own), own->calls[RA_CALL_calloc] + own->calls[RA_CALL_realloc_new] +
                                  own->calls[RA_CALL_aligned] + own->calls[RA_CALL_cxx_new] +
                                  own->calls[RA_CALL_other_new]);
    calls->calloc = ra_derive_integer(own->calls[RA_CALL_calloc]);
    calls->realloc = ra_derive_integer(own->calls[RA_CALL_realloc]);
    calls->aligned = ra_derive_integer(own->calls[RA_CALL_aligned]);
    calls->new = ra_derive_integer(own->calls[RA_CALL_cxx_new]);
    calls->other = ra_derive_integer(own->calls[RA_CALL_other]);
    calls->free = ra_derive_difference(ra_tally_frees(own), own->calls[RA_CALL_realloc_freed] +
                                                                own->calls[RA_CALL_other_freed]);
    calls->failed = ra_derive_integer(own->calls[RA_CALL_failed]);
}

/* Bytes asked for of what is live in one class: its rounding so far, applied to what is left. */
static uint64_t estimate_requested(const struct ra_class_sum *own,
                                   const struct ra_class_sum *inherited, uint64_t live)
{
    uint64_t usable = own->usable_bytes + inherited->usable_bytes;
    uint64_t requested = own->requested_bytes + inherited->requested_bytes;

    if (usable == 0 || requested >= usable) {
        return live;
    }
    return (uint64_t)((unsigned __int128)live * requested / usable);
}

static void fill_totals(struct ra_derivation *derivation)
{
    const struct ra_image *image = &derivation->now->image;
    struct ra_report_totals *totals = &derivation->report->totals;
    struct ra_report_memory *memory = &derivation->report->memory;
    uint64_t allocs = ra_tally_allocs(&image->own);
    uint64_t frees = ra_tally_frees(&image->own);
    uint64_t inherited_allocs = ra_tally_allocs(&image->inherited);
    uint64_t inherited_frees = ra_tally_frees(&image->inherited);
    uint64_t usable_bytes = 0;
    uint64_t freed_bytes = 0;
    uint64_t live_bytes = 0;
    uint64_t requested_bytes = 0;

    for (size_t i = 0; i <= image->header.class_count; i++) {
        const struct ra_class_sum *own = &derivation->own[i];
        const struct ra_class_sum *inherited = &derivation->inherited[i];
        uint64_t live = (uint64_t)ra_derive_live(own, inherited);

        usable_bytes += own->usable_bytes;
        freed_bytes += own->freed_bytes;
        live_bytes += live;
        requested_bytes += estimate_requested(own, inherited, live);
    }
    totals->allocations = ra_derive_integer(allocs);
    totals->frees = ra_derive_integer(frees);
    totals->live_objects = ra_derive_difference(allocs + inherited_allocs, frees + inherited_frees);
    totals->inherited_objects = ra_derive_difference(inherited_allocs, inherited_frees);
    totals->allocated_bytes = ra_derive_integer(usable_bytes);
    totals->freed_bytes = ra_derive_integer(freed_bytes);
    memory->live = ra_derive_integer(live_bytes);
    memory->requested = ra_derive_integer(requested_bytes);
}

static double sample_age(const struct ra_snapshot *now)
{
    const struct ra_sample *sample = &now->image.sample;
    int64_t age_ns;

    if (sample->sequence == 0) {
        return NAN;
    }
    age_ns = (int64_t)(now->monotonic_ns - sample->monotonic_ns);
    if (now->state == RA_STATE_EXITED || age_ns < 0) {
        age_ns = (int64_t)(now->realtime_ns - sample->realtime_ns);
    }
    return age_ns < 0 ? NAN : (double)age_ns / 1e9;
}

static const char *sample_time(struct ra_derivation *derivation)
{
    const struct ra_sample *sample = &derivation->now->image.sample;
    char text[RA_TEXT_TIME_BYTES];

    if (sample->sequence == 0) {
        return NULL;
    }
    return ra_derive_text(derivation, text, ra_text_time(text, (double)sample->realtime_ns / 1e9));
}

static int64_t statistic(const struct ra_image *image, enum ra_statistic index, uint64_t unit)
{
    uint64_t value;

    if (image->sample.sequence == 0 || (image->sample.known >> index & 1) == 0) {
        return RA_UNKNOWN;
    }
    if (__builtin_mul_overflow(image->sample.statistics[index], unit, &value)) {
        return INT64_MAX;
    }
    return ra_derive_integer(value);
}

static void fill_memory(struct ra_derivation *derivation)
{
    const struct ra_snapshot *now = derivation->now;
    const struct ra_image *image = &now->image;
    struct ra_report_memory *memory = &derivation->report->memory;
    bool is_alive = now->state != RA_STATE_EXITED;

    memory->allocated = statistic(image, RA_STATISTIC_allocated, 1);
    memory->active = statistic(image, RA_STATISTIC_active, 1);
    memory->metadata = statistic(image, RA_STATISTIC_metadata, 1);
    memory->resident = statistic(image, RA_STATISTIC_resident, 1);
    memory->mapped = statistic(image, RA_STATISTIC_mapped, 1);
    memory->retained = statistic(image, RA_STATISTIC_retained, 1);
    memory->dirty = statistic(image, RA_STATISTIC_dirty_pages, image->header.page_bytes);
    memory->muzzy = statistic(image, RA_STATISTIC_muzzy_pages, image->header.page_bytes);
    memory->tcache = statistic(image, RA_STATISTIC_tcache_bytes, 1);
    memory->internal = statistic(image, RA_STATISTIC_internal, 1);
    memory->rss = is_alive ? now->rollup.rss : RA_UNKNOWN;
    memory->rss_anon = is_alive ? now->rollup.rss_anon : RA_UNKNOWN;
    memory->pss = is_alive ? now->rollup.pss : RA_UNKNOWN;
    memory->lazy_free = is_alive ? now->rollup.lazy_free : RA_UNKNOWN;
    memory->swap = is_alive ? now->rollup.swap : RA_UNKNOWN;
    memory->sample_age = sample_age(now);
    memory->sample_time = sample_time(derivation);
}

/* Sort out the sums by class, and whether before is an earlier state of the same region. */
static bool prepare(struct ra_derivation *derivation, const struct ra_snapshot *now,
                    const struct ra_snapshot *before)
{
    const struct ra_image *image = &now->image;
    size_t count = (size_t)image->header.class_count + 1;

    if (before != NULL && before->device == now->device && before->inode == now->inode &&
        before->image.header.start_ticks == image->header.start_ticks &&
        before->monotonic_ns < now->monotonic_ns) {
        derivation->before = before;
        derivation->elapsed = (double)(now->monotonic_ns - before->monotonic_ns) / 1e9;
    }
    derivation->own = calloc(3 * count, sizeof(*derivation->own));
    if (derivation->own == NULL) {
        return false;
    }
    derivation->inherited = derivation->own + count;
    derivation->own_before = derivation->inherited + count;
    ra_derive_class_sums(derivation->own, image, &image->own);
    ra_derive_class_sums(derivation->inherited, image, &image->inherited);
    if (derivation->before != NULL) {
        ra_derive_class_sums(derivation->own_before, image, &derivation->before->image.own);
    }
    return true;
}

struct ra_report *ruby_alloc_report_new(const struct ra_snapshot *now,
                                        const struct ra_snapshot *before)
{
    struct owned_report *owned = calloc(1, sizeof(*owned));
    struct ra_derivation derivation = {.now = now};

    if (owned == NULL) {
        return NULL;
    }
    derivation.report = &owned->report;
    if (!prepare(&derivation, now, before)) {
        ruby_alloc_report_free(&owned->report);
        return NULL;
    }
    ra_derive_process(&derivation);
    fill_conf(&derivation);
    fill_calls(&derivation);
    fill_totals(&derivation);
    fill_memory(&derivation);
    ra_derive_fragmentation(&derivation);
    ra_derive_classes(&derivation);
    ra_derive_sizes(&derivation);
    ra_derive_threads(&derivation);
    ra_derive_arenas(&derivation);
    ra_derive_settings(&derivation);
    ra_derive_glibc(&derivation);
    if (!derivation.has_failed) {
        ra_derive_advice(&derivation);
    }
    free(derivation.own);
    if (derivation.has_failed) {
        ruby_alloc_report_free(&owned->report);
        return NULL;
    }
    return &owned->report;
}

void ruby_alloc_report_free(struct ra_report *report)
{
    struct owned_report *owned = (struct owned_report *)report;

    if (owned == NULL) {
        return;
    }
    while (owned->texts != NULL) {
        struct text *text = owned->texts;

        owned->texts = text->next;
        free(text);
    }
    free(report->classes);
    free(report->sizes);
    free(report->threads);
    free(report->arenas);
    free(report->advice);
    free(report->settings);
    free(owned);
}
