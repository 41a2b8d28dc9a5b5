/* The report's advice: asks the rules, puts what they find in order and into words. */
#include "reader/advice.h"

#include <stdlib.h>

#define PERCENT 100

/* What a rule says. A confidence word stands where a number is no plain measurement. */
struct rule {
    const char *id;
    ra_rule *speaks;
    const char *text;      /* with names in braces, see ra_advice_write */
    const char *otherwise; /* the text where the rule finds the other of two cases */
    const char *pair;      /* of MALLOC_CONF, where the text has {conf} */
    const char *backend;   /* the only allocator that it is about; NULL: any */
};

#define RULE(rule) .id = #rule, .speaks = ra_advice_##rule

static const struct rule rules[] = {
    [RA_ADVICE_own_allocator] =
        {
            RULE(own_allocator),
            .text = "The executable has a malloc of its own, so hardly anything is counted: use a "
                    "Ruby without one",
        },
    [RA_ADVICE_counts_partial] =
        {
            RULE(counts_partial),
            .text = "The directory of its region was full: objects above 8 MiB, and those of "
                    "threads without own counters, are not shown",
        },
    [RA_ADVICE_sample_old] =
        {
            RULE(sample_old),
            .text = "The process does not answer: jemalloc's figures are {time} old",
            .otherwise = "The process does not answer: there are no figures of jemalloc's",
        },
    [RA_ADVICE_sample_inherited] =
        {
            RULE(sample_inherited),
            .text = "The process has hardly allocated since its fork: jemalloc's figures are its "
                    "parent's, {time} old",
            .otherwise = "The process has hardly allocated since its fork: there are no figures of "
                         "jemalloc's yet",
        },
    [RA_ADVICE_helper_off] =
        {
            RULE(helper_off),
            .text = "The process runs with RUBY_ALLOC_HELPER=0: counts are exact, there are no "
                    "figures of jemalloc's",
        },
    [RA_ADVICE_helper_refused] =
        {
            RULE(helper_refused),
            .text = "No helper thread could be made, jemalloc's figures are {time} old: raise "
                    "ulimit -u or pids.max, or start it with RUBY_ALLOC_HELPER=0",
            .otherwise = "No helper thread could be made, there are no figures of jemalloc's: "
                         "raise ulimit -u or pids.max, or start it with RUBY_ALLOC_HELPER=0",
        },
    [RA_ADVICE_kernel_silent] =
        {
            RULE(kernel_silent),
            .text = "PSS and lazily freed pages are unknown: /proc/{pid}/smaps_rollup can't be "
                    "read (no right to, or Linux before 4.14)",
            .otherwise = "RSS is unknown: neither /proc/{pid}/smaps_rollup nor its status can be "
                         "read (no right to, or no /proc)",
        },
    [RA_ADVICE_settings_refused] =
        {
            RULE(settings_refused),
            .text = "jemalloc refused {names}: correct or remove it",
        },
    [RA_ADVICE_purge] =
        {
            RULE(purge),
            .text = "{bytes} of free pages surely go back by ruby_alloc_top --purge {pid}",
            .backend = "jemalloc",
        },
    [RA_ADVICE_dirty_decay] =
        {
            RULE(dirty_decay),
            .text = "Free pages wait {time}: likely fewer by {conf}",
            .otherwise = "Free pages never go: likely fewer by {conf}",
            .pair = "dirty_decay_ms:1000",
            .backend = "jemalloc",
        },
    [RA_ADVICE_narenas] =
        {
            RULE(narenas),
            .text = "Gaps are scattered over {count} arenas: perhaps up to {bytes} less by {conf}",
            .pair = "narenas:2",
            .backend = "jemalloc",
        },
    [RA_ADVICE_slab_gaps] =
        {
            RULE(slab_gaps),
            .text = "{bytes} of gaps between live objects, most in {names}, likely stay until a "
                    "restart",
            .otherwise = "{bytes} of gaps between live objects likely stay until a restart",
            .backend = "jemalloc",
        },
    [RA_ADVICE_large_padding] =
        {
            RULE(large_padding),
            .text = "Each large object has a page more than it needs, {loss} in all: only a "
                    "jemalloc built with --disable-cache-oblivious has not",
            .backend = "jemalloc",
        },
    [RA_ADVICE_thread_cache] =
        {
            RULE(thread_cache),
            .text = "Caches of {threads} hold {bytes} of freed objects: perhaps back by "
                    "ruby_alloc_top --tcache-flush {pid}",
            .otherwise =
                "Caches of {threads} hold {bytes} of freed objects: perhaps less by {conf}",
            .pair = "lg_tcache_max:12",
            .backend = "jemalloc",
        },
    [RA_ADVICE_stranded] =
        {
            RULE(stranded),
            .text = "{bytes} was likely lost at the fork, in caches of its parent's threads: back "
                    "only by a restart; fork before threads work",
            .otherwise = "{loss} is in no counted object and no cache: perhaps allocated past the "
                         "library, or the process is too busy to tell",
            .backend = "jemalloc",
        },
    [RA_ADVICE_prof_sampling] =
        {
            RULE(prof_sampling),
            .text = "{bytes} is likely the pages that jemalloc's profiler (prof:true) gives each "
                    "object it samples: fewer by a larger lg_prof_sample",
            .otherwise = "{bytes} was likely lost at the fork, or to jemalloc's profiler "
                         "(prof:true): back by a restart, or a larger lg_prof_sample",
            .backend = "jemalloc",
        },
    [RA_ADVICE_rounding] =
        {
            RULE(rounding),
            .text =
                "Rounding up likely costs {bytes}, above all {names}: make those objects smaller",
            .otherwise = "Rounding sizes up to classes likely costs {bytes}",
        },
    [RA_ADVICE_metadata] =
        {
            RULE(metadata),
            .text = "jemalloc's own data takes {loss}: perhaps less by {conf}",
            .otherwise = "jemalloc's own data takes {loss}: likely what a heap of this size needs",
            .pair = "narenas:2",
            .backend = "jemalloc",
        },
    [RA_ADVICE_other] =
        {
            RULE(other),
            .text = "{loss} is not malloc's, likely Ruby's own heap and stacks: see GC.stat, "
                    "perhaps GC.compact",
        },
    [RA_ADVICE_lazy_free] =
        {
            RULE(lazy_free),
            .text = "{loss} of RSS is given back already, surely no leak: the kernel takes it when "
                    "it needs it",
        },
    [RA_ADVICE_swap] =
        {
            RULE(swap),
            .text = "{loss} more is swapped out: likely the machine lacked memory, vmstat 1 tells "
                    "whether it still does",
        },
    [RA_ADVICE_growth] =
        {
            RULE(growth),
            .text = "{loss} more is live than {time} ago, most in {names}: perhaps a leak, if "
                    "GC.start does not free it",
        },
    [RA_ADVICE_malloc_trim] =
        {
            RULE(malloc_trim),
            .text = "{bytes} are free in glibc's heaps: perhaps back by ruby_alloc_top "
                    "--malloc-trim {pid}",
            .otherwise = "{bytes} are free in glibc's heaps: perhaps less with jemalloc",
            .backend = "libc",
        },
    [RA_ADVICE_arena_max] =
        {
            RULE(arena_max),
            .text = "Objects are scattered over {count} arenas of glibc: likely less by "
                    "MALLOC_ARENA_MAX=2",
            .backend = "libc",
        },
    [RA_ADVICE_use_jemalloc] =
        {
            RULE(use_jemalloc),
            .text = "glibc's malloc is behind the library: likely less with jemalloc, without "
                    "RUBY_ALLOC_BACKEND=libc",
            .backend = "libc",
        },
    [RA_ADVICE_live] =
        {
            RULE(live),
            .text = "{share} of memory is surely live: only the application can free it; look at "
                    "{names}",
            .otherwise =
                "Nothing much to give back: {share} of malloc's memory is live; look at {names}",
        },
    [RA_ADVICE_background_thread_lost] =
        {
            RULE(background_thread_lost),
            .text = "background_thread ended at the fork, surely no fault: the library's own "
                    "thread stands in",
            .otherwise = "background_thread ended at the fork: what is free likely stays while the "
                         "process is idle (RUBY_ALLOC_DECAY or _INTERVAL is 0)",
            .backend = "jemalloc",
        },
};
_Static_assert(sizeof(rules) / sizeof(rules[0]) == RA_ADVICE_COUNT, "a text for every rule");

