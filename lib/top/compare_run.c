/*
 * --compare: finds the two reports, shows their difference, and decides --fail-over.
 */
#include "top/run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reader/failure.h"
#include "reader/text.h"
#include "top/compare.h"
#include "top/format.h"
#include "top/output.h"
#include "top/recording.h"
#include "top/source.h"

enum { TEXT_WIDTH = 80, FIRST = 1 };

#define LAST SIZE_MAX

/* One of the two, as it was named and as it was found. */
struct side {
    char *path;        /* NULL: a running process */
    char label[512];   /* the path made printable */
    size_t number;     /* of the report from 1, or LAST */
    const char *named; /* FILE@... says which report: what follows the @, in path; or NULL */
    struct ra_recording *recording;
    struct ra_source source;
    int64_t pid; /* the only process there is; 0: several */
    enum ra_status status;
    struct ra_compare_side found;
};

static bool is_number(const char *text)
{
    return text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
}

/* FILE@first, FILE@last, FILE@12; a file of just this name goes before. */
static void parse_side(struct side *side, const char *word)
{
    char *at;

    side->path = strdup(word);
    at = side->path ? strrchr(side->path, '@') : NULL;
    if (!at || access(word, F_OK) == 0) {
        return;
    }
    if (strcmp(at, "@first") == 0) {
        side->number = FIRST;
    } else if (is_number(at + 1)) {
        side->number = strtoul(at + 1, NULL, 10);
        side->number -= side->number == LAST; /* no file has as many */
    } else if (strcmp(at, "@last") != 0) {
        return;
    }
    side->named = at + 1;
    *at = '\0';
}

static enum ra_status open_process(struct side *side, const char *word, struct ra_failure *why)
{
    enum ra_status status;

    side->pid = strtoll(word, NULL, 10);
    if (side->pid <= 0 || side->pid > INT32_MAX) {
        return ra_failure_set(why, RA_ABSENT, "no process %.60s", word);
    }
    status = ra_source_open(&side->source, (pid_t)side->pid, why);
    if (status == RA_OK) {
        status = ra_source_next(&side->source, RA_SAMPLE_WAIT_MS, why);
    }
    side->found.report = side->source.report;
    if (status == RA_TIMEOUT) {
        ra_output_message("%s", why->message);
        side->status = status;
        status = RA_OK;
    }
    return status;
}

static enum ra_status open_file(struct side *side, const char *word, struct ra_failure *why)
{
    struct ra_progress progress;
    const int64_t *pids;

    parse_side(side, word);
    if (!side->path) {
        return ra_failure_set(why, RA_SYSTEM, "not enough memory");
    }
    ra_progress_begin(&progress, 0.3);
    side->recording = ra_recording_open(side->path, &progress, why);
    if (!side->recording) {
        return why->status;
    }
    ra_recording_tell_damage(side->recording);
    if (ra_recording_pids(side->recording, &pids) == 1) {
        side->pid = pids[0];
    }
    ra_text_clean(side->label, sizeof side->label, side->path, strlen(side->path));
    side->found.source = side->label;
    return RA_OK;
}

static enum ra_status open_side(struct side *side, const char *word, struct ra_failure *why)
{
    return is_number(word) ? open_process(side, word, why) : open_file(side, word, why);
}

/*
 * Whose reports count in a recording of several: who was asked for, or the other side's;
 * anyone's where it was said which report.
 */
static enum ra_status choose_process(struct side *side, const struct side *other, int64_t asked,
                                     struct ra_failure *why)
{
    if (asked == 0 && side->named) {
        return RA_OK;
    }
    if (asked == 0 && side->pid == 0 && other->pid != 0 &&
        ra_recording_choose(side->recording, other->pid) > 0) {
        return RA_OK;
    }
    return ra_recording_settle(side->recording, asked, ": --compare A B PID", why);
}

/* The last, or the first, that can be loaded: damaged ones are passed over. */
static enum ra_status load_report(struct side *side, struct ra_failure *why)
{
    size_t count = ra_recording_count(side->recording);
    size_t i = side->number == LAST ? count - 1 : side->number - 1;
    bool can_move = side->number == LAST || side->number == FIRST;
    int step = side->number == LAST ? -1 : 1;

