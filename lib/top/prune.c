/*
 * --prune: a line for each region that was removed or kept, and a summary.
 */
#include "top/run.h"

#include <limits.h>

#include <ruby_alloc/reader.h>

#include "top/format.h"
#include "top/json.h"
#include "top/output.h"

struct prune {
    bool json;
    struct ra_page page; /* text */
    size_t removed, kept, failed;
    int64_t bytes; /* of those removed */
    enum ra_output output;
};

static const char *or_dash(const char *text)
{
    return *text ? text : "-";
}

/* JSON at once, as its lines need no summary: what was removed is told even if we are killed. */
static void show_json(struct prune *prune, const struct ra_pruned *pruned)
{
    if (prune->output == RA_OUTPUT_GOOD) {
        prune->output = ra_output_json(ra_json_pruned(pruned));
    }
}

static void show_line(struct prune *prune, const struct ra_pruned *pruned)
{
    if (pruned->action == RA_PRUNE_KEPT && pruned->pid == 0) {
        ra_page_add(&prune->page, RA_PLAIN, "kept     %s: %s", pruned->path, pruned->reason);
    } else if (pruned->action == RA_PRUNE_KEPT) {
        ra_page_add(&prune->page, RA_PLAIN, "kept     pid %-8d %s: %s", (int)pruned->pid,
                    pruned->path, pruned->reason);
    } else if (pruned->action == RA_PRUNE_REMOVED) {
        ra_page_add(&prune->page, RA_PLAIN, "removed  pid %-8d last seen %-20s  %s",
                    (int)pruned->pid, or_dash(pruned->seen), or_dash(pruned->command));
    }
}

static void visit(const struct ra_pruned *pruned, void *context)
{
    struct prune *prune = context;

    prune->removed += pruned->action == RA_PRUNE_REMOVED;
    prune->kept += pruned->action == RA_PRUNE_KEPT;
    prune->failed += pruned->action == RA_PRUNE_FAILED;
    prune->bytes += pruned->action == RA_PRUNE_REMOVED ? pruned->bytes : 0;
    if (pruned->action == RA_PRUNE_FAILED) {
        ra_output_message("can't remove %s: %s", pruned->path, pruned->reason);
    }
    if (prune->json) {
        show_json(prune, pruned);
    } else {
        show_line(prune, pruned);
    }
}

static void summarize(struct prune *prune)
{
    struct ra_cell kept = {""};

    if (prune->kept > 0) {
        snprintf(kept.text, sizeof kept.text, "; %zu kept", prune->kept);
    }
    if (prune->removed == 0) {
        ra_page_add(&prune->page, RA_PLAIN, "nothing was removed%s", kept.text);
    } else {
        ra_page_add(&prune->page, RA_PLAIN, "%zu region%s removed, %s given back%s", prune->removed,
                    prune->removed == 1 ? "" : "s", ra_format_bytes(prune->bytes).text, kept.text);
    }
}

int ra_run_prune(const struct ra_options *options)
{
    struct prune prune = {.json = options->json, .page = {.width = INT_MAX}};
    struct ra_failure why = {0};
    enum ra_status status = ruby_alloc_reader_prune(visit, &prune, &why);

    if (status != RA_OK) {
        ra_output_message("%s", why.message);
    } else if (prune.failed > 0) {
        status = RA_SYSTEM;
    }
    if (!prune.json) {
        summarize(&prune);
        prune.output = ra_output_page(&prune.page);
    }
    ra_page_clear(&prune.page);
    return prune.output == RA_OUTPUT_FAILED ? ra_output_exit(prune.output)
                                            : ruby_alloc_status_exit(status);
}