static struct ra_situation look_at(const struct ra_derivation *derivation)
{
    const struct ra_report *report = derivation->report;
    const struct ra_header *header = &derivation->now->image.header;
    struct ra_situation situation = {
        .derivation = derivation,
        .report = report,
        .base = report->memory.rss,
        .is_running = ra_advice_is(report->process.state, "running"),
        .is_late = header->sampler_tid == RA_SAMPLER_LATE,
        .is_alone = (header->flags & RA_FLAG_ALONE) != 0,
        .is_refused = header->sampler_tid == 0 && (header->flags & RA_FLAG_ALONE) == 0,
        .answers = report->memory.sample_age < RA_ADVICE_OLD_SECONDS,
        .gaps_left = report->fragmentation.class_gaps,
    };

    situation.answers &= situation.is_running && !situation.is_late && !situation.is_alone;
    if (situation.base == RA_UNKNOWN) {
        situation.base = report->memory.resident;
    }
    if (situation.gaps_left == RA_UNKNOWN) {
        situation.gaps_left = report->fragmentation.slab_gaps;
    }
    situation.is_measured = situation.base > 0 && report->process.own_allocator != 1 &&
                            !ra_advice_is(report->process.state, "detached");
    situation.floor = situation.base / PERCENT * RA_ADVICE_SHARE_PERCENT;
    if (situation.floor < RA_ADVICE_LEAST_BYTES) {
        situation.floor = RA_ADVICE_LEAST_BYTES;
    }
    for (size_t i = 0; i < report->settings_count; i++) {
        situation.takes_pairs |= ra_advice_is(report->settings[i].source, "MALLOC_CONF");
    }
    return situation;
}

