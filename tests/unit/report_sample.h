/* A report made by hand, for the tests of what is made from one. */
#ifndef UNIT_REPORT_SAMPLE_H
#define UNIT_REPORT_SAMPLE_H

#include <math.h>
#include <string.h>

#include <ruby_alloc/reader.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
#define KIB ((int64_t)1024)
#define MIB (1024 * KIB)

static struct ra_report_class classes[] = {
    {16, 100, 40, 60, 960, 1, 256, 0.25, 3136, 12.5, 2.5},
    {48, 1234567, 1000000, 234567, 11259216, 1000, 256, 0.91, 1111, 2500000, 0},
    {20 * 1024, 1, 0, 1, 20 * 1024, RA_UNKNOWN, RA_UNKNOWN, NAN, RA_UNKNOWN, NAN, NAN},
};
static struct ra_report_size sizes[] = {
    {0, 8, 8, 100, 800, 0.1, 12.5},
    {33, 40, 48, 800, 32000, 0.8, NAN},
    {16 * 1024 + 1, 20 * 1024, 20 * 1024, 100, 2000000, 0.1, NAN},
};
static struct ra_report_thread threads[] = {
    {4242, "ruby", "live", 1000, 900, 50},
    {RA_UNKNOWN, NULL, "ended", 10, 10, NAN},
};

static inline struct ra_report make_report(void)
{
    return (struct ra_report){
        .time = "2026-11-23T09:30:00.123Z",
        .process = {.pid = 4242,
                    .ppid = 4200,
                    .uid = 0,
                    .comm = "ruby",
                    .command = "ruby \"caf\xc3\xa9\".rb",
                    .state = "running",
                    .started = "2026-11-23T09:00:00Z",
                    .uptime = 1800.1,
                    .forked = 0,
                    .ruby_version = "3.1.7",
                    .jemalloc_version = NULL,
                    .shim_version = "0.1.0"},
        .conf = {8, 10000, -1, 0, 1, -1},
        .calls = {.malloc = 10, .free = INT64_MAX},
        .totals = {.allocations = 1000, .frees = 900, .live_objects = 100},
        .memory = {.requested = 100 * MIB,
                   .live = 120 * MIB,
                   .allocated = 121 * MIB,
                   .active = 150 * MIB,
                   .resident = 170 * MIB,
                   .rss = 240 * MIB,
                   .rss_anon = 230 * MIB,
                   .swap = RA_UNKNOWN,
                   .sample_age = 0.012},
        .fragmentation = {.rounding = 20 * MIB,
                          .thread_cache = MIB,
                          .slab_gaps = 29 * MIB,
                          .dirty = 15 * MIB,
                          .metadata = 5 * MIB,
                          .other = 60 * MIB,
                          .ratio = 1.4166,
                          .largest = "slab_gaps"},
        .classes = classes,
        .classes_count = COUNT_OF(classes),
        .sizes = sizes,
        .sizes_count = COUNT_OF(sizes),
        .threads = threads,
        .threads_count = COUNT_OF(threads),
    };
}

/* A report in which nothing is known. */
static inline struct ra_report make_unknown(void)
{
    struct ra_report report = {.time = "2026-11-23T09:30:00.123Z"};

    for (const struct ra_group *group = ruby_alloc_report_groups; group->name; group++) {
        char *record = (char *)&report + group->offset;

        for (size_t i = 0; group->row_bytes == 0 && i < group->field_count; i++) {
            static const int64_t unknown = RA_UNKNOWN;
            static const double nothing = NAN;
            static const int no_flag = -1;
            const struct ra_field *field = &group->fields[i];

            if (field->type == RA_INT) {
                memcpy(record + field->offset, &unknown, sizeof unknown);
            } else if (field->type == RA_REAL) {
                memcpy(record + field->offset, &nothing, sizeof nothing);
            } else if (field->type == RA_FLAG) {
                memcpy(record + field->offset, &no_flag, sizeof no_flag);
            }
        }
    }
    return report;
}

#endif
