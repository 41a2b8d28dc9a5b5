/*
 * The memory chain as lines: one table says which loss leads to which step.
 */
#include "top/chain.h"

#include <math.h>
#include <string.h>

#include <ruby_alloc/advice.h>

#include "top/fields.h"
#include "top/format.h"

/* A step's name stands on the line of its first loss only. */
struct link {
    const char *step; /* field of memory; NULL: more of the step above */
    const char *loss; /* field of fragmentation, "files" or "lazy_free" */
    const char *words;
    const char *libc_words; /* where glibc is behind the library, if others */
    bool estimate;          /* the step */
    bool estimated_loss;
    bool if_any; /* the line is left out where nothing is lost */
    char letter; /* in a bar */
};

static const struct link chain[] = {
    {.step = "requested",
     .words = "what the application asked for",
     .estimate = true,
     .letter = '#'},
    {.step = "live",
     .loss = "rounding",
     .words = "sizes rounded up to classes",
     .estimated_loss = true,
     .letter = 'r'},
    {.step = "allocated", .loss = "thread_cache", .words = "freed, kept by threads", .letter = 't'},
    {.loss = "stranded",
     .words = "lost by a fork, or sampling",
     .libc_words = "heads of chunks, and caches",
     .letter = 's'},
    {.step = "active", .loss = "slab_gaps", .words = "free places between objects", .letter = 'g'},
    {.step = "resident", .loss = "dirty", .words = "free pages not given back yet", .letter = 'd'},
    {.loss = "metadata", .words = "jemalloc's own data", .letter = 'm'},
    {.step = "rss", .loss = "other", .words = "Ruby's own heap, stacks", .letter = 'o'},
    {.loss = "lazy_free", .words = "of other: given back already", .if_any = true, .letter = 'z'},
    {.loss = "files", .words = "code and files (rss - rss_anon)", .letter = 'f'},
};

enum { LINKS = sizeof chain / sizeof *chain };

static int64_t named_value(const char *group_name, const char *name, const struct ra_report *report)
{
    const struct ra_group *group = ra_group_find(group_name);
    const struct ra_field *field = ra_field_find(group, name);

    return field ? ra_field_int(field, ra_group_record(group, report, 0)) : RA_UNKNOWN;
}

int64_t ra_chain_files(const struct ra_report *report)
{
    return ra_format_difference(report->memory.rss, report->memory.rss_anon);
}

static int64_t loss_bytes(const struct link *link, const struct ra_report *report)
{
    if (strcmp(link->loss, "lazy_free") == 0) {
        return report->memory.lazy_free;
    }
    if (strcmp(link->loss, "files") == 0) {
        return ra_chain_files(report);
    }
    return named_value("fragmentation", link->loss, report);
}

double ra_chain_share(int64_t bytes, const struct ra_report *report)
{
    if (bytes == RA_UNKNOWN || report->memory.rss == RA_UNKNOWN || report->memory.rss <= 0) {
        return NAN;
    }
    return (double)bytes / (double)report->memory.rss;
}

static struct ra_cell marked(int64_t bytes, bool estimate)
{
    struct ra_cell plain = ra_format_bytes(bytes), cell = plain;

    if (estimate && bytes != RA_UNKNOWN) {
        snprintf(cell.text, sizeof cell.text, "~%.60s", plain.text);
    }
    return cell;
}

static bool is_largest(const struct link *link, const struct ra_report *report)
{
    const char *largest = report->fragmentation.largest;

    return largest && link->loss && strcmp(link->loss, largest) == 0;
}

static bool is_shown(const struct link *link, const struct ra_report *report)
{
    return !link->if_any || loss_bytes(link, report) > 0;
}

static const char *words_of(const struct link *link, const struct ra_report *report)
{
    const char *backend = report->process.backend;

    return link->libc_words && backend && strcmp(backend, "libc") == 0 ? link->libc_words
                                                                       : link->words;
}

