/*
 * Writes the seeds for fuzz_region into the directory named as its argument: valid
 * regions, made as the unit tests make theirs, and some that are valid just not.
 */
#include "../unit/region_builder.h"

static const char *directory;

static void write_seed(const char *name, const void *data, size_t bytes)
{
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s/%s", directory, name);
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
    snprintf(region->sample.command, sizeof(region->sample.command), "ruby caf\xc3\xa9.rb");
}

/* All sections on top of each other: small, so that the fuzzer is fast with it. */
static void write_folded(struct ra_region *region)
{
    struct ra_header *header = &region->header;
    size_t bytes = sizeof(*header) + sizeof(struct ra_shared);

    header->slots_ready = 1;
    header->class_count = 0;
    header->bin_count = 0;
    for (size_t i = 0; i < RA_SECTION_COUNT; i++) {
        header->sections[i].offset = sizeof(*header);
    }
    header->sections[RA_SECTION_classes].count = 0;
    write_seed("folded", region, bytes < BUILT_BYTES ? bytes : BUILT_BYTES);
}

/* A test only because the builder's assertions need one around them. */
START_TEST(write_seeds)
{
    struct ra_region *region = build_region();

    write_seed("empty", region, 0);
    write_seed("header", region, sizeof(struct ra_header));
    write_seed("fresh", region, BUILT_BYTES);
    count_something(region);
    write_seed("counted", region, BUILT_BYTES);
    write_seed("cut", region, sizeof(struct ra_region) + RA_SLOT_BYTES / 2);
    region->header.flags |= RA_FLAG_FORKED;
    memset(region->header.comm, 0x1b, sizeof(region->header.comm));
    memset(region->sample.command, 0xff, sizeof(region->sample.command));
    write_seed("texts", region, BUILT_BYTES);
    memset(region->slots[2].alloc, 0xff, sizeof(region->slots[2].alloc));
    memset(region->sample.statistics, 0xff, sizeof(region->sample.statistics));
    write_seed("overflowing", region, BUILT_BYTES);
    write_folded(region);
    free(region);
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
