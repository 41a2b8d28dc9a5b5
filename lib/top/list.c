/*
 * No pid: a line for each process that has a region and that we may read.
 */
#include "top/list.h"

#include <limits.h>
#include <stdlib.h>

#include <ruby_alloc/reader.h>

#include "reader/failure.h"
#include "reader/list.h"
#include "top/clock.h"
#include "top/descriptors.h"
#include "top/excerpt.h"
#include "top/csv.h"
#include "top/output.h"
#include "top/pick.h"
#include "top/run.h"

enum { SAID_MAX = 3 }; /* regions of which it is said what is wrong with them; others are counted */

struct list {
    const struct ra_options *options;
    struct ra_pick pick;
    struct ra_report **reports; /* count of them, owned */
    size_t count, denied;
    size_t left_out;     /* by --user and --match */
    size_t strangers;    /* files that are no regions */
    size_t faulty;       /* regions that can't be read */
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
    } else if (why->status != RA_ABSENT && why->status != RA_NO_REGION &&
               ++list->faulty <= SAID_MAX) {
        ra_output_message("%s", why->message);
    }
}

/* Take in the report of one that was asked; its reader is closed. */
static void read_one(struct list *list, struct ra_reader *reader, int wait_ms)
{
    struct ra_failure why = {0};
    struct ra_snapshot *snapshot = NULL;
    enum ra_status status = ruby_alloc_reader_snapshot(reader, wait_ms, &snapshot, &why);
    struct ra_report *report = snapshot ? ruby_alloc_report_new(snapshot, NULL) : NULL;

    ruby_alloc_snapshot_free(snapshot);
    ruby_alloc_reader_close(reader);
    if (!report) {
        if (status == RA_OK || status == RA_TIMEOUT) {
            ra_failure_set(&why, RA_SYSTEM, "not enough memory for a report");
        }
        miss(list, &why);
    } else if (ra_pick_admits(&list->pick, report)) {
        list->reports[list->count++] = report;
    } else {
        list->left_out++;
        ruby_alloc_report_free(report);
    }
}

/* Milliseconds until then; 0: it is over. */
static int wait_until(double end)
{
    double left = (end - ra_clock_seconds()) * 1e3;

    return left > 0 ? (int)left : 0;
}

/* All are asked before the first is waited for, and the time is that of all of them. */
static void read_all(struct list *list, struct ra_reader **readers, size_t count, double end)
{
    for (size_t i = 0; i < count; i++) {
        ruby_alloc_reader_ask(readers[i]);
    }
    for (size_t i = 0; i < count; i++) {
        read_one(list, readers[i], wait_until(end));
    }
}

/* One that is being made comes last: it alone may take until the end. */
static void visit_late(struct list *list, struct ra_list *found, double end)
{
    for (size_t i = 0; i < found->count; i = ra_list_next(found, i)) {
        struct ra_reader *reader;
        struct ra_failure why = {0};

        if (!found->regions[i].is_unready) {
            continue;
        }
        if (ra_list_open(&reader, found, i, wait_until(end), &why) == RA_OK) {
            read_one(list, reader, 0);
        } else {
            miss(list, &why);
        }
    }
}

/* Each process that has a region, as many at once as there are descriptors for. */
static void visit_found(struct list *list, struct ra_list *found, struct ra_reader **readers,
                        size_t room)
{
    double end = ra_clock_seconds() + RA_LIST_WAIT_MS / 1e3;
    size_t count = 0;

    for (size_t i = 0; i < found->count; i = ra_list_next(found, i)) {
        struct ra_failure why = {0};

        if (found->regions[i].is_unready) {
            continue;
        }
        if (ra_list_open(&readers[count], found, i, 0, &why) != RA_OK) {
            miss(list, &why);
        } else if (++count == room) {
            read_all(list, readers, count, end);
            count = 0;
        }
    }
    read_all(list, readers, count, end);
    visit_late(list, found, end);
}

static void visit_named(struct list *list, struct ra_reader **readers)
{
    double end = ra_clock_seconds() + RA_LIST_WAIT_MS / 1e3;
    size_t count = 0;

    for (size_t i = 0; i < list->pick.pid_count; i++) {
        struct ra_failure why = {0};

        if (ruby_alloc_reader_open(&readers[count], list->pick.pids[i], &why) == RA_OK) {
            count++;
        } else {
            miss(list, &why);
        }
    }
    read_all(list, readers, count, end);
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

/* What there was beside processes, in a line each. */
static void say_what_else(const struct list *list)
{
    if (list->faulty > SAID_MAX) {
        ra_output_message("%zu more regions can't be read", list->faulty - SAID_MAX);
    }
    if (list->strangers == 1) {
        ra_output_message("1 file that is no region has a region's name: left out");
    } else if (list->strangers > 1) {
        ra_output_message("%zu files that are no regions have regions' names: left out",
                          list->strangers);
    }
}

static int conclude(const struct list *list)
{
    say_what_else(list);
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

/* Read those asked for, or all there are. False without memory, or where there is no list. */
static bool find(struct list *list, struct ra_failure *why)
{
    size_t named = list->pick.pid_count;
    struct ra_list found = {0};
    struct ra_reader **readers;
    size_t most, room;

    if (named == 0 && ra_list_make(&found, why) != RA_OK) {
        return false;
    }
    list->denied = found.denied;
    list->strangers = found.strangers;
    most = named > 0 ? named : found.count;
    room = ra_descriptors_raise();
    room = named > 0 || room > most ? most : room;
    list->reports = calloc(most + 1, sizeof *list->reports);
    readers = calloc(room + 1, sizeof *readers);
    if (!list->reports || !readers) {
        ra_failure_set(why, RA_SYSTEM, "not enough memory");
    } else if (named > 0) {
        visit_named(list, readers);
    } else {
        visit_found(list, &found, readers, room);
    }
    free(readers);
    ra_list_release(&found);
    return why->status == RA_OK;
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
