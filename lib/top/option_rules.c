/*
 * Which options go together.
 */
#include "top/option_parts.h"

#include <string.h>

#include "top/excerpt.h"
#include "top/csv.h"

/* What is done instead of showing reports. */
static bool has_task(const struct ra_options *options)
{
    return options->prune || options->check || options->compare || options->record ||
           options->action != RA_ACTION_NONE;
}

/* --record and --compare: what goes with them alone. */
static int check_recording(const struct ra_options *options, char *error, size_t size)
{
    bool others = options->once || options->batch || options->prune || options->check ||
                  options->action != RA_ACTION_NONE;

    if (options->record && (others || options->json || options->compare)) {
        return ra_option_fail(error, size,
                              "--record goes with --delay, --iterations, --max-size and a PID");
    }
    if (options->record && options->pid_count == 0) {
        return ra_option_fail(error, size, "--record needs a PID");
    }
    if (options->max_bytes > 0 && !options->record) {
        return ra_option_fail(error, size, "--max-size needs --record");
    }
    if (options->compare && others) {
        return ra_option_fail(error, size, "--compare goes with --json and --fail-over alone");
    }
    if (options->fail_over >= 0 && !options->compare) {
        return ra_option_fail(error, size, "--fail-over needs --compare");
    }
    return 0;
}

static int check_together(const struct ra_options *options, char *error, size_t size)
{
    if (options->prune && (options->once || options->batch || options->pid != 0)) {
        return ra_option_fail(error, size, "--prune goes with --json alone");
    }
    if (options->check && (options->once || options->batch || options->prune)) {
        return ra_option_fail(error, size, "--check goes with --json and a PID alone");
    }
    if (options->action != RA_ACTION_NONE &&
        (options->once || options->batch || options->prune || options->check)) {
        return ra_option_fail(error, size, "what acts on a process goes with --json alone");
    }
    if (options->action != RA_ACTION_NONE && options->pid == 0) {
        return ra_option_fail(error, size, "what acts on a process needs a PID");
    }
    if (options->once && options->batch) {
        return ra_option_fail(error, size, "--once and --batch exclude each other");
    }
    if (options->iterations_given && !options->batch && !options->record) {
        return ra_option_fail(error, size, "--iterations needs --batch or --record");
    }
    if (options->batch && options->pid_count == 0) {
        return ra_option_fail(error, size, "--batch needs a PID");
    }
    return check_recording(options, error, size);
}

/* --csv is a form of reports, --html a thing of its own. */
static int check_outputs(const struct ra_options *options, char *error, size_t size)
{
    bool others = has_task(options) || options->command;

    if (options->csv && (others || options->json || options->html)) {
        return ra_option_fail(error, size, "--csv goes with --once, --batch and --view alone");
    }
    if (options->html && (others || options->json || options->once || options->batch)) {
        return ra_option_fail(error, size, "--html goes with a PID or a recording alone");
    }
    if (options->html && !options->html_from && options->pid == 0) {
        return ra_option_fail(error, size, "--html needs a PID or a recording");
    }
    return 0;
}

/* What --csv can't show is found here as well. */
static int check_csv(const struct ra_excerpt *excerpt, bool list, char *error, size_t size)
{
    struct ra_csv *csv = ra_csv_new(excerpt, list, error, size);

    ra_csv_free(csv);
    return csv ? 0 : -1;
}

static int check_command(const struct ra_options *options, char *error, size_t size)
{
    if (options->command && !options->command[0]) {
        return ra_option_fail(error, size, "-- needs a command to run");
    }
    if (options->command && options->pid != 0) {
        return ra_option_fail(error, size, "a PID and a command to run exclude each other");
    }
    if (options->command && (options->once || options->batch || has_task(options))) {
        return ra_option_fail(error, size,
                              "a command goes with --json, --delay, --output and --top alone");
    }
    if (!options->command && (options->output || options->top)) {
        return ra_option_fail(error, size, "--%s needs a command to run: -- COMMAND",
                              options->output ? "output" : "top");
    }
    return 0;
}

/* Which processes are meant, where several can be; and what a recording is looked at with. */
static int check_pick(const struct ra_options *options, char *error, size_t size)
{
    bool alone = options->batch || has_task(options) || options->html || options->command;
    bool has_one = (has_task(options) && !options->record) || options->html || options->command;

    if (has_one && options->pid_count > 1) {
        return ra_option_fail(error, size, "one PID at a time, not also '%d'",
                              (int)options->pids[1]);
    }
    if ((options->user || options->match) && (alone || options->pid_count > 0)) {
        return ra_option_fail(error, size, "--user and --match go with the list of processes");
    }
    if (options->replay && (alone || options->once || options->json || options->csv ||
                            options->user || options->match || options->pid_count > 1)) {
        return ra_option_fail(error, size, "--replay goes with --delay and a PID alone");
    }
    return 0;
}

/* Names are looked at here, so that a mistake is one also where nothing would be shown. */
static int check_excerpt(const struct ra_options *options, char *error, size_t size)
{
    const struct ra_excerpt *excerpt = &options->excerpt;
    bool list = options->pid == 0 && !options->command;
    bool others = has_task(options) || options->command || options->html;

    if (!excerpt->view && !excerpt->sort && !excerpt->fields && excerpt->limit == 0) {
        return 0;
    }
    if (others) {
        return ra_option_fail(error, size,
                              "--view, --sort, --fields and --limit go with reports alone");
    }
    if (excerpt->view && strcmp(excerpt->view, "help") == 0) {
        return 0;
    }
    if (excerpt->view && list) {
        return ra_option_fail(error, size, "--view needs a PID%s",
                              options->pid_count > 1 ? ", one at a time" : "");
    }
    if (options->json && (excerpt->view || excerpt->fields)) {
        return ra_option_fail(error, size, "JSON has everything: no --view or --fields with it");
    }
    if (ra_excerpt_check(excerpt, list, error, size) != 0) {
        return -1;
    }
    return options->csv ? check_csv(excerpt, list, error, size) : 0;
}

int ra_option_rules(const struct ra_options *options, char *error, size_t size)
{
    if (check_pick(options, error, size) != 0 || check_command(options, error, size) != 0 ||
        check_together(options, error, size) != 0 || check_outputs(options, error, size) != 0) {
        return -1;
    }
    return check_excerpt(options, error, size);
}
