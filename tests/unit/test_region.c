/*
 * The region's layout, number by number, and what the reader says to each field
 * of the header that is wrong.
 */
#include "region_builder.h"

#include "reader/snapshot.h"
#include "reader/locate.h"

#define SIZE(type, bytes)                                                                          \
    {                                                                                              \
        "sizeof " #type, sizeof(struct type), bytes                                                \
    }
#define OFFSET(type, member, offset)                                                               \
    {                                                                                              \
#type "." #member, offsetof(struct type, member), offset                                   \
    }

/* A number that changes here is a change of the layout: raise RA_LAYOUT_MAJOR or _MINOR. */
static const struct {
    const char *name;
    size_t found, expected;
} layout[] = {
    SIZE(ra_large, 40),
    OFFSET(ra_large, allocs, 0),
    OFFSET(ra_large, requested_bytes, 8),
    OFFSET(ra_large, usable_bytes, 16),
    OFFSET(ra_large, frees, 24),
    OFFSET(ra_large, freed_bytes, 32),
    SIZE(ra_slot, 8192),
    OFFSET(ra_slot, state, 0),
    OFFSET(ra_slot, tid, 4),
    OFFSET(ra_slot, base_allocs, 8),
    OFFSET(ra_slot, base_frees, 16),
    OFFSET(ra_slot, calls, 64),
    OFFSET(ra_slot, requested_less_1, 184),
    OFFSET(ra_slot, alloc, 192),
    OFFSET(ra_slot, freed, 4288),
    OFFSET(ra_slot, large, 6344),
    OFFSET(ra_slot, unused, 8104),
    SIZE(ra_shared, 12032),
    OFFSET(ra_shared, slot, 0),
    OFFSET(ra_shared, large, 8192),
    SIZE(ra_moved, 16),
    OFFSET(ra_moved, from, 0),
    OFFSET(ra_moved, to, 8),
    SIZE(ra_class, 16),
    OFFSET(ra_class, size_bytes, 0),
    OFFSET(ra_class, slab_bytes, 8),
    OFFSET(ra_class, slab_regions, 12),
    SIZE(ra_bin, 16),
    OFFSET(ra_bin, slabs, 0),
    OFFSET(ra_bin, regions, 8),
    SIZE(ra_sample, 2848),
    OFFSET(ra_sample, sequence, 0),
    OFFSET(ra_sample, known, 4),
    OFFSET(ra_sample, monotonic_ns, 8),
    OFFSET(ra_sample, realtime_ns, 16),
    OFFSET(ra_sample, statistics, 24),
    OFFSET(ra_sample, bins, 152),
    OFFSET(ra_sample, command, 2200),
    OFFSET(ra_sample, glibc_known, 2712),
    OFFSET(ra_sample, arena_count, 2716),
    OFFSET(ra_sample, glibc, 2720),
    SIZE(ra_arena, 64),
    OFFSET(ra_arena, index, 0),
    OFFSET(ra_arena, threads, 4),
    OFFSET(ra_arena, known, 8),
    OFFSET(ra_arena, allocated_bytes, 16),
    OFFSET(ra_arena, active_bytes, 24),
    OFFSET(ra_arena, dirty_bytes, 32),
    OFFSET(ra_arena, muzzy_bytes, 40),
    OFFSET(ra_arena, tcache_bytes, 48),
    SIZE(ra_setting, 128),
    OFFSET(ra_setting, source, 0),
    OFFSET(ra_setting, state, 4),
    OFFSET(ra_setting, key, 8),
    OFFSET(ra_setting, given, 48),
    OFFSET(ra_setting, effective, 88),
    SIZE(ra_action, 48),
    OFFSET(ra_action, asked, 0),
    OFFSET(ra_action, id, 4),
    OFFSET(ra_action, argument, 8),
    OFFSET(ra_action, done, 16),
    OFFSET(ra_action, error, 20),
    OFFSET(ra_action, value, 24),
    SIZE(ra_section, 16),
    OFFSET(ra_section, offset, 0),
    OFFSET(ra_section, element_bytes, 8),
    OFFSET(ra_section, count, 12),
    SIZE(ra_header, 1176),
    OFFSET(ra_header, magic, 0),
    OFFSET(ra_header, ready, 8),
    OFFSET(ra_header, layout_major, 12),
    OFFSET(ra_header, layout_minor, 14),
    OFFSET(ra_header, header_bytes, 16),
    OFFSET(ra_header, page_bytes, 20),
    OFFSET(ra_header, request, 24),
    OFFSET(ra_header, answered, 28),
    OFFSET(ra_header, sampler_tid, 32),
    OFFSET(ra_header, interval_seconds, 36),
    OFFSET(ra_header, slots_ready, 40),
    OFFSET(ra_header, class_count, 44),
    OFFSET(ra_header, bin_count, 48),
    OFFSET(ra_header, flags, 52),
    OFFSET(ra_header, small_step, 56),
    OFFSET(ra_header, small_count, 60),
    OFFSET(ra_header, freed_step, 64),
    OFFSET(ra_header, freed_count, 68),
    OFFSET(ra_header, large_per_doubling, 72),
    OFFSET(ra_header, large_own_count, 76),
    OFFSET(ra_header, large_shared_count, 80),
    OFFSET(ra_header, call_count, 84),
    OFFSET(ra_header, sections, 88),
    OFFSET(ra_header, pid, 344),
    OFFSET(ra_header, parent_pid, 348),
    OFFSET(ra_header, uid, 352),
    OFFSET(ra_header, conf_flags, 356),
    OFFSET(ra_header, start_ticks, 360),
    OFFSET(ra_header, pid_namespace, 368),
    OFFSET(ra_header, created_realtime_ns, 376),
    OFFSET(ra_header, conf_narenas, 384),
    OFFSET(ra_header, conf_dirty_decay_ms, 392),
    OFFSET(ra_header, conf_muzzy_decay_ms, 400),
    OFFSET(ra_header, comm, 408),
    OFFSET(ra_header, ruby_version, 424),
    OFFSET(ra_header, jemalloc_version, 488),
    OFFSET(ra_header, shim_version, 552),
    OFFSET(ra_header, command, 616),
    OFFSET(ra_header, action, 1128),
    SIZE(ra_region, 61440),
    OFFSET(ra_region, header, 0),
    OFFSET(ra_region, classes, 1856),
    OFFSET(ra_region, sample, 20480),
    OFFSET(ra_region, shared, 36864),
    OFFSET(ra_region, inherited, 8192),
    OFFSET(ra_region, moved, 48896),
    OFFSET(ra_region, arenas, 24576),
    OFFSET(ra_region, settings, 28672),
    OFFSET(ra_region, children, 32768),
    OFFSET(ra_region, slots, 61440),
};

