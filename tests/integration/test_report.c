/* What the report says of a quiet process beside counts: memory, settings, identity. */
#include "helper.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ruby_alloc/reader.h"

static const char *const settings[] = {
    NULL, "tcache:false", "narenas:1", "dirty_decay_ms:-1", "junk:true", "background_thread:true",
};

/* Live data, free places between, pages freed but not given back. */
#define SCRIPT                                                                                     \
    "malloc:20000:40 malloc:3000:500 malloc:1000:5000 malloc:20:200000 malloc:500:3000 free:500"   \
    " malloc:1:64 malloc:20000:90 free:15000 malloc:1:64 /"

START_TEST(test_memory_chain_is_ordered)
{
    struct victim victim;
    const struct ra_report_memory *memory;
    const struct ra_report_fragmentation *losses;
    struct ra_report *report;

    victim_start(&victim, SCRIPT, NULL, settings[_i]);
    report = report_of(victim.pid);
    memory = &report->memory;
    losses = &report->fragmentation;
    ck_assert_int_gt(memory->requested, 20000 * 40 + 3000 * 500 + 1000 * 5000 + 20 * 200000);
    ck_assert_int_le(memory->requested, memory->live);
    ck_assert_int_le(memory->live, memory->allocated);
    ck_assert_int_le(memory->allocated, memory->active);
    ck_assert_int_le(memory->active, memory->resident);
    ck_assert_int_le(memory->resident, memory->mapped);
    ck_assert_int_gt(memory->metadata, 0);
    ck_assert_int_ge(memory->dirty, 0);
    ck_assert_int_gt(memory->rss, 0);
    ck_assert_int_le(memory->rss_anon, memory->rss);
    ck_assert(memory->sample_age >= 0 && memory->sample_age < WAIT_SECONDS);
    ck_assert_int_eq(losses->rounding, memory->live - memory->requested);
    ck_assert_int_eq(losses->thread_cache + losses->stranded, memory->allocated - memory->live);
    ck_assert_int_eq(losses->thread_cache, memory->tcache);
    ck_assert_int_eq(losses->slab_gaps, memory->active - memory->allocated);
    ck_assert_ptr_nonnull(losses->largest);
    ck_assert(fabs(losses->ratio - (double)memory->resident / (double)memory->live) < 1e-9);
    ruby_alloc_report_free(report);
    victim_finish(&victim);
}
END_TEST

/* The slabs of a class hold its live objects, and what the thread caches keep. */
START_TEST(test_slabs_hold_the_live_objects)
{
    struct victim victim;
    struct ra_report *report;

    victim_start(&victim, SCRIPT, NULL, settings[_i]);
    report = report_of(victim.pid);
    for (size_t i = 0; i < report->classes_count; i++) {
        const struct ra_report_class *row = &report->classes[i];

        if (row->slabs == RA_UNKNOWN) {
            ck_assert_int_eq(row->gap_bytes, RA_UNKNOWN);
            ck_assert(isnan(row->utilization));
            continue;
        }
        ck_assert_int_ge(row->slabs * row->slab_regions, row->live_objects);
        ck_assert_int_ge(row->gap_bytes, 0);
        ck_assert(row->slabs == 0 || (row->utilization >= 0 && row->utilization <= 1));
    }
    ruby_alloc_report_free(report);
    victim_finish(&victim);
}
END_TEST

static const struct conf {
    const char *malloc_conf;
    struct ra_report_conf shown;
} confs[] = {
    {"narenas:3,dirty_decay_ms:500,muzzy_decay_ms:70,tcache:false",
     {.narenas = 3, .dirty_decay_ms = 500, .muzzy_decay_ms = 70, .tcache = 0}},
    {"narenas:1,dirty_decay_ms:-1,muzzy_decay_ms:0,background_thread:true",
     {.narenas = 1, .dirty_decay_ms = -1, .background_thread = 1, .tcache = 1}},
    {"narenas:2,dirty_decay_ms:0,muzzy_decay_ms:-1,prof:true",
     {.narenas = 2, .dirty_decay_ms = 0, .muzzy_decay_ms = -1, .tcache = 1, .prof = 1}},
};

START_TEST(test_malloc_conf_is_shown)
{
    const struct ra_report_conf *expected = &confs[_i].shown;
    struct victim victim;
    struct ra_report *report;

    victim_start(&victim, "malloc:10:40 /", NULL, confs[_i].malloc_conf);
    report = report_of(victim.pid);
    ck_assert_int_eq(report->conf.narenas, expected->narenas);
    ck_assert_int_eq(report->conf.dirty_decay_ms, expected->dirty_decay_ms);
    ck_assert_int_eq(report->conf.muzzy_decay_ms, expected->muzzy_decay_ms);
    ck_assert_int_eq(report->conf.background_thread, expected->background_thread);
    ck_assert_int_eq(report->conf.tcache, expected->tcache);
    ck_assert_int_eq(report->conf.prof, expected->prof);
    ruby_alloc_report_free(report);
    victim_finish(&victim);
}
END_TEST

START_TEST(test_process_is_described)
{
    struct victim victim;
    const struct ra_report_process *process;
    struct ra_report *report;

    victim_start(&victim, "malloc:10:40 /", NULL, NULL);
    report = report_of(victim.pid);
    process = &report->process;
    ck_assert_int_eq(process->pid, victim.pid);
    ck_assert_int_eq(process->ppid, getpid());
    ck_assert_int_eq(process->uid, geteuid());
    ck_assert_str_eq(process->comm, "victim");
    ck_assert_ptr_nonnull(strstr(process->command, "victim malloc:10:40 /"));
    ck_assert_str_eq(process->state, "running");
    ck_assert(process->uptime >= 0 && process->uptime < TEST_SECONDS);
    ck_assert_int_eq(process->forked, 0);
    ck_assert_ptr_null(process->ruby_version);
    ck_assert_int_eq(strncmp(process->jemalloc_version, "5.", 2), 0);
    ck_assert_str_eq(process->shim_version, RUBY_ALLOC_VERSION);
    ck_assert_uint_eq(strlen(report->time), strlen("2026-11-23T09:30:00.123Z"));
    ruby_alloc_report_free(report);
    victim_finish(&victim);
}
END_TEST

/* Looking takes nothing: ten reports of a quiet process are ten times the same counts. */
START_TEST(test_looking_changes_nothing)
{
    static const struct expectation nothing = {.what = "another look"};
    struct victim victim;
    struct ra_report *before;

    victim_start(&victim, SCRIPT, NULL, NULL);
    before = report_of(victim.pid);
    for (int i = 0; i < 10; i++) {
        struct ra_report *after = report_of(victim.pid);

        require_difference(before, after, &nothing);
        ruby_alloc_report_free(after);
    }
    ruby_alloc_report_free(before);
    victim_finish(&victim);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("report");
    const int setting_count = sizeof settings / sizeof settings[0];

    add_case(suite, "chain", test_memory_chain_is_ordered, setting_count);
    add_case(suite, "slabs", test_slabs_hold_the_live_objects, setting_count);
    add_case(suite, "settings", test_malloc_conf_is_shown, sizeof confs / sizeof confs[0]);
    add_case(suite, "process", test_process_is_described, 1);
    add_case(suite, "looking", test_looking_changes_nothing, 1);
    return run_suite(suite);
}
