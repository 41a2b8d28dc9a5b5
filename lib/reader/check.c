/*
 * The check of a region's header: every number in it that the reader goes by.
 *
 * Nothing here adds or multiplies 64-bit values from the region: a sum could wrap
 * around and look small.
 */
#include "reader/image.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "reader/failure.h"

struct place {
    const char *path;
    struct ra_failure *why;
};

static enum ra_status damaged(const struct place *place, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static enum ra_status damaged(const struct place *place, const char *format, ...)
{
    char detail[256];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(detail, sizeof(detail), format, arguments);
    va_end(arguments);
    return ra_failure_set(place->why, RA_DAMAGED,
                          "region %s is damaged: %s; restart its process, "
                          "or remove the file if the process has ended",
                          place->path, detail);
}

static enum ra_status check_identity(const struct ra_header *header, size_t bytes,
                                     const struct place *place)
{
    if (memcmp(header->magic, RA_REGION_MAGIC, sizeof(header->magic)) != 0 &&
        (header->ready != 0 || header->magic[0] != '\0')) {
        return damaged(place, "it begins with \"%.8s\", not with \"" RA_REGION_MAGIC "\"",
                       header->magic);
    }
    if (header->ready != RA_READY) {
        return damaged(place, "not ready (found %#" PRIx32 ", expected %#x): its process was %s",
                       header->ready, RA_READY, "stopped or killed while making it");
    }
    if (header->layout_major > RA_LAYOUT_MAJOR) {
        return ra_failure_set(place->why, RA_DAMAGED,
                              "region %s was made by a newer ruby_alloc (layout %u; this program "
                              "reads %d): upgrade ruby_alloc_top",
                              place->path, header->layout_major, RA_LAYOUT_MAJOR);
    }
    if (header->layout_major < RA_LAYOUT_MAJOR) {
        return ra_failure_set(place->why, RA_DAMAGED,
                              "region %s was made by an older ruby_alloc (layout %u; this program "
                              "reads %d): restart the process with the newer libruby_alloc.so",
                              place->path, header->layout_major, RA_LAYOUT_MAJOR);
    }
    if (header->header_bytes < sizeof(*header) || header->header_bytes > bytes) {
        return damaged(place, "its header has %" PRIu32 " bytes, expected %zu up to %zu",
                       header->header_bytes, sizeof(*header), bytes);
    }
    return RA_OK;
}

static enum ra_status check_numbers(const struct ra_header *header, const struct place *place)
{
    const struct {
        const char *name;
        uint32_t found, least, most;
    } numbers[] = {
        {"small_step", header->small_step, RA_SMALL_STEP, RA_SMALL_STEP},
        {"small_count", header->small_count, RA_SMALL_COUNT, RA_SMALL_COUNT},
        {"freed_step", header->freed_step, RA_FREED_STEP, RA_FREED_STEP},
        {"freed_count", header->freed_count, RA_FREED_COUNT, RA_FREED_COUNT},
        {"large_per_doubling", header->large_per_doubling, RA_LARGE_PER_DOUBLING,
         RA_LARGE_PER_DOUBLING},
        {"large_own_count", header->large_own_count, RA_LARGE_OWN_COUNT, RA_LARGE_OWN_COUNT},
        {"large_shared_count", header->large_shared_count, RA_LARGE_SHARED_COUNT,
         RA_LARGE_SHARED_COUNT},
        {"call_count", header->call_count, RA_CALL_COUNT, RA_CALL_SPACE},
        {"page_bytes", header->page_bytes, 4096, 1 << 30},
        {"class_count", header->class_count, 0, header->sections[RA_SECTION_classes].count},
        {"bin_count", header->bin_count, 0,
         header->class_count < RA_BIN_MAX ? header->class_count : RA_BIN_MAX},
        {"slots_ready", header->slots_ready, 0, header->sections[RA_SECTION_slots].count},
    };

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (numbers[i].found >= numbers[i].least && numbers[i].found <= numbers[i].most) {
            continue;
        }
        if (numbers[i].least == numbers[i].most) {
            return damaged(place, "%s is %" PRIu32 ", expected %" PRIu32, numbers[i].name,
                           numbers[i].found, numbers[i].least);
        }
        return damaged(place, "%s is %" PRIu32 ", expected %" PRIu32 " up to %" PRIu32,
                       numbers[i].name, numbers[i].found, numbers[i].least, numbers[i].most);
    }
    if ((header->page_bytes & (header->page_bytes - 1)) != 0) {
        return damaged(place, "page_bytes is %" PRIu32 ", expected a power of two",
                       header->page_bytes);
    }
    return RA_OK;
}