START_TEST(test_layout_golden)
{
    ck_assert_msg(layout[_i].found == layout[_i].expected, "%s is %zu, expected %zu",
                  layout[_i].name, layout[_i].found, layout[_i].expected);
}
END_TEST

START_TEST(test_numbers_golden)
{
    ck_assert_int_eq(RA_CALL_COUNT, 10);
    ck_assert_int_eq(RA_CALL_failed, 9);
    ck_assert_int_eq(RA_STATISTIC_COUNT, 12);
    ck_assert_int_eq(RA_STATISTIC_muzzy_pages, 7);
    ck_assert_int_eq(RA_SECTION_COUNT, 8);
    ck_assert_int_eq(RA_SECTION_slots, 5);
    ck_assert_int_eq(RA_SECTION_arenas, 6);
    ck_assert_int_eq(RA_SECTION_settings, 7);
    ck_assert_int_eq(RA_READY, 0x52454459);
    ck_assert_uint_le(BUILT_BYTES, 128 * 1024);
}
END_TEST

#define FIELD(member) offsetof(struct ra_header, member), sizeof(((struct ra_header *)0)->member)
#define SECTION(index, member)                                                                     \
    offsetof(struct ra_header, sections) + RA_SECTION_##index * sizeof(struct ra_section) +        \
        offsetof(struct ra_section, member),                                                       \
        sizeof(((struct ra_section *)0)->member)
