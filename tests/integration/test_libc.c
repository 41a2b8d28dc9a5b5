/*
 * glibc's malloc behind the library (RUBY_ALLOC_BACKEND=libc): calls, objects and bytes are
 * those of the process's own ledger, and glibc's figures are what it says of itself.
 */
#include "helper.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "victim_libc.h"

#define HUGE_SIZE "0x7fffffffffffffff"

struct shown {
    struct ledger ledger;
    struct figures figures;
};

enum { NUMBERS = sizeof(struct shown) / sizeof(uint64_t) };

static void start(struct victim *victim, const char *setting, const char *const *arguments)
{
    char directory[PATH_BYTES + 32];
    const char *environment[] = {directory, "RUBY_ALLOC_ALL=1", "RUBY_ALLOC_BACKEND=libc", setting,
                                 NULL};

    snprintf(directory, sizeof directory, "RUBY_ALLOC_DIR=%s", temporary_path("."));
    setenv("RUBY_ALLOC_DIR", strchr(directory, '=') + 1, 1);
    spawn(victim, PRELOAD_OURS, environment, arguments);
    channel_ready(&victim->main);
}

static void start_ledger(struct victim *victim, const char *threads, const char *setting)
{
    const char *arguments[] = {build_path("tests/integration/victim_libc"), threads, NULL};

    start(victim, setting, arguments);
}

static struct shown what_it_shows(const struct victim *victim)
{
    static size_t numbers[NUMBERS + 1];
    struct shown shown;

    _Static_assert(sizeof(size_t) == sizeof(uint64_t), "numbers can be copied");
    ck_assert_uint_eq(numbers_in(&victim->main, numbers, NUMBERS + 1), NUMBERS);
    memcpy(&shown, numbers, sizeof shown);
    return shown;
}

static void require_calls(const struct ra_report *before, const struct ra_report *after,
                          const struct ledger *ledger)
{
    const uint64_t *expected = ledger->calls;

#define COMPARE(type, name, unit, help)                                                            \
    ck_assert_msg(after->calls.name - before->calls.name == (int64_t)*expected,                    \
                  "calls." #name ": %" PRId64 ", expected %" PRIu64,                               \
                  after->calls.name - before->calls.name, *expected);                              \
    expected++;
    RA_REPORT_CALLS(COMPARE)
#undef COMPARE
}

static void require_totals(const struct ra_report *before, const struct ra_report *after,
                           const struct ledger *ledger)
{
    const struct ra_report_totals *old = &before->totals, *new = &after->totals;

    ck_assert_int_eq(new->allocations - old->allocations, ledger->made);
    ck_assert_int_eq(new->frees - old->frees, ledger->freed);
    ck_assert_int_eq(new->live_objects - old->live_objects, ledger->made - ledger->freed);
    ck_assert_int_eq(new->allocated_bytes - old->allocated_bytes, ledger->made_bytes);
    ck_assert_int_eq(new->freed_bytes - old->freed_bytes, ledger->freed_bytes);
    ck_assert_int_eq(after->memory.live - before->memory.live,
                     ledger->made_bytes - ledger->freed_bytes);
}

/* The difference that a step made in each class and bucket, and all of it. */
static void add_classes(int64_t *made, int64_t *freed, const struct ra_report *report, int sign)
{
    for (size_t i = 0; i < report->classes_count; i++) {
        const struct ra_report_class *row = &report->classes[i];
        unsigned bucket = ra_bucket_of((size_t)row->size);

        ck_assert_uint_eq(ra_bucket_max(bucket), row->size);
        ck_assert_int_eq(row->slabs, RA_UNKNOWN);
        made[bucket] += sign * row->allocations;
        freed[bucket] += sign * row->frees;
        if (row->size <= RA_SMALL_MAX) {
            ck_assert_int_eq(row->size % 16, 8);
            ck_assert_int_eq(row->live_bytes, row->live_objects * row->size);
        }
    }
}

static void require_rows(const struct ra_report *before, const struct ra_report *after,
                         const struct ledger *ledger)
{
    static int64_t made[RA_BUCKET_COUNT], freed[RA_BUCKET_COUNT], requests[RA_BUCKET_COUNT];

    memset(made, 0, sizeof made);
    memset(freed, 0, sizeof freed);
    memset(requests, 0, sizeof requests);
    add_classes(made, freed, after, 1);
    add_classes(made, freed, before, -1);
    for (size_t i = 0; i < after->sizes_count; i++) {
        requests[ra_bucket_of((size_t)after->sizes[i].max)] += after->sizes[i].allocations;
    }
    for (size_t i = 0; i < before->sizes_count; i++) {
        requests[ra_bucket_of((size_t)before->sizes[i].max)] -= before->sizes[i].allocations;
    }
    for (unsigned i = 0; i < RA_BUCKET_COUNT; i++) {
        ck_assert_msg(requests[i] == (int64_t)ledger->requests[i] &&
                          made[i] == (int64_t)ledger->made_by_usable[i] &&
                          freed[i] == (int64_t)ledger->freed_by_usable[i],
                      "up to %zu bytes: asked for %" PRId64 ", expected %" PRIu64 "; made %" PRId64
                      ", expected %" PRIu64 "; freed %" PRId64 ", expected %" PRIu64,
                      ra_bucket_max(i), requests[i], ledger->requests[i], made[i],
                      ledger->made_by_usable[i], freed[i], ledger->freed_by_usable[i]);
    }
}

