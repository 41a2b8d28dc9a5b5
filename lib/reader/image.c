/* Images: the contents of a region, checked and summed up, as plain data. */
#include "reader/image.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "reader/failure.h"

/* Element index of a section, whose place was checked. */
static const void *element(const void *data, const struct ra_section *section, size_t index)
{
    return (const char *)data + section->offset + index * section->element_bytes;
}

static enum ra_status read_classes(struct ra_image *image, const void *data, const char *path,
                                   struct ra_failure *why)
{
    uint32_t count = image->header.class_count;
    uint64_t before = 0;

    image->classes = calloc(count + 1, sizeof(*image->classes));
    if (image->classes == NULL) {
        return ra_failure_set(why, RA_SYSTEM, "no memory for %" PRIu32 " size classes", count);
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct ra_section *section = &image->header.sections[RA_SECTION_classes];

        image->classes[i] = *(const struct ra_class *)element(data, section, i);
        if (image->classes[i].size_bytes <= before || image->classes[i].size_bytes > INT64_MAX) {
            return ra_failure_set(why, RA_DAMAGED,
                                  "region %s is damaged: size class %" PRIu32 " has %" PRIu64
                                  " bytes, expected more than %" PRIu64
                                  "; restart its process, or remove the file if it has ended",
                                  path, i, image->classes[i].size_bytes, before);
        }
        before = image->classes[i].size_bytes;
    }
    return RA_OK;
}

static void read_sample(struct ra_image *image, const void *data)
{
    const struct ra_sample *sample = element(data, &image->header.sections[RA_SECTION_sample], 0);

    if (sample->sequence != 0 && sample->sequence % 2 == 0) {
        image->sample = *sample;
        image->sample.command[sizeof(image->sample.command) - 1] = '\0';
    }
}

static void read_shared(struct ra_image *image, const void *data)
{
    const struct ra_section *sections = image->header.sections;
    uint64_t allocs;
    uint64_t frees;

    ra_tally_add_shared(&image->own, element(data, &sections[RA_SECTION_shared], 0),
                        &image->overflow_allocs, &image->overflow_frees);
    ra_tally_add_shared(&image->inherited, element(data, &sections[RA_SECTION_inherited], 0),
                        &allocs, &frees);
    for (size_t i = 0; i < RA_BUCKET_COUNT; i++) {
        image->moved[i] = *(const struct ra_moved *)element(data, &sections[RA_SECTION_moved], i);
    }
}

static enum ra_status read_slots(struct ra_image *image, const void *data, size_t bytes,
                                 struct ra_failure *why)
{
    const struct ra_section *section = &image->header.sections[RA_SECTION_slots];
    size_t held = (bytes - section->offset) / section->element_bytes;
    size_t count = image->header.slots_ready < held ? image->header.slots_ready : held;

    image->threads = calloc(count + 1, sizeof(*image->threads));
    if (image->threads == NULL) {
        return ra_failure_set(why, RA_SYSTEM, "no memory for %zu threads", count);
    }
    for (size_t i = 0; i < count; i++) {
        const struct ra_slot *slot = element(data, section, i);
        struct ra_image_thread *thread = &image->threads[i];

        thread->state = slot->state;
        thread->tid = slot->tid;
        thread->base_allocs = slot->base_allocs;
        thread->base_frees = slot->base_frees;
        ra_tally_add_slot(&image->own, slot, &thread->allocs, &thread->frees);
    }
    image->thread_count = count;
    return RA_OK;
}

static enum ra_status read_arenas(struct ra_image *image, const void *data, struct ra_failure *why)
{
    const struct ra_section *section = &image->header.sections[RA_SECTION_arenas];
    size_t count = image->sample.sequence == 0 ? 0 : image->sample.arena_count;

    count = count < section->count ? count : section->count;
    image->arenas = calloc(count + 1, sizeof(*image->arenas));
    if (image->arenas == NULL) {
        return ra_failure_set(why, RA_SYSTEM, "no memory for %zu arenas", count);
    }
    for (size_t i = 0; i < count; i++) {
        image->arenas[i] = *(const struct ra_arena *)element(data, section, i);
    }
    image->arena_count = count;
    return RA_OK;
}

static enum ra_status read_settings(struct ra_image *image, const void *data,
                                    struct ra_failure *why)
{
    const struct ra_section *section = &image->header.sections[RA_SECTION_settings];

    image->settings = calloc((size_t)section->count + 1, sizeof(*image->settings));
    if (image->settings == NULL) {
        return ra_failure_set(why, RA_SYSTEM, "no memory for %" PRIu32 " settings", section->count);
    }
    for (size_t i = 0; image->sample.sequence != 0 && i < section->count; i++) {
        struct ra_setting *setting = &image->settings[i];

        *setting = *(const struct ra_setting *)element(data, section, i);
        if (setting->source == 0) {
            break;
        }
        setting->key[RA_SETTING_BYTES - 1] = '\0';
        setting->given[RA_SETTING_BYTES - 1] = '\0';
        setting->effective[RA_SETTING_BYTES - 1] = '\0';
        image->setting_count++;
    }
    return RA_OK;
}

enum ra_status ra_image_parse(struct ra_image *image, const void *data, size_t bytes,
                              const char *path, struct ra_failure *why)
{
    enum ra_status status;

    memset(image, 0, sizeof(*image));
    status = ra_image_check(&image->header, data, bytes, path, why);
    if (status == RA_OK) {
        status = read_classes(image, data, path, why);
    }
    if (status == RA_OK) {
        status = read_slots(image, data, bytes, why);
    }
    if (status == RA_OK) {
        read_sample(image, data);
        read_shared(image, data);
        status = read_arenas(image, data, why);
    }
    if (status == RA_OK) {
        status = read_settings(image, data, why);
    }
    if (status != RA_OK) {
        ra_image_release(image);
    }
    return status;
}

void ra_image_release(struct ra_image *image)
{
    free(image->classes);
    free(image->threads);
    free(image->arenas);
    free(image->settings);
    image->classes = NULL;
    image->threads = NULL;
    image->arenas = NULL;
    image->settings = NULL;
}