#define CLASS(index)                                                                               \
    offsetof(struct ra_region, classes) + (index) * sizeof(struct ra_class), sizeof(uint64_t)

static const struct {
    size_t offset, bytes;
    uint64_t value;
    const char *message; /* a part of it */
} defects[] = {
    {FIELD(magic), 0x434f4c4159425552 + 1, "begins with \"SUBYALOC\", not with \"RUBYALOC\""},
    {FIELD(ready), 0, "not ready (found 0, expected 0x52454459)"},
    {FIELD(ready), 1, "not ready (found 0x1, expected 0x52454459)"},
    {FIELD(layout_major), 0, "older ruby_alloc (layout 0; this program reads 1): restart"},
    {FIELD(layout_major), 2, "newer ruby_alloc (layout 2; this program reads 1): upgrade"},
    {FIELD(layout_major), 0xffff, "newer ruby_alloc (layout 65535; this program reads 1)"},
    {FIELD(header_bytes), 0, "its header has 0 bytes"},
    {FIELD(header_bytes), sizeof(struct ra_header) - 8, "its header has"},
    {FIELD(header_bytes), UINT32_MAX, "its header has 4294967295 bytes"},
    {FIELD(page_bytes), 0, "page_bytes is 0"},
    {FIELD(page_bytes), 4097, "page_bytes is 4097, expected a power of two"},
    {FIELD(page_bytes), 2048, "page_bytes is 2048, expected 4096 up to 1073741824"},
    {FIELD(page_bytes), 1u << 31, "page_bytes is 2147483648"},
    {FIELD(slots_ready), RA_SLOT_MAX + 1, "slots_ready is 1025, expected 0 up to 1024"},
    {FIELD(slots_ready), UINT32_MAX, "slots_ready is 4294967295"},
    {FIELD(class_count), RA_CLASS_MAX + 1, "class_count is 397, expected 0 up to 396"},
    {FIELD(class_count), UINT32_MAX, "class_count is 4294967295"},
    {FIELD(bin_count), RA_BIN_MAX + 1, "bin_count is 129, expected 0 up to 128"},
    {FIELD(bin_count), UINT32_MAX, "bin_count is 4294967295"},
    {FIELD(small_step), 16, "small_step is 16, expected 8"},
    {FIELD(small_count), 511, "small_count is 511, expected 512"},
    {FIELD(freed_step), 0, "freed_step is 0, expected 16"},
    {FIELD(freed_count), 258, "freed_count is 258, expected 257"},
    {FIELD(large_per_doubling), 8, "large_per_doubling is 8, expected 4"},
    {FIELD(large_own_count), 0, "large_own_count is 0, expected 44"},
    {FIELD(large_shared_count), UINT32_MAX, "large_shared_count is 4294967295, expected 96"},
    {FIELD(call_count), RA_CALL_COUNT - 1, "call_count is 9, expected 10 up to 15"},
    {FIELD(call_count), RA_CALL_SPACE + 1, "call_count is 16, expected 10 up to 15"},
    {SECTION(classes, offset), 0, "section classes is at offset 0"},
    {SECTION(classes, offset), 4100, "section classes is at offset 4100, expected a multiple of 8"},
    {SECTION(classes, offset), UINT64_MAX - 7, "section classes is at offset 18446744073709551608"},
    {SECTION(classes, element_bytes), 8, "an element of section classes has 8 bytes, expected 16"},
    {SECTION(classes, count), 4097, "section classes has 4097 elements, expected 0 up to 4096"},
    {SECTION(classes, count), UINT32_MAX, "section classes has 4294967295 elements"},
    {SECTION(sample, offset), UINT64_MAX, "section sample is at offset 18446744073709551615"},
    {SECTION(sample, offset), BUILT_BYTES - 8, "section sample (1 times"},
    {SECTION(sample, element_bytes), 0, "an element of section sample has 0 bytes"},
    {SECTION(sample, element_bytes), UINT32_MAX, "an element of section sample has 4294967295"},
    {SECTION(sample, count), 0, "section sample has 0 elements, expected 1 up to 1"},
    {SECTION(shared, offset), 1u << 31, "section shared is at offset 2147483648"},
    {SECTION(shared, element_bytes), 12036, "an element of section shared has 12036 bytes"},
    {SECTION(shared, count), 2, "section shared has 2 elements, expected 1 up to 1"},
    {SECTION(inherited, offset), BUILT_BYTES, "lies beyond its end at"},
    {SECTION(inherited, element_bytes), 1 << 20, "lies beyond its end at"},
    {SECTION(inherited, count), 0, "section inherited has 0 elements"},
    {SECTION(moved, offset), BUILT_BYTES - 16, "section moved (652 times 16 bytes at"},
    {SECTION(moved, element_bytes), 1 << 19, "section moved (652 times 524288 bytes at"},
    {SECTION(moved, count), 651, "section moved has 651 elements, expected 652 up to 652"},
    {SECTION(slots, offset), BUILT_BYTES + 8, "section slots is at offset"},
    {SECTION(slots, offset), UINT64_MAX - 8191, "section slots is at offset"},
    {SECTION(slots, element_bytes), 8184, "an element of section slots has 8184 bytes"},
    {SECTION(slots, element_bytes), 8196, "an element of section slots has 8196 bytes"},
    {SECTION(slots, count), 65537, "section slots has 65537 elements, expected 0 up to 65536"},
    {SECTION(arenas, offset), 4, "section arenas is at offset 4"},
    {SECTION(arenas, element_bytes), 56, "an element of section arenas has 56 bytes, expected 64"},
    {SECTION(arenas, count), 4097, "section arenas has 4097 elements, expected 0 up to 4096"},
    {SECTION(settings, offset), BUILT_BYTES - 8, "section settings (32 times 128 bytes at"},
    {SECTION(settings, count), 1025, "section settings has 1025 elements, expected 0 up to 1024"},
    {CLASS(0), 0, "size class 0 has 0 bytes, expected more than 0"},
    {CLASS(1), 8, "size class 1 has 8 bytes, expected more than 8"},
    {CLASS(2), UINT64_MAX, "size class 2 has 18446744073709551615 bytes"},
};