static void require_chain(const struct ra_report *report)
{
    const struct ra_report_glibc *glibc = &report->glibc;
    const struct ra_report_memory *memory = &report->memory;

    ck_assert_int_eq(glibc->in_use + glibc->free, glibc->heap);
    ck_assert_int_eq(memory->allocated, glibc->in_use + glibc->mapped);
    ck_assert_int_eq(memory->active, memory->allocated + glibc->free - glibc->top);
    ck_assert_int_eq(memory->resident, memory->active + glibc->top);
    ck_assert_int_eq(memory->mapped, memory->resident);
    ck_assert_int_eq(memory->dirty, glibc->top / 4096 * 4096);
    ck_assert_int_ge(memory->allocated, memory->live);
    ck_assert_int_eq(memory->metadata, RA_UNKNOWN);
    ck_assert_int_eq(memory->muzzy, RA_UNKNOWN);
    ck_assert_int_eq(memory->retained, RA_UNKNOWN);
    ck_assert_int_eq(memory->tcache, RA_UNKNOWN);
    ck_assert_int_eq(report->fragmentation.thread_cache, RA_UNKNOWN);
    ck_assert_int_eq(report->fragmentation.stranded, memory->allocated - memory->live);
    ck_assert_int_eq(report->fragmentation.class_gaps, RA_UNKNOWN);
    ck_assert_ptr_nonnull(report->fragmentation.largest);
}

/* Rows are exact but for 4 bytes a free chunk; of the first arena they are exact. */
static void require_arenas(const struct ra_report *report, const struct figures *figures)
{
    int64_t allocated = 0, active = 0, dirty = 0;

    ck_assert_uint_eq(report->arenas_count, figures->arenas);
    for (size_t i = 0; i < report->arenas_count; i++) {
        ck_assert_int_eq(report->arenas[i].index, i);
        ck_assert_int_eq(report->arenas[i].threads, RA_UNKNOWN);
        ck_assert_int_eq(report->arenas[i].muzzy, RA_UNKNOWN);
        allocated += report->arenas[i].allocated;
        active += report->arenas[i].active;
        dirty += report->arenas[i].dirty;
    }
    ck_assert_int_eq(report->arenas[0].dirty, figures->main_top);
    ck_assert_int_eq(dirty, report->glibc.top);
    ck_assert_int_eq(active, report->glibc.heap - report->glibc.top);
    ck_assert_int_le(allocated, report->glibc.in_use);
    ck_assert_int_ge(allocated, report->glibc.in_use - report->glibc.in_use / 100);
    if (report->arenas_count == 1) {
        ck_assert_int_eq(allocated, report->glibc.in_use);
    }
}

static void require_figures(const struct ra_report *report, const struct figures *figures)
{
    ck_assert_str_eq(report->process.backend, "libc");
    ck_assert_ptr_null(report->process.jemalloc_version);
    ck_assert_int_eq(report->conf.narenas, RA_UNKNOWN);
    ck_assert_uint_eq(report->settings_count, 0);
    ck_assert_int_eq(report->glibc.arenas, figures->arenas);
    ck_assert_int_eq(report->glibc.heap, figures->heap);
    ck_assert_int_eq(report->glibc.in_use, figures->in_use);
    ck_assert_int_eq(report->glibc.free, figures->free);
    ck_assert_int_eq(report->glibc.fast, figures->fast);
    ck_assert_int_eq(report->glibc.mapped, figures->mapped);
    require_chain(report);
    require_arenas(report, figures);
}

/* jemalloc's MALLOC_CONF means nothing here; glibc's own variables do. */
static const struct {
    const char *threads, *setting;
    uint64_t least_arenas, most_arenas;
} runs[] = {
    {"0", NULL, 1, 1},
    {"0", "MALLOC_CONF=narenas:3,tcache:false", 1, 1},
    {"0", "GLIBC_TUNABLES=glibc.malloc.tcache_count=0", 1, 1},
    {"0", "MALLOC_TOP_PAD_=1000000", 1, 1},
    {"1", NULL, 2, 2},
    {"16", "MALLOC_ARENA_MAX=2", 2, 2},
    {"16", NULL, 3, 17},
    {"40", NULL, 3, 41},
};

