/*
 * Writes seeds into the directory named as its argument: region/ and report/, valid regions,
 * made as the unit tests make theirs, and some that are valid just not; recording/ and index/,
 * what is recorded of such.
 */
#include "../unit/region_builder.h"

#include "reader/image.h"
#include "reader/snapshot.h"
#include "top/json.h"

static const char *directory;

static void write_seed(const char *group, const char *name, const void *data, size_t bytes)
{
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s/%s/%s", directory, group, name);
    write_region(path, data, bytes);
}

static void count_something(struct ra_region *region)
{
    struct ra_slot *slot = &region->slots[0];

    region->header.conf_flags = RA_CONF_KNOWN | RA_CONF_TCACHE;
    region->header.created_realtime_ns = UINT64_C(1700000000000000000);
    slot->state = RA_SLOT_LIVE;
    slot->tid = 4242;
    slot->alloc[ra_bucket_of(40)] = 1000;
    slot->freed[ra_freed_of(48)] = 400;
    slot->large[ra_large_of(10240)] = (struct ra_large){5, 50000, 51200, 2, 20480};
    region->slots[1].state = RA_SLOT_ENDED;
    region->slots[1].alloc[ra_bucket_of(100)] = 7;
    region->shared.slot.alloc[ra_bucket_of(16)] = 7;
    region->inherited.slot.alloc[ra_bucket_of(40)] = 500;
    region->moved[ra_bucket_of(64)].from = 10;
    region->sample.sequence = 2;
    region->sample.known = UINT32_MAX;
    region->sample.realtime_ns = UINT64_C(1700000001000000000);
    for (size_t i = 0; i < RA_STATISTIC_COUNT; i++) {
        region->sample.statistics[i] = (i + 1) << 20;
    }
    region->sample.bins[3] = (struct ra_bin){10, 600};
    region->sample.arena_count = 1;
    region->arenas[0].threads = 3;
    region->settings[0].source = 1;
    snprintf(region->settings[0].key, sizeof(region->settings[0].key), "narenas");
    snprintf(region->settings[0].given, sizeof(region->settings[0].given), "2");
    snprintf(region->sample.command, sizeof(region->sample.command), "ruby caf\xc3\xa9.rb");
}

/* Copy the first count elements of a section to the end of what is packed so far. */
static void pack_section(struct ra_region *packed, size_t *bytes, const struct ra_region *region,
                         enum ra_section_index index, uint32_t count)
{
    const struct ra_section *from = &region->header.sections[index];
    struct ra_section *to = &packed->header.sections[index];
    size_t length = (size_t)count * from->element_bytes;

    memcpy((char *)packed + *bytes, (const char *)region + from->offset, length);
    *to = (struct ra_section){*bytes, from->element_bytes, count};
    *bytes += length;
}

/*
 * The same region in a fraction of the bytes, so that the fuzzer is fast with it: few rows
 * in each table, and the large ones, each as long as the shared block, on top of each other.
 */
static void write_packed(const char *name, const struct ra_region *region)
{
    enum { CLASSES = 40, ROWS = 2 };
    static const enum ra_section_index large[] = {RA_SECTION_inherited, RA_SECTION_moved,
                                                  RA_SECTION_slots};
    struct ra_region *packed = calloc(1, BUILT_BYTES);
    size_t bytes = sizeof(packed->header);

    packed->header = region->header;
    packed->header.slots_ready = 1;
    packed->header.class_count =
        region->header.class_count < CLASSES ? region->header.class_count : CLASSES;
    packed->header.bin_count =
        region->header.bin_count < CLASSES ? region->header.bin_count : CLASSES;
    pack_section(packed, &bytes, region, RA_SECTION_classes, CLASSES);
    pack_section(packed, &bytes, region, RA_SECTION_sample, 1);
    pack_section(packed, &bytes, region, RA_SECTION_arenas, ROWS);
    pack_section(packed, &bytes, region, RA_SECTION_settings, ROWS);
    for (size_t i = 0; i < sizeof(large) / sizeof(large[0]); i++) {
        packed->header.sections[large[i]].offset = bytes;
    }
    pack_section(packed, &bytes, region, RA_SECTION_shared, 1);
    write_seed("region", name, packed, bytes);
    write_seed("report", name, packed, bytes);
    free(packed);
}