static enum ra_status check_sections(const struct ra_header *header, size_t bytes,
                                     const struct place *place)
{
    static const struct {
        const char *name;
        uint32_t element_bytes, least, most;
        bool grows; /* the file need not hold all of it yet */
    } expected[] = {
        [RA_SECTION_classes] = {"classes", sizeof(struct ra_class), 0, RA_IMAGE_CLASS_MAX, false},
        [RA_SECTION_sample] = {"sample", sizeof(struct ra_sample), 1, 1, false},
        [RA_SECTION_shared] = {"shared", sizeof(struct ra_shared), 1, 1, false},
        [RA_SECTION_inherited] = {"inherited", sizeof(struct ra_shared), 1, 1, false},
        [RA_SECTION_moved] = {"moved", sizeof(struct ra_moved), RA_BUCKET_COUNT, RA_BUCKET_COUNT,
                              false},
        [RA_SECTION_slots] = {"slots", sizeof(struct ra_slot), 0, RA_IMAGE_SLOT_MAX, true},
        [RA_SECTION_arenas] = {"arenas", sizeof(struct ra_arena), 0, RA_IMAGE_ARENA_MAX, false},
        [RA_SECTION_settings] = {"settings", sizeof(struct ra_setting), 0, RA_IMAGE_SETTING_MAX,
                                 false},
    };
    _Static_assert(sizeof(expected) / sizeof(expected[0]) == RA_SECTION_COUNT, "all sections");

    for (size_t i = 0; i < RA_SECTION_COUNT; i++) {
        const struct ra_section *section = &header->sections[i];
        const char *name = expected[i].name;

        if (section->offset % 8 != 0 || section->offset < header->header_bytes ||
            section->offset > bytes) {
            return damaged(place,
                           "section %s is at offset %" PRIu64
                           ", expected a multiple of 8 from %" PRIu32 " up to %zu",
                           name, section->offset, header->header_bytes, bytes);
        }
        if (section->element_bytes < expected[i].element_bytes || section->element_bytes % 8 != 0 ||
            section->element_bytes > (1 << 20)) {
            return damaged(place,
                           "an element of section %s has %" PRIu32 " bytes, expected %" PRIu32
                           " or more",
                           name, section->element_bytes, expected[i].element_bytes);
        }
        if (section->count < expected[i].least || section->count > expected[i].most) {
            return damaged(
                place, "section %s has %" PRIu32 " elements, expected %" PRIu32 " up to %" PRIu32,
                name, section->count, expected[i].least, expected[i].most);
        }
        if (!expected[i].grows &&
            section->count > (bytes - section->offset) / section->element_bytes) {
            return damaged(place,
                           "section %s (%" PRIu32 " times %" PRIu32 " bytes at %" PRIu64
                           ") lies beyond its end at %zu",
                           name, section->count, section->element_bytes, section->offset, bytes);
        }
    }
    return RA_OK;
}

static void terminate_texts(struct ra_header *header)
{
    header->comm[sizeof(header->comm) - 1] = '\0';
    header->ruby_version[sizeof(header->ruby_version) - 1] = '\0';
    header->jemalloc_version[sizeof(header->jemalloc_version) - 1] = '\0';
    header->shim_version[sizeof(header->shim_version) - 1] = '\0';
    header->command[sizeof(header->command) - 1] = '\0';
}

enum ra_status ra_image_check(struct ra_header *header, const void *data, size_t bytes,
                              const char *path, struct ra_failure *why)
{
    struct place place = {path, why};
    enum ra_status status;

    if (bytes < sizeof(*header)) {
        return damaged(&place, "it has %zu bytes, expected %zu or more", bytes,
                       sizeof(struct ra_region));
    }
    if (bytes > RA_IMAGE_MAX_BYTES) {
        return damaged(&place, "it has %zu bytes, expected %d at most", bytes, RA_IMAGE_MAX_BYTES);
    }
    memcpy(header, data, sizeof(*header));
    status = check_identity(header, bytes, &place);
    if (status == RA_OK) {
        status = check_sections(header, bytes, &place);
    }
    if (status == RA_OK) {
        status = check_numbers(header, &place);
    }
    terminate_texts(header);
    return status;
}