static bool is_about(const struct rule *rule, const struct ra_report *report)
{
    return rule->backend == NULL || ra_advice_is(report->process.backend, rule->backend);
}

static size_t ask_rules(struct ra_situation *situation, struct ra_finding *findings)
{
    size_t count = 0;

    for (size_t i = 0; i < RA_ADVICE_COUNT; i++) {
        struct ra_finding *finding = &findings[count];

        *finding = (struct ra_finding){
            .id = (enum ra_advice_id)i, .order = RA_ORDER_TELLS, .bytes = RA_UNKNOWN};
        if (is_about(&rules[i], situation->report) && rules[i].speaks(situation, finding)) {
            situation->has_loss |= finding->weight > 0;
            finding->order = finding->bytes > 0 ? RA_ORDER_HELPS : finding->order;
            count++;
        }
    }
    return count;
}

static int compare_findings(const void *left, const void *right)
{
    const struct ra_finding *a = left;
    const struct ra_finding *b = right;

    if (a->order != b->order) {
        return a->order < b->order ? -1 : 1;
    }
    if (a->weight != b->weight) {
        return a->weight < b->weight ? 1 : -1;
    }
    return a->id < b->id ? -1 : 1;
}

/*
 * The allocator counts pages that were never touched, so that its losses may add up to
 * more than the kernel sees. What is left of them by then and not worth a line is dropped.
 */
static size_t keep_promises(const struct ra_situation *situation, struct ra_finding *findings,
                            size_t count)
{
    int64_t anon = situation->report->memory.rss_anon;
    int64_t left = anon >= 0 && anon < situation->base ? anon : situation->base;
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        struct ra_finding *finding = &findings[i];
        bool promises = finding->bytes > 0;

        if (finding->bytes > left) {
            finding->bytes = left;
        }
        if (promises && finding->bytes < situation->floor) {
            continue;
        }
        left -= promises ? finding->bytes : 0;
        findings[kept++] = *finding;
    }
    return kept;
}

void ra_derive_advice(struct ra_derivation *derivation)
{
    struct ra_report *report = derivation->report;
    struct ra_situation situation = look_at(derivation);
    struct ra_finding findings[RA_ADVICE_COUNT];
    size_t count = ask_rules(&situation, findings);

    qsort(findings, count, sizeof(findings[0]), compare_findings);
    count = keep_promises(&situation, findings, count);
    report->advice = ra_derive_rows(derivation, RA_ADVICE_MAX, sizeof(*report->advice));
    for (size_t i = 0; report->advice != NULL && i < count && i < RA_ADVICE_MAX; i++) {
        const struct rule *rule = &rules[findings[i].id];
        struct ra_report_advice *row = &report->advice[report->advice_count++];
        char text[RA_ADVICE_TEXT_BYTES];

        ra_advice_write(text, &situation, &findings[i],
                        findings[i].otherwise ? rule->otherwise : rule->text, rule->pair);
        row->id = rule->id;
        row->text = ra_derive_text(derivation, text, sizeof(text));
        row->bytes = findings[i].bytes;
    }
}