START_TEST(test_ledger_and_figures)
{
    struct ra_report *before, *after;
    struct victim victim;
    uint64_t requested;

    start_ledger(&victim, runs[_i].threads, runs[_i].setting);
    before = report_of(victim.pid);
    requested = requested_so_far(victim.pid);
    for (int step = 0; step < 2; step++) {
        struct shown shown;

        victim_step(&victim);
        after = report_of(victim.pid);
        shown = what_it_shows(&victim);
        require_calls(before, after, &shown.ledger);
        require_totals(before, after, &shown.ledger);
        require_rows(before, after, &shown.ledger);
        ck_assert_msg(requested_so_far(victim.pid) - requested == shown.ledger.requested_bytes,
                      "%" PRIu64 " bytes were requested, expected %" PRIu64,
                      requested_so_far(victim.pid) - requested, shown.ledger.requested_bytes);
        require_figures(after, &shown.figures);
        ck_assert_uint_ge(shown.figures.arenas, runs[_i].least_arenas);
        ck_assert_uint_le(shown.figures.arenas, runs[_i].most_arenas);
        ruby_alloc_report_free(after);
    }
    ruby_alloc_report_free(before);
    victim_finish(&victim);
}
END_TEST

/* A sample takes memory of its own, which is gone afterwards. */
START_TEST(test_samples_change_nothing)
{
    struct ra_report *first, *last;
    struct victim victim;

    start_ledger(&victim, "2", NULL);
    victim_step(&victim);
    first = report_of(victim.pid);
    for (int i = 0; i < 100; i++) {
        last = report_of(victim.pid);
        ck_assert(memcmp(&first->calls, &last->calls, sizeof first->calls) == 0);
        ck_assert(memcmp(&first->totals, &last->totals, sizeof first->totals) == 0);
        ck_assert(memcmp(&first->glibc, &last->glibc, sizeof first->glibc) == 0);
        ck_assert_uint_eq(first->threads_count, last->threads_count);
        ruby_alloc_report_free(last);
    }
    ruby_alloc_report_free(first);
    victim_finish(&victim);
}
END_TEST

/* The C++ library's operator new decides when memory is short: the handler runs, it throws. */
static const struct {
    const char *word;
    int64_t caught; /* exceptions, which are objects of their own */
} throwing[] = {
    {"cxx_new_caught:10:" HUGE_SIZE, 10},
    {"cxx_new_handler:10:" HUGE_SIZE, 10},
    {"_ZnwmRKSt9nothrow_t:10:" HUGE_SIZE, -1},
    {"_ZnamRKSt9nothrow_t:10:" HUGE_SIZE, -1},
    {"_ZnwmSt11align_val_tRKSt9nothrow_t:10:" HUGE_SIZE ":64", -1},
};

START_TEST(test_new_that_fails)
{
    char script[2 * PATH_BYTES];
    const char *arguments[] = {build_path("tests/integration/victim"), script, NULL};
    struct ra_report *before, *after;
    struct victim victim;

    snprintf(script, sizeof script, "load:%s cxx_new_caught:1:%s / %s /",
             build_path("tests/integration/victim_cxx.so"), HUGE_SIZE, throwing[_i].word);
    start(&victim, NULL, arguments);
    before = report_of(victim.pid);
    victim_step(&victim);
    after = report_of(victim.pid);
    ck_assert_int_eq(after->calls.failed - before->calls.failed, 10);
    ck_assert_int_eq(after->calls.new - before->calls.new, 0);
    ck_assert_int_eq(after->calls.aligned - before->calls.aligned, 0);
    if (throwing[_i].caught >= 0) {
        ck_assert_int_eq(after->calls.malloc - before->calls.malloc, throwing[_i].caught);
    }
    ck_assert_int_eq(after->totals.live_objects - before->totals.live_objects, 0);
    ruby_alloc_report_free(before);
    ruby_alloc_report_free(after);
    victim_finish(&victim);
}
END_TEST

/* The handler makes room: one operator new made one object, whatever calls that took. */
START_TEST(test_new_that_is_rescued)
{
    char script[2 * PATH_BYTES];
    const char *arguments[] = {build_path("tests/integration/victim"), script, NULL};
    struct ra_report *before, *after;
    struct victim victim;

    snprintf(script, sizeof script, "load:%s / cxx_new_rescued:1:2000000000 /",
             build_path("tests/integration/victim_cxx.so"));
    start(&victim, NULL, arguments);
    before = report_of(victim.pid);
    victim_step(&victim);
    after = report_of(victim.pid);
    ck_assert_int_eq(after->calls.new - before->calls.new, 1);
    ck_assert_int_eq(after->calls.failed - before->calls.failed, 0);
    ck_assert_int_eq(after->calls.malloc - before->calls.malloc, 0);
    ck_assert_int_eq(after->totals.live_objects - before->totals.live_objects, 1);
    ruby_alloc_report_free(before);
    ruby_alloc_report_free(after);
    victim_finish(&victim);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("libc");

    add_case(suite, "ledger", test_ledger_and_figures, sizeof runs / sizeof runs[0]);
    add_case(suite, "samples", test_samples_change_nothing, 1);
    add_case(suite, "throwing", test_new_that_fails, sizeof throwing / sizeof throwing[0]);
    add_case(suite, "rescued", test_new_that_is_rescued, 1);
    return run_suite(suite);
}
