/*
 * Derivation: the steps from a snapshot to a report, shared by the files that fill
 * its groups (report.c), its tables (rows.c) and what
 * it tells of losses (fragmentation.c) and of the allocator's inside (inside.c).
 */
#ifndef RUBY_ALLOC_READER_DERIVE_H
#define RUBY_ALLOC_READER_DERIVE_H

#include <stdbool.h>

#include "reader/snapshot.h"
#include "ruby_alloc/report.h"

/* What a tally holds of one size class. */
struct ra_class_sum {
    uint64_t allocs;
    uint64_t frees;
    uint64_t requested_bytes; /* of small ones an estimate, which is right in their sum */
    uint64_t usable_bytes;
    uint64_t freed_bytes;
};

struct ra_derivation {
    const struct ra_snapshot *now;
    const struct ra_snapshot *before; /* of the same region, earlier; or NULL */
    double elapsed;                   /* seconds between them */
    struct ra_report *report;
    bool has_failed; /* no memory */

    /* One for each class, and one more for sizes that no class takes in. */
    struct ra_class_sum *own;
    struct ra_class_sum *inherited;
    struct ra_class_sum *own_before;
};

/* The value as the report's integer: at most INT64_MAX. */
int64_t ra_derive_integer(uint64_t value);

/* more - less, or 0: counters of a running process are not read at one moment. */
int64_t ra_derive_difference(uint64_t more, uint64_t less);

/* Per second since the earlier snapshot; NAN without one. */
double ra_derive_rate(const struct ra_derivation *derivation, uint64_t now, uint64_t before);

/* A printable copy that lives as long as the report; NULL for an empty text. */
const char *ra_derive_text(struct ra_derivation *derivation, const char *text, size_t bytes);

/* The size of the class in which a request of so many bytes lands. */
uint64_t ra_derive_class_size(const struct ra_image *image, uint64_t size);

/* Sort a tally into the classes of image. sums: header.class_count + 1, zeroed. */
void ra_derive_class_sums(struct ra_class_sum *sums, const struct ra_image *image,
                          const struct ra_tally *tally);

/* Bytes of what is live in one class. */
int64_t ra_derive_live(const struct ra_class_sum *own, const struct ra_class_sum *inherited);

/* Zeroed rows for a table, one more than count; NULL and has_failed without memory. */
void *ra_derive_rows(struct ra_derivation *derivation, size_t count, size_t row_bytes);

/* Fill the report's tables. */
void ra_derive_classes(struct ra_derivation *derivation);
void ra_derive_sizes(struct ra_derivation *derivation);
void ra_derive_threads(struct ra_derivation *derivation);
void ra_derive_arenas(struct ra_derivation *derivation);
void ra_derive_settings(struct ra_derivation *derivation);

/* Fill the group "fragmentation", once "memory" is there. */
void ra_derive_fragmentation(struct ra_derivation *derivation);

/* Of stranded, what isn't jemalloc's own data, which metadata counts as well. */
int64_t ra_derive_stranded(const struct ra_report *report);

/* Of it what follows from the memory that is resident in the process: other, and the shares. */
void ra_derive_resident(struct ra_report *report);

/* Fill the group "glibc". */
void ra_derive_glibc(struct ra_derivation *derivation);

/* Fill the table "advice", once all the rest is there. */
void ra_derive_advice(struct ra_derivation *derivation);

/* Fill the group "process" and the time of the report. */
void ra_derive_process(struct ra_derivation *derivation);

#endif