static void add_line(const struct link *link, const char *words, enum ra_style style,
                     const struct ra_cell *bytes, const struct ra_cell *lost,
                     const struct ra_cell *share, struct ra_page *page)
{
    ra_page_add(page, style, "%-9s %10s %10s%8s  %s%s%s", link->step ? link->step : "", bytes->text,
                lost->text, share->text, link->loss ? link->loss : "", link->loss ? ": " : "",
                words);
}

static void draw_link(const struct link *link, const struct ra_report *report, struct ra_page *page)
{
    struct ra_cell bytes = {""}, lost = {""}, share = {""};

    if (link->step) {
        bytes = marked(named_value("memory", link->step, report), link->estimate);
    }
    if (link->loss) {
        int64_t loss = loss_bytes(link, report);
        lost = marked(loss, link->estimated_loss);
        share = ra_format_share(ra_chain_share(loss, report));
    }
    add_line(link, words_of(link, report), is_largest(link, report) ? RA_STRONG : RA_PLAIN, &bytes,
             &lost, &share, page);
}

void ra_chain_draw(const struct ra_report *report, struct ra_page *page)
{
    ra_page_add(page, RA_HEADING, "%-9s%11s%11s%8s  %s", "memory", "bytes", "lost", "of_rss",
                "lost to");
    for (size_t i = 0; i < LINKS; i++) {
        if (is_shown(&chain[i], report)) {
            draw_link(&chain[i], report, page);
        }
    }
}

static struct ra_cell growth(int64_t before, int64_t now, double seconds)
{
    int64_t more = ra_format_difference(now, before);

    if (more != RA_UNKNOWN && seconds != 0) {
        more = ra_format_whole((double)more / seconds);
    }
    return ra_format_growth(ra_format_bytes, more);
}

static void draw_growth(const struct link *link, const struct ra_report *from,
                        const struct ra_report *report, double seconds, struct ra_page *page)
{
    struct ra_cell bytes = {""}, lost = {""}, no_share = {""};

    if (link->step) {
        bytes = growth(named_value("memory", link->step, from),
                       named_value("memory", link->step, report), seconds);
    }
    if (link->loss) {
        lost = growth(loss_bytes(link, from), loss_bytes(link, report), seconds);
    }
    add_line(link, words_of(link, report), RA_PLAIN, &bytes, &lost, &no_share, page);
}

void ra_chain_draw_growth(const struct ra_report *from, const struct ra_report *report,
                          double seconds, struct ra_page *page)
{
    bool is_rate = seconds != 0;

    ra_page_add(page, RA_HEADING, "%-9s%11s%11s%8s  %s", is_rate ? "rates" : "since",
                is_rate ? "growth/s" : "growth", is_rate ? "lost/s" : "lost", "", "lost to");
    for (size_t i = 0; i < LINKS; i++) {
        if (is_shown(&chain[i], report)) {
            draw_growth(&chain[i], from, report, seconds, page);
        }
    }
}

size_t ra_chain_segments(const struct ra_report *report,
                         struct ra_segment segments[RA_SEGMENTS_MAX])
{
    size_t count = 0;

    _Static_assert((int)LINKS <= (int)RA_SEGMENTS_MAX, "there is room for all");
    for (size_t i = 0; i < LINKS; i++) {
        const struct link *link = &chain[i];
        int64_t lazy = report->memory.lazy_free;
        int64_t bytes =
            link->loss ? loss_bytes(link, report) : named_value("memory", link->step, report);

        if (link->if_any && bytes <= 0) {
            continue;
        }
        /* Pages given back lazily have a line of their own below. */
        if (link->loss && strcmp(link->loss, "other") == 0 && lazy > 0 && bytes > 0) {
            bytes = bytes > lazy ? bytes - lazy : 0;
        }
        segments[count++] =
            (struct ra_segment){.letter = link->letter, .number = (int)i, .bytes = bytes};
    }
    return count;
}

