/*
 * --check: of one process, or of each Ruby on the machine.
 */
#include "top/run.h"

#include <limits.h>
#include <stdlib.h>

#include "top/check.h"
#include "top/output.h"

struct check {
    bool json;
    struct ra_page page; /* text */
    size_t shown, denied;
    enum ra_output output;
};

/* In text they are lines of the report. */
static void tell_notes(const struct ra_examination *seen)
{
    for (size_t i = 0; i < seen->notes_count; i++) {
        ra_output_message("process %d: %s", (int)seen->process.pid,
                          seen->notes[i].text ? seen->notes[i].text : "-");
    }
}

static void show_json(struct check *check, const struct ra_examination *seen)
{
    check->output = ra_output_json(ra_check_json(seen));
    if (check->output == RA_OUTPUT_GOOD) {
        tell_notes(seen);
    }
}

static int check_one(struct check *check, pid_t pid)
{
    struct ra_examination *seen;
    struct ra_failure why = {0};
    enum ra_status status = ruby_alloc_examine(&seen, pid, &why);

    if (seen && check->json) {
        show_json(check, seen);
    } else if (seen) {
        ra_check_draw(seen, &check->page);
        check->output = ra_output_page(&check->page);
    }
    ruby_alloc_examination_free(seen);
    if (check->output != RA_OUTPUT_GOOD) {
        return ra_output_exit(check->output);
    }
    if (status != RA_OK) {
        ra_output_message("%s", why.message);
    }
    return ruby_alloc_status_exit(status);
}

/* A process that ended meanwhile is no news. */
static void visit(struct check *check, pid_t pid)
{
    struct ra_examination *seen;
    struct ra_failure why = {0};
    enum ra_status status = ruby_alloc_examine(&seen, pid, &why);

    if (status == RA_OK && check->json) {
        show_json(check, seen);
        check->shown++;
    } else if (status == RA_OK) {
        if (check->shown++ == 0) {
            ra_check_draw_head(&check->page);
        }
        ra_check_draw_row(seen, &check->page);
    } else if (status == RA_DENIED) {
        check->denied++;
    } else if (status != RA_ABSENT) {
        ra_output_message("%s", why.message);
    }
    ruby_alloc_examination_free(seen);
}

static int conclude(const struct check *check)
{
    if (check->denied > 0) {
        ra_output_message("%zu Rub%s of other users can't be looked at: be that user, or root",
                          check->denied, check->denied == 1 ? "y" : "ies");
    }
    if (check->shown > 0) {
        return 0;
    }
    if (check->denied > 0) {
        return ruby_alloc_status_exit(RA_DENIED);
    }
    ra_output_message("no Ruby runs here: start one, or give the PID of another process");
    return ruby_alloc_status_exit(RA_ABSENT);
}

static int check_all(struct check *check)
{
    struct ra_failure why = {0};
    pid_t *pids = NULL;
    size_t count = 0;

    if (ruby_alloc_examine_list(&pids, &count, &check->denied, &why) != RA_OK) {
        ra_output_message("%s", why.message);
        return ruby_alloc_status_exit(why.status);
    }
    for (size_t i = 0; i < count && check->output == RA_OUTPUT_GOOD; i++) {
        visit(check, pids[i]);
    }
    free(pids);
    if (!check->json) {
        check->output = ra_output_lines(&check->page);
    }
    return check->output == RA_OUTPUT_GOOD ? conclude(check) : ra_output_exit(check->output);
}

int ra_run_check(const struct ra_options *options)
{
    struct check check = {.json = options->json, .page = {.width = INT_MAX}};
    int result = options->pid ? check_one(&check, options->pid) : check_all(&check);

    ra_page_clear(&check.page);
    return result;
}
