/* The report's parts about the allocator's inside: arenas, settings, glibc's own figures. */
#include "reader/derive.h"

#include <stdlib.h>
#include <string.h>

/* The order of struct ra_arena's figures, which is that of their bits in known. */
static int64_t figure(const struct ra_arena *arena, unsigned bit, uint64_t value)
{
    return arena->known >> bit & 1 ? ra_derive_integer(value) : RA_UNKNOWN;
}

void ra_derive_arenas(struct ra_derivation *derivation)
{
    const struct ra_image *image = &derivation->now->image;
    struct ra_report *report = derivation->report;

    report->arenas = ra_derive_rows(derivation, image->arena_count, sizeof(*report->arenas));
    for (size_t i = 0; report->arenas != NULL && i < image->arena_count; i++) {
        const struct ra_arena *arena = &image->arenas[i];
        struct ra_report_arena *row = &report->arenas[report->arenas_count++];

        row->index = arena->index == RA_ARENA_REST ? RA_UNKNOWN : (int64_t)arena->index;
        row->threads = arena->threads == RA_ARENA_REST ? RA_UNKNOWN : (int64_t)arena->threads;
        row->allocated = figure(arena, 0, arena->allocated_bytes);
        row->active = figure(arena, 1, arena->active_bytes);
        row->dirty = figure(arena, 2, arena->dirty_bytes);
        row->muzzy = figure(arena, 3, arena->muzzy_bytes);
        row->tcache = figure(arena, 4, arena->tcache_bytes);
    }
}

void ra_derive_settings(struct ra_derivation *derivation)
{
    static const char *const sources[] = {
        [RA_SOURCE_LIBRARY] = "library",
        [RA_SOURCE_FILE] = "/etc/malloc.conf",
        [RA_SOURCE_ENVIRONMENT] = "MALLOC_CONF",
    };
    static const char *const states[] = {
        [RA_SETTING_IN_FORCE] = "in_force",     [RA_SETTING_ADJUSTED] = "adjusted",
        [RA_SETTING_OVERRIDDEN] = "overridden", [RA_SETTING_REFUSED] = "refused",
        [RA_SETTING_UNKNOWN] = "unknown",       [RA_SETTING_LOST] = "lost",
    };
    const struct ra_image *image = &derivation->now->image;
    struct ra_report *report = derivation->report;

    report->settings = ra_derive_rows(derivation, image->setting_count, sizeof(*report->settings));
    for (size_t i = 0; report->settings != NULL && i < image->setting_count; i++) {
        const struct ra_setting *setting = &image->settings[i];
        struct ra_report_setting *row = &report->settings[report->settings_count++];

        row->key = ra_derive_text(derivation, setting->key, sizeof(setting->key));
        row->given = ra_derive_text(derivation, setting->given, sizeof(setting->given));
        row->effective = ra_derive_text(derivation, setting->effective, sizeof(setting->effective));
        row->source = setting->source < sizeof(sources) / sizeof(sources[0])
                          ? sources[setting->source]
                          : NULL;
        row->state =
            setting->state < sizeof(states) / sizeof(states[0]) ? states[setting->state] : NULL;
    }
}

void ra_derive_glibc(struct ra_derivation *derivation)
{
    const struct ra_sample *sample = &derivation->now->image.sample;
    struct ra_report_glibc *glibc = &derivation->report->glibc;

#define FIGURE(name, help)                                                                         \
    glibc->name = sample->sequence != 0 && sample->glibc_known >> RA_GLIBC_##name & 1              \
                      ? ra_derive_integer(sample->glibc[RA_GLIBC_##name])                          \
                      : RA_UNKNOWN;
    RA_GLIBC(FIGURE)
}
