/*
 * Images: the contents of a region, checked and summed up, as plain data.
 *
 * This is the only place where the bytes of a region are taken apart. They are
 * hostile: each offset and count is checked by subtraction before it is used.
 */
#ifndef RUBY_ALLOC_READER_IMAGE_H
#define RUBY_ALLOC_READER_IMAGE_H

#include "reader/tally.h"
#include "ruby_alloc/reader.h"
#include "ruby_alloc/region.h"

enum {
    RA_IMAGE_MAX_BYTES = 64 * 1024 * 1024, /* a region with all its slots is 8.1 MiB */
    RA_IMAGE_CLASS_MAX = 4096,
    RA_IMAGE_SLOT_MAX = 65536,
    RA_IMAGE_ARENA_MAX = 4096,
    RA_IMAGE_SETTING_MAX = 1024
};

/* What one slot with a thread, living or ended, has counted. */
struct ra_image_thread {
    uint32_t state; /* ra_slot_state */
    uint32_t tid;
    uint64_t allocs;
    uint64_t frees;
    uint64_t base_allocs;
    uint64_t base_frees;
};

struct ra_image {
    struct ra_header header; /* texts terminated; sections, counts: as checked */
    struct ra_sample sample; /* all zero if none could be read */
    struct ra_tally own;     /* slots and the shared block */
    struct ra_tally inherited;
    uint64_t overflow_allocs; /* the shared block alone */
    uint64_t overflow_frees;
    struct ra_moved moved[RA_BUCKET_COUNT];
    struct ra_class *classes; /* header.class_count of them, strictly ascending */
    struct ra_image_thread *threads;
    size_t thread_count;
    struct ra_arena *arenas; /* as of the sample; none without one */
    size_t arena_count;
    struct ra_setting *settings; /* texts terminated */
    size_t setting_count;
};

/*
 * Check the header at the start of data, and that all sections lie inside bytes,
 * the size of the region. data needs no alignment.
 *
 * Returns RA_OK and the checked header in *header, or RA_DAMAGED; the message
 * tells found from expected and begins with "region " and path.
 */
enum ra_status ra_image_check(struct ra_header *header, const void *data, size_t bytes,
                              const char *path, struct ra_failure *why);

/*
 * Take a copied region apart. data must be aligned as malloc aligns.
 *
 * Returns RA_OK and the image in *image, to be released with ra_image_release;
 * RA_DAMAGED or RA_SYSTEM (no memory), and nothing to release.
 */
enum ra_status ra_image_parse(struct ra_image *image, const void *data, size_t bytes,
                              const char *path, struct ra_failure *why);

void ra_image_release(struct ra_image *image);

#endif