/* What --record writes of the region. Returns a text to be freed. */
static char *record(const struct ra_region *region)
{
    static struct ra_snapshot snapshot;
    struct ra_failure why;
    struct ra_report *report;
    char *text = NULL;
    size_t bytes = 0;
    FILE *stream = open_memstream(&text, &bytes);

    memset(&snapshot, 0, sizeof(snapshot));
    snapshot.pid = 4242;
    ck_assert_int_eq(ra_image_parse(&snapshot.image, region, BUILT_BYTES, "seed", &why), RA_OK);
    report = ruby_alloc_report_new(&snapshot, NULL);
    ck_assert_int_eq(ra_json_print(report, stream), 0);
    fclose(stream);
    ruby_alloc_report_free(report);
    ra_image_release(&snapshot.image);
    return text;
}

/* Behind the bytes that the fuzzers take for themselves: one, or two. */
static void write_recordings(const struct ra_region *fresh, const struct ra_region *counted)
{
    char *one = record(fresh);
    char *other = record(counted);
    char *text;

    for (char kind = '0'; kind < '5'; kind++) {
        char name[] = {'r', 'e', 'c', 'o', 'r', 'd', kind, '\0'};

        ck_assert_int_gt(asprintf(&text, "%c%s", kind, kind % 2 == 0 ? other : one), 0);
        write_seed("recording", name, text, strlen(text));
        free(text);
    }
    ck_assert_int_gt(asprintf(&text, "0%s{\"cut\n\n%s{\"schema\": \"ruby_alloc.report/2\"}\n%.200s",
                              one, other, other),
                     0);
    write_seed("recording", "damaged", text, strlen(text));
    free(text);
    ck_assert_int_gt(asprintf(&text, "ab\xef\xbb\xbf%s{\"cut\n%.3000s", one, other), 0);
    write_seed("index", "damaged", text, strlen(text));
    free(text);
    ck_assert_int_gt(
        asprintf(&text, "%s",
                 "aa{\"schema\":\"ruby_alloc.report/1\",\"time\":\"2026-11-23T09:30:00.123Z\","
                 "\"process\":{\"pid\":7}}\n{\"schema\":\"ruby_alloc.report/1\",\"threads\":[]}\n"),
        0);
    write_seed("index", "short", text, strlen(text));
    free(text);
    free(one);
    free(other);
}

/* A test only because the builder's assertions need one around them. */
START_TEST(write_seeds)
{
    struct ra_region *region = build_region();
    struct ra_region *fresh = build_region();

    write_seed("region", "empty", region, 0);
    write_seed("region", "header", region, sizeof(struct ra_header));
    write_packed("fresh", region);
    count_something(region);
    write_packed("counted", region);
    write_seed("report", "whole", region, BUILT_BYTES);
    write_recordings(fresh, region);
    region->header.flags |= RA_FLAG_FORKED;
    memset(region->header.comm, 0x1b, sizeof(region->header.comm));
    memset(region->sample.command, 0xff, sizeof(region->sample.command));
    memset(region->settings[0].given, 0x9b, sizeof(region->settings[0].given));
    write_packed("texts", region);
    memset(region->slots[2].alloc, 0xff, sizeof(region->slots[2].alloc));
    memset(region->shared.slot.alloc, 0xff, sizeof(region->shared.slot.alloc));
    memset(region->sample.statistics, 0xff, sizeof(region->sample.statistics));
    write_packed("overflowing", region);
    write_seed("report", "overflowing.whole", region, BUILT_BYTES);
    free(region);
    free(fresh);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("seeds");
    TCase *test_case = tcase_create("seeds");

    if (argc != 2) {
        fprintf(stderr, "usage: seeds DIRECTORY\n");
        return EXIT_FAILURE;
    }
    directory = argv[1];
    tcase_add_test(test_case, write_seeds);
    suite_add_tcase(suite, test_case);
    return run_suite(suite);
}
