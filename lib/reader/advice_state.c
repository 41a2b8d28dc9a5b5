/* Advice: the rules about the state of the process, its settings, and glibc in jemalloc's place. */
#include "reader/advice.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reader/text.h"

bool ra_advice_own_allocator(struct ra_situation *situation, struct ra_finding *finding)
{
    finding->order = RA_ORDER_DOUBTS;
    return situation->report->process.own_allocator == 1;
}

bool ra_advice_counts_partial(struct ra_situation *situation, struct ra_finding *finding)
{
    finding->order = RA_ORDER_DOUBTS;
    return (situation->derivation->now->image.header.flags & RA_FLAG_PARTIAL) != 0;
}

/* How old the sample is, or that there is none, where the process that runs takes no other. */
static bool tell_age(const struct ra_situation *situation, struct ra_finding *finding)
{
    finding->order = RA_ORDER_DOUBTS;
    finding->number = situation->report->memory.sample_age;
    finding->otherwise = !isfinite(finding->number);
    return situation->is_measured && situation->is_running && !situation->answers;
}

bool ra_advice_sample_old(struct ra_situation *situation, struct ra_finding *finding)
{
    return tell_age(situation, finding) && !situation->is_late && !situation->is_alone &&
           !situation->is_refused;
}

bool ra_advice_helper_off(struct ra_situation *situation, struct ra_finding *finding)
{
    finding->order = RA_ORDER_DOUBTS;
    return situation->is_measured && situation->is_running && situation->is_alone;
}

bool ra_advice_helper_refused(struct ra_situation *situation, struct ra_finding *finding)
{
    return tell_age(situation, finding) && situation->is_refused;
}

bool ra_advice_sample_inherited(struct ra_situation *situation, struct ra_finding *finding)
{
    return tell_age(situation, finding) && situation->is_late;
}

bool ra_advice_kernel_silent(struct ra_situation *situation, struct ra_finding *finding)
{
    const struct ra_report_memory *memory = &situation->report->memory;

    finding->order = RA_ORDER_DOUBTS;
    finding->otherwise = memory->rss == RA_UNKNOWN;
    return situation->is_running && memory->pss == RA_UNKNOWN;
}

static void name_pair(struct ra_finding *finding, const struct ra_report_setting *setting)
{
    char key[24] = "";
    char given[20] = "";

    if (setting->key != NULL) {
        ra_text_clean(key, sizeof(key), setting->key, strlen(setting->key));
    }
    if (setting->given != NULL) {
        ra_text_clean(given, sizeof(given), setting->given, strlen(setting->given));
    }
    snprintf(finding->names, sizeof(finding->names), "%s%s%s (%.16s)", key,
             given[0] == '\0' ? "" : ":", given, setting->source == NULL ? "-" : setting->source);
}

bool ra_advice_settings_refused(struct ra_situation *situation, struct ra_finding *finding)
{
    const struct ra_report *report = situation->report;

    for (size_t i = 0; i < report->settings_count; i++) {
        const struct ra_report_setting *setting = &report->settings[i];

        if (ra_advice_is(setting->state, "refused") || ra_advice_is(setting->state, "unknown")) {
            name_pair(finding, setting);
            finding->order = RA_ORDER_DOUBTS;
            return true;
        }
    }
    return false;
}

bool ra_advice_background_thread_lost(struct ra_situation *situation, struct ra_finding *finding)
{
    const struct ra_report *report = situation->report;
    const struct ra_header *header = &situation->derivation->now->image.header;

    finding->otherwise = header->interval_seconds == 0 || (header->flags & RA_FLAG_KEEPS) != 0;
    for (size_t i = 0; i < report->settings_count; i++) {
        if (ra_advice_is(report->settings[i].key, "background_thread") &&
            ra_advice_is(report->settings[i].state, "lost")) {
            return true;
        }
    }
    return false;
}

/* One class more than there are: what no class takes in has no size to name. */
bool ra_advice_growth(struct ra_situation *situation, struct ra_finding *finding)
{
    const struct ra_derivation *derivation = situation->derivation;
    const struct ra_image *image = &derivation->now->image;
    struct ra_ranking ranking = {0};
    uint64_t before = 0;
    int64_t was, is;

    if (derivation->before == NULL || derivation->elapsed < RA_ADVICE_GROWTH_SECONDS) {
        return false;
    }
    for (size_t i = 0; i <= image->header.class_count; i++) {
        const struct ra_class_sum *inherited = &derivation->inherited[i];
        uint64_t then = (uint64_t)ra_derive_live(&derivation->own_before[i], inherited);
        uint64_t now = (uint64_t)ra_derive_live(&derivation->own[i], inherited);

        before += then;
        if (i < image->header.class_count) {
            ra_advice_rank(&ranking, ra_derive_integer(image->classes[i].size_bytes),
                           ra_derive_difference(now, then));
        }
    }
    was = ra_derive_integer(before);
    is = situation->report->memory.live;
    ra_advice_name(finding, &ranking);
    finding->number = derivation->elapsed;
    return was >= 0 && is > was && finding->names[0] != '\0' &&
           ra_advice_weigh(situation, finding, is - was);
}

static int64_t less(int64_t bytes, int64_t by)
{
    return bytes > by ? bytes - by : 0;
}

/* What it has given back glibc still calls free; in RSS it isn't. Fast bins it never trims. */
static int64_t trimmable(const struct ra_report *report)
{
    const struct ra_report_memory *memory = &report->memory;
    int64_t bytes = report->glibc.free;

    if (bytes >= 0 && report->glibc.fast > 0) {
        bytes = less(bytes, report->glibc.fast);
    }
    if (memory->rss_anon >= 0 && memory->allocated >= 0 &&
        bytes > less(memory->rss_anon, memory->allocated)) {
        bytes = less(memory->rss_anon, memory->allocated);
    }
    return bytes;
}

bool ra_advice_malloc_trim(struct ra_situation *situation, struct ra_finding *finding)
{
    finding->bytes = trimmable(situation->report);
    finding->otherwise = !situation->answers;
    return ra_advice_weigh(situation, finding, finding->bytes);
}

/* Of the same bytes as malloc_trim. */
static void rank_with_trim(struct ra_situation *situation, struct ra_finding *finding)
{
    if (ra_advice_weigh(situation, finding, trimmable(situation->report))) {
        finding->order = RA_ORDER_HELPS;
    } else {
        finding->weight = 0;
    }
}

bool ra_advice_arena_max(struct ra_situation *situation, struct ra_finding *finding)
{
    rank_with_trim(situation, finding);
    finding->count = situation->report->glibc.arenas;
    return situation->is_measured && finding->count > RA_ADVICE_ARENAS_ENOUGH;
}

bool ra_advice_use_jemalloc(struct ra_situation *situation, struct ra_finding *finding)
{
    rank_with_trim(situation, finding);
    return true;
}