START_TEST(test_parse_damaged_field)
{
    struct ra_region *region = build_region();
    struct ra_failure why = {0};
    struct ra_image image;

    memcpy((char *)region + defects[_i].offset, &defects[_i].value, defects[_i].bytes);
    ck_assert_int_eq(ra_image_parse(&image, region, BUILT_BYTES, "/r", &why), RA_DAMAGED);
    ck_assert_int_eq(why.status, RA_DAMAGED);
    ck_assert_msg(strstr(why.message, defects[_i].message) != NULL, "found: %s\nexpected: %s",
                  why.message, defects[_i].message);
    ck_assert_msg(strncmp(why.message, "region /r ", 10) == 0, "found: %s", why.message);
    free(region);
}
END_TEST

/* Every 8-byte word of header and sample set to numbers that wrap: refused or read, no crash. */
START_TEST(test_parse_any_word)
{
    static const uint64_t words[] = {0, 1, UINT32_MAX, INT64_MAX, UINT64_MAX, UINT64_C(1) << 63};
    struct ra_region *region = build_region();

    for (size_t at = 0; at < offsetof(struct ra_region, shared); at += 8) {
        uint64_t was;

        memcpy(&was, (char *)region + at, 8);
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
            struct ra_snapshot snapshot = {0};

            memcpy((char *)region + at, &words[i], 8);
            if (ra_image_parse(&snapshot.image, region, BUILT_BYTES, "/r", NULL) == RA_OK) {
                ruby_alloc_report_free(ruby_alloc_report_new(&snapshot, &snapshot));
                ra_image_release(&snapshot.image);
            }
        }
        memcpy((char *)region + at, &was, 8);
    }
    free(region);
}
END_TEST