static const struct link *find_loss(const char *name)
{
    for (size_t i = 0; name && i < LINKS; i++) {
        if (chain[i].loss && strcmp(chain[i].loss, name) == 0) {
            return &chain[i];
        }
    }
    return NULL;
}

static void draw_ended(const struct ra_report *report, struct ra_page *page)
{
    const char *time = report->memory.sample_time;

    if (time) {
        ra_page_add(page, RA_WARNING, "STALE      the process has ended; last sampled %s (%s ago)",
                    time, ra_format_duration(report->memory.sample_age).text);
    } else {
        ra_page_add(page, RA_WARNING,
                    "STALE      the process has ended, before jemalloc's figures were sampled");
    }
}

static bool advises(const struct ra_report *report, const char *id)
{
    for (size_t i = 0; i < report->advice_count; i++) {
        if (report->advice[i].id && strcmp(report->advice[i].id, id) == 0) {
            return true;
        }
    }
    return false;
}

static void draw_sample_warning(const struct ra_report *report, struct ra_page *page)
{
    double age = report->memory.sample_age;
    const char *state = report->process.state;

    if (state && strcmp(state, "exited") == 0) {
        draw_ended(report, page);
    } else if (advises(report, "helper_off")) {
        ra_page_add(page, RA_WARNING,
                    "warning    RUBY_ALLOC_HELPER=0: no figures of jemalloc's, they are \"-\"");
    } else if (!isfinite(age)) {
        ra_page_add(page, RA_WARNING,
                    "warning    no sample of jemalloc's figures yet: they are \"-\"");
    } else if (age >= RA_ADVICE_OLD_SECONDS) {
        ra_page_add(page, RA_WARNING, "STALE      allocated, active, resident are %s old",
                    ra_format_duration(age).text);
    }
    if (report->process.own_allocator == 1) {
        ra_page_add(page, RA_WARNING, "warning    allocations of this process bypass the library:");
        ra_page_add(page, RA_WARNING, "           its executable has an allocator of its own");
    }
}

void ra_chain_draw_verdict(const struct ra_report *report, struct ra_page *page)
{
    const struct link *link = find_loss(report->fragmentation.largest);

    if (link) {
        int64_t bytes = loss_bytes(link, report);
        double share = ra_chain_share(bytes, report);
        struct ra_cell of_rss = {""};

        if (isfinite(share)) {
            snprintf(of_rss.text, sizeof of_rss.text, ", %.40s of rss",
                     ra_format_share(share).text);
        }
        ra_page_add(page, RA_STRONG, "largest    %s: %s%s: %s", link->loss,
                    marked(bytes, link->estimated_loss).text, of_rss.text, words_of(link, report));
    } else {
        ra_page_add(page, RA_PLAIN, "largest    -");
    }
    if (isfinite(report->fragmentation.ratio)) {
        ra_page_add(page, RA_PLAIN, "ratio      %.2f (resident / live)   sample_age %s",
                    report->fragmentation.ratio,
                    ra_format_duration(report->memory.sample_age).text);
    } else {
        ra_page_add(page, RA_PLAIN, "ratio      - (resident / live)   sample_age %s",
                    ra_format_duration(report->memory.sample_age).text);
    }
    draw_sample_warning(report, page);
}

static void explain(FILE *stream, const char *group, const char *name)
{
    const struct ra_field *field = ra_field_find(ra_group_find(group), name);

    if (field) {
        fprintf(stream, "  %-13s %s\n", name, field->help);
    }
}

void ra_chain_explain(FILE *stream)
{
    for (size_t i = 0; i < LINKS; i++) {
        if (chain[i].step) {
            explain(stream, "memory", chain[i].step);
        }
    }
    fprintf(stream, "What is lost between one and the next:\n");
    for (size_t i = 0; i < LINKS; i++) {
        if (chain[i].loss) {
            explain(stream, "fragmentation", chain[i].loss);
        }
    }
}
