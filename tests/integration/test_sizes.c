/* Sizes 0 to 64 MiB with both sides of every bucket edge, alignments 8 to 1 MiB. */
#include "helper.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ruby_alloc/buckets.h"

#define SIZE_LAST ((size_t)64 << 20)

enum { SCRIPT_BYTES = 128 * 1024, ALIGN_FIRST_LOG2 = 3, ALIGN_LAST_LOG2 = 20 };

struct maker {
    const char *name;   /* for messages */
    const char *format; /* with count and size */
    size_t counter;     /* the member of ra_report_calls that counts it */
};

#define COUNTED_AS(member) offsetof(struct ra_report_calls, member)

static const struct maker makers[] = {
    {"malloc", "malloc:%zu:%zu", COUNTED_AS(malloc)},
    {"calloc", "calloc:%zu:1:%zu", COUNTED_AS(calloc)},
    {"realloc of NULL", "null:%1$zu realloc:%1$zu:%2$zu", COUNTED_AS(realloc)},
    {"operator new", "_Znwm:%zu:%zu", COUNTED_AS(new)},
    {"memalign", "memalign:%zu:8:%zu", COUNTED_AS(aligned)},
};

static const char *const aligners[] = {"memalign", "posix_memalign", "aligned_alloc"};

static const char *const settings[] = {NULL, "tcache:false,narenas:1"};

enum {
    MAKER_COUNT = sizeof makers / sizeof makers[0],
    ALIGNER_COUNT = sizeof aligners / sizeof aligners[0],
    SETTING_COUNT = sizeof settings / sizeof settings[0],
    ALIGN_COUNT = ALIGN_LAST_LOG2 - ALIGN_FIRST_LOG2 + 1
};

static int64_t count_of(size_t i)
{
    return (int64_t)(i % 7 + 1);
}

/* Size 0, and of every bucket up to SIZE_LAST the largest size and the one after it. */
static size_t list_edges(struct change *changes)
{
    size_t count = 0;

    changes[count++] = (struct change){.requested = 0};
    changes[count++] = (struct change){.requested = 1};
    for (unsigned bucket = 0; ra_bucket_max(bucket) <= SIZE_LAST; bucket++) {
        ck_assert_uint_lt(count + 2, CHANGES_MAX);
        changes[count++] = (struct change){.requested = ra_bucket_max(bucket)};
        if (ra_bucket_max(bucket) < SIZE_LAST) {
            changes[count++] = (struct change){.requested = ra_bucket_max(bucket) + 1};
        }
    }
    for (size_t i = 0; i < count; i++) {
        changes[i].made = changes[i].freed = count_of(i);
    }
    return count;
}

static char *write_script(const char *format, int log2, const char *align, struct change *changes,
                          size_t count)
{
    char *script = malloc(SCRIPT_BYTES), *p = script, *end = script + SCRIPT_BYTES;

    for (size_t i = 0; i < count; i++) {
        size_t size = changes[i].requested;

        p += snprintf(p, (size_t)(end - p), "nallocx:1:%zu:%d ", size > 0 ? size : 1, log2);
    }
    p += snprintf(p, (size_t)(end - p), "/ ");
    for (size_t i = 0; i < count; i++) {
        size_t n = (size_t)changes[i].made;

        if (align != NULL) {
            p += snprintf(p, (size_t)(end - p), "%s:%zu:%zu:%zu free:%zu ", align, n,
                          (size_t)1 << log2, changes[i].requested, n);
        } else {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            p += snprintf(p, (size_t)(end - p), format, n, changes[i].requested);
#pragma GCC diagnostic pop
            p += snprintf(p, (size_t)(end - p), " free:%zu ", n);
        }
    }
    snprintf(p, (size_t)(end - p), "/");
    ck_assert_uint_lt(strlen(script), SCRIPT_BYTES - 1);
    return script;
}

/* What the step asked for, where a counter holds it. */
static uint64_t requested_in(const struct expectation *expected)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < expected->change_count; i++) {
        const struct change *change = &expected->changes[i];

        if (change->requested > RA_SMALL_MAX || change->class_size <= RA_SMALL_MAX) {
            bytes += (uint64_t)change->made * change->requested;
        }
    }
    return bytes;
}

static void require_requested(const struct expectation *expected, uint64_t got)
{
    ck_assert_msg(got == requested_in(expected),
                  "%s: %" PRIu64 " bytes were requested, expected %" PRIu64, expected->what, got,
                  requested_in(expected));
}

static void check_changes(const char *script, const char *setting, struct expectation *expected,
                          struct change *changes)
{
    static size_t sizes[CHANGES_MAX];
    struct victim victim;
    struct ra_report *before, *after;
    uint64_t requested;

    victim_start(&victim, script, NULL, setting);
    ck_assert_uint_eq(numbers_in(&victim.main, sizes, CHANGES_MAX), expected->change_count);
    for (size_t i = 0; i < expected->change_count; i++) {
        changes[i].class_size = sizes[i];
        expected->calls.free += changes[i].freed;
    }
    before = report_of(victim.pid);
    requested = requested_so_far(victim.pid);
    victim_step(&victim);
    after = report_of(victim.pid);
    require_difference(before, after, expected);
    require_requested(expected, requested_so_far(victim.pid) - requested);
    ruby_alloc_report_free(before);
    ruby_alloc_report_free(after);
    victim_finish(&victim);
}

START_TEST(test_edges_count_exactly)
{
    static struct change changes[CHANGES_MAX];
    const struct maker *maker = &makers[_i % MAKER_COUNT];
    struct expectation expected = {.what = maker->name, .changes = changes};
    int64_t *counter = (int64_t *)((char *)&expected.calls + maker->counter);
    char *script;

    expected.change_count = list_edges(changes);
    for (size_t i = 0; i < expected.change_count; i++) {
        *counter += changes[i].made;
    }
    script = write_script(maker->format, 0, NULL, changes, expected.change_count);
    check_changes(script, settings[_i / MAKER_COUNT], &expected, changes);
    free(script);
}
END_TEST

START_TEST(test_alignment_counts_exactly)
{
    const char *aligner = aligners[_i % ALIGNER_COUNT];
    int log2 = ALIGN_FIRST_LOG2 + _i / ALIGNER_COUNT;
    size_t align = (size_t)1 << log2;
    size_t sizes[] = {1, 8, 40, 100, align, align + 1, 3 * align, 4096, 4097, 5000, 100000};
    enum { COUNT = sizeof sizes / sizeof sizes[0] };
    struct change changes[COUNT] = {{0}};
    struct expectation expected = {.what = aligner, .changes = changes, .change_count = COUNT};
    char *script;

    for (size_t i = 0; i < COUNT; i++) {
        changes[i].requested = sizes[i];
        changes[i].made = changes[i].freed = count_of(i);
        expected.calls.aligned += changes[i].made;
    }
    script = write_script(NULL, log2, aligner, changes, COUNT);
    check_changes(script, NULL, &expected, changes);
    free(script);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sizes");

    add_case(suite, "edges", test_edges_count_exactly, MAKER_COUNT * SETTING_COUNT);
    add_case(suite, "alignments", test_alignment_counts_exactly, ALIGNER_COUNT * ALIGN_COUNT);
    return run_suite(suite);
}