START_TEST(test_parse_any_length)
{
    struct ra_region *region = build_region();

    for (size_t bytes = 0; bytes < BUILT_BYTES; bytes += bytes < 2048 ? 1 : 509) {
        void *cut = malloc(bytes + (bytes == 0));
        struct ra_failure why = {0};
        struct ra_image image;
        enum ra_status status;

        memcpy(cut, region, bytes);
        status = ra_image_parse(&image, cut, bytes, "/r", &why);
        ck_assert_int_eq(status, bytes < offsetof(struct ra_region, slots) ? RA_DAMAGED : RA_OK);
        if (status == RA_OK) {
            ck_assert_uint_eq(image.thread_count,
                              (bytes - offsetof(struct ra_region, slots)) / RA_SLOT_BYTES);
            ra_image_release(&image);
        }
        free(cut);
    }
    free(region);
}
END_TEST

START_TEST(test_parse_newer_minor)
{
    struct ra_region *region = build_region();
    struct ra_image image;

    region->header.layout_minor = 9;
    region->header.call_count = RA_CALL_COUNT + 1;
    region->header.header_bytes = RA_HEADER_BYTES;
    region->header.sections[RA_SECTION_slots].element_bytes = 2 * RA_SLOT_BYTES;
    ((struct ra_slot *)((char *)region->slots + 2 * RA_SLOT_BYTES))->alloc[3] = 5;
    ck_assert_int_eq(ra_image_parse(&image, region, BUILT_BYTES, "/r", NULL), RA_OK);
    ck_assert_uint_eq(image.thread_count, BUILT_SLOTS / 2);
    ck_assert_uint_eq(image.threads[1].allocs, 5);
    ck_assert_uint_eq(image.own.alloc[3], 5);
    ra_image_release(&image);
    free(region);
}
END_TEST

static const struct {
    const char *name;
    bool valid;
} names[] = {
    {"ruby_alloc.1.2.3", true},
    {"ruby_alloc.2147483647.18446744073709551615.4026531836", true},
    {"ruby_alloc.1.0.0", true},
    {"ruby_alloc.0.2.3", false},
    {"ruby_alloc.2147483648.2.3", false},
    {"ruby_alloc.1.18446744073709551616.3", false},
    {"ruby_alloc.01.2.3", false},
    {"ruby_alloc.+1.2.3", false},
    {"ruby_alloc.-1.2.3", false},
    {"ruby_alloc. 1.2.3", false},
    {"ruby_alloc.1.2", false},
    {"ruby_alloc.1.2.", false},
    {"ruby_alloc.1.2.3.4", false},
    {"ruby_alloc.1.2.3 (deleted)", false},
    {"ruby_alloc.1.2.3\n", false},
    {"ruby_alloc..2.3", false},
    {"ruby_alloc", false},
    {"Ruby_alloc.1.2.3", false},
    {"", false},
};

START_TEST(test_name_parse)
{
    struct ra_region_name parsed;

    ck_assert_int_eq(ra_region_name_parse(names[_i].name, &parsed), names[_i].valid);
}
END_TEST

#define ROWS(table) (int)(sizeof(table) / sizeof((table)[0]))

int main(void)
{
    Suite *suite = suite_create("region");
    TCase *test_case = tcase_create("layout");

    tcase_add_loop_test(test_case, test_layout_golden, 0, ROWS(layout));
    tcase_add_test(test_case, test_numbers_golden);
    suite_add_tcase(suite, test_case);
    test_case = tcase_create("checks");
    tcase_add_loop_test(test_case, test_parse_damaged_field, 0, ROWS(defects));
    tcase_add_test(test_case, test_parse_any_word);
    tcase_add_test(test_case, test_parse_any_length);
    tcase_add_test(test_case, test_parse_newer_minor);
    tcase_add_loop_test(test_case, test_name_parse, 0, ROWS(names));
    suite_add_tcase(suite, test_case);
    return run_suite(suite);
}
