/*
 * No pid: a line for each process that has a region and that we may read.
 */
#include "top/list.h"

#include <limits.h>
#include <stdlib.h>

#include <ruby_alloc/reader.h>

#include "reader/failure.h"
#include "top/excerpt.h"
#include "top/csv.h"
#include "top/output.h"
#include "top/pick.h"
#include "top/run.h"
#include "top/source.h"

struct list {
    const struct ra_options *options;
    struct ra_pick pick;
    struct ra_report **reports; /* count of them, owned */
    size_t count, denied;
    size_t left_out;     /* by --user and --match */
    enum ra_status lost; /* why the first of the named that can't be shown can't; or RA_OK */
};

/* Of those that were asked for by number each is news; else not one that ended meanwhile, or
 * that never was ours to see. */
static void miss(struct list *list, const struct ra_failure *why)
{
    if (list->pick.pid_count > 0) {
        list->lost = list->lost == RA_OK ? why->status : list->lost;
        ra_output_message("%s", why->message);
    } else if (why->status == RA_DENIED) {
        list->denied++;
    } else if (why->status != RA_ABSENT && why->status != RA_NO_REGION) {
        ra_output_message("%s", why->message);
    }
}

static void visit(struct list *list, pid_t pid)
{
    struct ra_source source;
    struct ra_failure why = {0};
    enum ra_status status = ra_source_open(&source, pid, &why);

    if (status == RA_OK) {
        status = ra_source_next(&source, RA_LIST_WAIT_MS, &why);
    }
    if (status != RA_OK && status != RA_TIMEOUT) {
        miss(list, &why);
    } else if (ra_pick_admits(&list->pick, source.report)) {
        list->reports[list->count++] = source.report;
        source.report = NULL;
    } else {
        list->left_out++;
    }
    ra_source_close(&source);
}

static enum ra_output print_json(const struct ra_table *table,
                                 const struct ra_report *const *reports, size_t count, size_t rows)
{
    size_t *order = ra_table_order(table, (const void *const *)reports, count);
    enum ra_output output = order ? RA_OUTPUT_GOOD : ra_output_json(NULL);

    for (size_t i = 0; i < rows && i < count && output == RA_OUTPUT_GOOD; i++) {
        output = ra_output_report(reports[order[i]], true);
    }
    free(order);
    return output;
}

static enum ra_output print_csv(const struct ra_excerpt *excerpt,
                                const struct ra_report *const *reports, size_t count, bool is_first)
{
    char error[128];
    struct ra_csv *csv = ra_csv_new(excerpt, true, error, sizeof error);
    enum ra_output output =
        csv ? ra_csv_output(csv, reports, count, is_first) : ra_output_bytes(NULL, 0);

    ra_csv_free(csv);
    return output;
}

/* As lines, or as JSON. */
static enum ra_output print_table(const struct ra_options *options,
                                  const struct ra_report *const *reports, size_t count)
{
    const struct ra_excerpt *excerpt = &options->excerpt;
    size_t rows = ra_excerpt_rows(excerpt, SIZE_MAX);
    struct ra_page page = {.width = INT_MAX};
    struct ra_table table;
    enum ra_output output;
    char error[128];

    if (ra_excerpt_apply(excerpt, &ra_table_list, &table, error, sizeof error) != 0) {
        ra_output_message("%s", error);
        return RA_OUTPUT_FAILED;
    }
    if (options->json) {
        output = print_json(&table, reports, count, rows);
    } else {
        ra_list_draw(&table, reports, count, rows, &page);
        output = ra_output_lines(&page);
    }
    ra_page_clear(&page);
    ra_excerpt_release(&table);
    return output;
}

enum ra_output ra_list_print(const struct ra_options *options,
                             const struct ra_report *const *reports, size_t count, bool is_first)
{
    enum ra_output output = RA_OUTPUT_GOOD;

    if (options->csv) {
        return print_csv(&options->excerpt, reports, count, is_first);
    }
    if (!is_first && !options->json) {
        output = ra_output_bytes("\n", 1);
    }
    return output == RA_OUTPUT_GOOD ? print_table(options, reports, count) : output;
}

static void say_nothing_to_show(const struct list *list)
{
    const struct ra_options *options = list->options;

    if (list->left_out == 0) {
        ra_output_message("no process to show: start a Ruby with LD_PRELOAD=libruby_alloc.so");
    } else {
        ra_output_message("no process to show: %zu left out by %s", list->left_out,
                          options->user && options->match ? "--user and --match"
                          : options->user                 ? "--user"
                                                          : "--match");
    }
}

static int conclude(const struct list *list)
{
    if (list->denied > 0) {
        ra_output_message("%zu process%s of other users can't be read: be that user, or root",
                          list->denied, list->denied == 1 ? "" : "es");
    }
    if (list->count > 0 || list->lost != RA_OK) {
        return ruby_alloc_status_exit(list->lost);
    }
    if (list->denied > 0) {
        return ruby_alloc_status_exit(RA_DENIED);
    }
    say_nothing_to_show(list);
    return ruby_alloc_status_exit(RA_ABSENT);
}

/* The pids asked for, or all there are. Returns whether reports has room for them. */
static bool find(struct list *list, struct ra_failure *why)
{
    const struct ra_pick *pick = &list->pick;
    pid_t *pids = NULL;
    size_t count = 0;

    if (pick->pid_count == 0 &&
        ruby_alloc_reader_list(&pids, &count, &list->denied, why) != RA_OK) {
        return false;
    }
    count = pick->pid_count > 0 ? pick->pid_count : count;
    list->reports = calloc(count ? count : 1, sizeof *list->reports);
    for (size_t i = 0; list->reports && i < count; i++) {
        visit(list, pids ? pids[i] : pick->pids[i]);
    }
    free(pids);
    if (!list->reports) {
        ra_failure_set(why, RA_SYSTEM, "not enough memory");
    }
    return list->reports != NULL;
}

int ra_run_list(const struct ra_options *options)
{
    struct list list = {.options = options};
    enum ra_output output = RA_OUTPUT_GOOD;
    struct ra_failure why = {0};
    int result;

    if (!ra_pick_make(&list.pick, options, why.message, sizeof why.message)) {
        ra_output_message("%s", why.message);
        return RA_EXIT_USAGE;
    }
    if (find(&list, &why)) {
        if (list.count > 0) {
            output = ra_list_print(options, (const struct ra_report *const *)list.reports,
                                   list.count, true);
        }
        result = output == RA_OUTPUT_GOOD ? conclude(&list) : ra_output_exit(output);
    } else {
        ra_output_message("%s", why.message);
        result = ruby_alloc_status_exit(why.status);
    }
    for (size_t i = 0; i < list.count; i++) {
        ruby_alloc_report_free(list.reports[i]);
    }
    free(list.reports);
    ra_pick_free(&list.pick);
    return result;
}
