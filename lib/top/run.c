/*
 * --once and --batch: reports of one process on standard output. --once is a
 * batch of one.
 */
#include "top/run.h"

#include "top/excerpt.h"
#include "top/csv.h"
#include "top/output.h"
#include "top/source.h"

/* Texts are parted by an empty line. */
static enum ra_output print_report(const struct ra_options *options, const struct ra_csv *csv,
                                   const struct ra_report *report, int64_t number)
{
    enum ra_output output = RA_OUTPUT_GOOD;

    if (csv) {
        return ra_csv_output(csv, &report, 1, number == 1);
    }
    if (number > 1 && !options->json) {
        output = ra_output_bytes("\n", 1);
    }
    if (output == RA_OUTPUT_GOOD && options->excerpt.view && !options->json) {
        return ra_excerpt_print(&options->excerpt, report);
    }
    return output == RA_OUTPUT_GOOD ? ra_output_report(report, options->json) : output;
}

/* A process that ends is the natural end of a batch, once it has shown something. */
static int end_without_report(int64_t number, const struct ra_failure *why)
{
    if (number > 1 && why->status == RA_ABSENT) {
        return 0;
    }
    ra_output_message("%s", why->message);
    return ruby_alloc_status_exit(why->status);
}

static int report_loop(const struct ra_options *options, const struct ra_csv *csv,
                       struct ra_source *source, int64_t count)
{
    enum ra_status status = RA_OK;

    for (int64_t number = 1;; number++) {
        struct ra_failure why = {0};
        enum ra_status before = status;
        enum ra_output output;

        status = ra_source_next(source, RA_SAMPLE_WAIT_MS, &why);
        if (status != RA_OK && status != RA_TIMEOUT) {
            return end_without_report(number, &why);
        }
        output = print_report(options, csv, source->report, number);
        if (output != RA_OUTPUT_GOOD) {
            return ra_output_exit(output);
        }
        if ((options->json || csv) && number == 1 && source->report->process.own_allocator == 1) {
            ra_output_message("allocations of process %d bypass the library: its executable has "
                              "an allocator of its own",
                              (int)options->pid);
        }
        if (status == RA_TIMEOUT && before != RA_TIMEOUT) {
            ra_output_message("%s", why.message);
        }
        if (number == count || ra_source_ended(source) || !ra_output_wait(options->delay)) {
            return ruby_alloc_status_exit(status);
        }
    }
}

int ra_run_reports(const struct ra_options *options)
{
    char error[128];
    struct ra_csv *csv =
        options->csv ? ra_csv_new(&options->excerpt, false, error, sizeof error) : NULL;
    struct ra_source source;
    struct ra_failure why = {0};
    int result;

    if (options->csv && !csv) {
        return ra_output_exit(ra_output_bytes(NULL, 0));
    }
    if (ra_source_open(&source, options->pid, &why) == RA_OK) {
        result = report_loop(options, csv, &source, options->batch ? options->iterations : 1);
    } else {
        ra_output_message("%s", why.message);
        result = ruby_alloc_status_exit(why.status);
    }
    ra_source_close(&source);
    ra_csv_free(csv);
    return result;
}