    if (i >= count) { /* only where it is named */
        return ra_failure_set(why, RA_ABSENT, "%s holds %zu report%s: there is no number %.60s",
                              side->path, count, count == 1 ? "" : "s", side->named);
    }
    do {
        side->found.report = ra_recording_report(side->recording, i, why);
        side->found.number = i + 1;
        i += (size_t)step;
    } while (!side->found.report && can_move && i < count);
    side->found.of = count;
    return side->found.report ? RA_OK : RA_DAMAGED;
}

static bool is_same_file(const struct side *a, const struct side *b)
{
    struct stat one, other;

    return a->path && b->path && stat(a->path, &one) == 0 && stat(b->path, &other) == 0 &&
           one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/* A file against itself: its first report against its last. */
static enum ra_status spread(struct side sides[2], struct ra_failure *why)
{
    if (!is_same_file(&sides[0], &sides[1]) || sides[0].named || sides[1].named) {
        return RA_OK;
    }
    sides[0].number = FIRST;
    if (ra_recording_count(sides[1].recording) == 1) {
        return ra_failure_set(why, RA_ABSENT, "%s holds one report, nothing to compare it with",
                              sides[1].path);
    }
    return RA_OK;
}

static enum ra_status find_reports(struct side sides[2], const struct ra_options *options,
                                   struct ra_failure *why)
{
    enum ra_status status = RA_OK;

    for (int i = 0; i < 2 && status == RA_OK; i++) {
        status = open_side(&sides[i], options->sides[i], why);
    }
    for (int i = 0; i < 2 && status == RA_OK; i++) {
        if (sides[i].recording) {
            status = choose_process(&sides[i], &sides[1 - i], options->pid, why);
        }
    }
    if (status == RA_OK) {
        status = spread(sides, why);
    }
    for (int i = 0; i < 2 && status == RA_OK; i++) {
        if (sides[i].recording) {
            status = load_report(&sides[i], why);
        }
    }
    return status;
}

static enum ra_output show(const struct side sides[2], const struct ra_options *options)
{
    struct ra_page page = {.width = TEXT_WIDTH};
    enum ra_output output;

    if (options->json) {
        return ra_output_json(
            ra_compare_json(&sides[0].found, &sides[1].found, options->fail_over));
    }
    ra_compare_draw(&sides[0].found, &sides[1].found, &page);
    output = ra_output_page(&page);
    ra_page_clear(&page);
    return output;
}

/* Returns the exit status. */
static int judge(const struct side sides[2], int64_t limit)
{
    int64_t grown = ra_compare_live(sides[0].found.report, sides[1].found.report).difference;

    if (limit >= 0 && grown == RA_UNKNOWN) {
        ra_output_message("live memory is not known on both sides: --fail-over can't decide");
        return 1;
    }
    if (limit >= 0 && grown > limit) {
        ra_output_message("live memory grew by %s (%" PRId64 " bytes), %" PRId64
                          " more than --fail-over allows",
                          ra_format_bytes(grown).text, grown, grown - limit);
        return RA_EXIT_GREW;
    }
    for (int i = 0; limit >= 0 && i < 2; i++) {
        if (sides[i].recording && ra_recording_damage(sides[i].recording)) {
            ra_output_message("%s is damaged, and what was left out might have grown: --fail-over "
                              "can't decide",
                              sides[i].path);
            return ruby_alloc_status_exit(RA_DAMAGED);
        }
    }
    return ruby_alloc_status_exit(sides[0].status != RA_OK ? sides[0].status : sides[1].status);
}

int ra_run_compare(const struct ra_options *options)
{
    struct side sides[2] = {{.number = LAST}, {.number = LAST}};
    struct ra_failure why = {0};
    enum ra_status status = find_reports(sides, options, &why);
    int result = ruby_alloc_status_exit(status);

    if (status == RA_OK) {
        enum ra_output output = show(sides, options);

        result =
            output == RA_OUTPUT_FAILED ? ra_output_exit(output) : judge(sides, options->fail_over);
    } else {
        ra_output_message("%s", why.message);
    }
    for (int i = 0; i < 2; i++) {
        ra_recording_close(sides[i].recording);
        ra_source_close(&sides[i].source);
        free(sides[i].path);
    }
    return result;
}
