/*
 * No pid: a line for each process that has a region and that we may read.
 */
#include "top/run.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <ruby_alloc/reader.h>

#include "top/columns.h"
#include "top/output.h"
#include "top/source.h"

/* Shorter than for one process: a stopped one must not hold up the list. */
enum { LIST_WAIT_MS = 300 };

struct list {
    bool json;
    struct ra_page page; /* text */
    size_t shown, denied;
    enum ra_output output;
};

static void show(struct list *list, const struct ra_report *report)
{
    if (list->json) {
        list->output = ra_output_report(report, true);
    } else {
        if (list->shown == 0) {
            ra_list_draw_head(&list->page);
        }
        ra_list_draw_row(report, &list->page);
    }
    list->shown++;
}

/* A process that ended meanwhile, or that never was ours to see, is no news. */
static void visit(struct list *list, pid_t pid)
{
    struct ra_source source;
    struct ra_failure why = {0};
    enum ra_status status = ra_source_open(&source, pid, &why);

    if (status == RA_OK) {
        status = ra_source_next(&source, LIST_WAIT_MS, &why);
    }
    if (status == RA_OK || status == RA_TIMEOUT) {
        show(list, source.report);
    } else if (status == RA_DENIED) {
        list->denied++;
    } else if (status != RA_ABSENT && status != RA_NO_REGION) {
        ra_output_message("%s", why.message);
    }
    ra_source_close(&source);
}

static int conclude(const struct list *list)
{
    if (list->denied > 0) {
        ra_output_message("%zu process%s of other users can't be read: be that user, or root",
                          list->denied, list->denied == 1 ? "" : "es");
    }
    if (list->shown > 0) {
        return 0;
    }
    if (list->denied > 0) {
        return ruby_alloc_status_exit(RA_DENIED);
    }
    ra_output_message("no process to show: start a Ruby with LD_PRELOAD=libruby_alloc.so");
    return ruby_alloc_status_exit(RA_ABSENT);
}

/* Commands are cut at the terminal's edge only: a pipe gets them whole. */
static void cut_to_terminal(struct ra_page *page)
{
    struct winsize size;
    int columns = INT_MAX;

    if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        columns = size.ws_col;
    }
    for (size_t i = 0; columns < INT_MAX && i < page->count; i++) {
        char *line = page->lines[i].text;
        char *cut = strdup(line);

        if (cut) {
            ra_format_fit(line, strlen(line) + 1, cut, columns);
        }
        free(cut);
    }
}

int ra_run_list(const struct ra_options *options)
{
    struct list list = {.json = options->json, .page = {.width = INT_MAX}};
    struct ra_failure why = {0};
    pid_t *pids = NULL;
    size_t count = 0;
    int result;

    if (ruby_alloc_reader_list(&pids, &count, &list.denied, &why) != RA_OK) {
        ra_output_message("%s", why.message);
        return ruby_alloc_status_exit(why.status);
    }
    for (size_t i = 0; i < count && list.output == RA_OUTPUT_GOOD; i++) {
        visit(&list, pids[i]);
    }
    if (!list.json) {
        cut_to_terminal(&list.page);
        list.output = ra_output_page(&list.page);
    }
    result = list.output == RA_OUTPUT_GOOD ? conclude(&list) : ra_output_exit(list.output);

    ra_page_clear(&list.page);
    free(pids);
    return result;
}
