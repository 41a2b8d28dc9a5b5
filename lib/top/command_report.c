/*
 * What is said when a command that ran under the library has ended.
 */
#include "top/command_report.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "top/clock.h"
#include "top/columns.h"
#include "top/format.h"

static void draw_command(char *const *words, struct ra_page *page)
{
    char *line = NULL, *clean = NULL;
    size_t size;
    FILE *stream = open_memstream(&line, &size);

    if (!stream) {
        page->failed = true;
        return;
    }
    for (size_t i = 0; words[i]; i++) {
        fprintf(stream, "%s%s", i > 0 ? " " : "", words[i]);
    }
    if (fclose(stream) == 0) {
        clean = ra_format_clean(line);
    }
    if (clean) {
        ra_page_add(page, RA_STRONG, "command   %s", clean);
    } else {
        page->failed = true;
    }
    free(clean);
    free(line);
}

static void draw_ending(const struct ra_ending *ending, struct ra_page *page)
{
    int status = ending->status;
    char how[64];

    if (WIFSIGNALED(status)) {
        snprintf(how, sizeof how, "killed by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    } else {
        snprintf(how, sizeof how, "exit status %d", WEXITSTATUS(status));
    }
    ra_page_add(page, RA_PLAIN, "ended     %s after %s; peak RSS %s", how,
                ra_format_duration(ending->seconds).text, ra_format_bytes(ending->peak_rss).text);
}

/* How it ended, and a line for each process. */
static enum ra_output write_overview(const struct ra_options *options,
                                     const struct ra_family *family, const struct ra_ending *ending)
{
    struct ra_page page = {.width = INT_MAX};
    size_t count = ra_family_count(family);
    enum ra_output output;

    draw_command(options->command, &page);
    draw_ending(ending, &page);
    ra_page_add(&page, RA_PLAIN, "processes %zu", count);
    ra_page_gap(&page);
    ra_list_draw_head(&page);
    for (size_t i = 0; i < count; i++) {
        ra_list_draw_row(ra_family_report(family, i), &page);
    }
    output = ra_output_lines(&page);
    ra_page_clear(&page);
    return output;
}

static enum ra_output write_reports(const struct ra_options *options,
                                    const struct ra_family *family)
{
    size_t count = ra_family_count(family);
    enum ra_output output = RA_OUTPUT_GOOD;

    for (size_t i = 0; i < count && output == RA_OUTPUT_GOOD; i++) {
        if (!options->json) {
            output = ra_output_bytes("\n", 1);
        }
        if (output == RA_OUTPUT_GOOD) {
            output = ra_output_report(ra_family_report(family, i), options->json);
        }
    }
    return output;
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "es";
}

static void say_missed(const struct ra_ending *ending)
{
    const struct ra_family_missed *missed = &ending->missed;

    if (missed->unreadable > 0) {
        ra_output_message("%zu process%s could not be read: %s", missed->unreadable,
                          plural(missed->unreadable), missed->why.message);
    }
    if (missed->strangers > 0) {
        ra_output_message("%zu file%s that %s no region%s lay among those of the run",
                          missed->strangers, missed->strangers == 1 ? "" : "s",
                          missed->strangers == 1 ? "is" : "are", missed->strangers == 1 ? "" : "s");
    }
    if (missed->too_early > 0) {
        ra_output_message("%zu process%s had no room for a region, or ran another program (exec) "
                          "before the first could be read",
                          missed->too_early, plural(missed->too_early));
    }
    if (missed->too_many > 0) {
        ra_output_message("%zu more process%s ended after the first %d and are not shown",
                          missed->too_many, plural(missed->too_many), RA_FAMILY_MAX);
    }
    if (ending->living > 0) {
        ra_output_message("%zu process%s outlived the command: what is shown is not the end",
                          ending->living, plural(ending->living));
    }
}

/* Not a Ruby, usually; ld.so has said so itself where the library could not be loaded. */
static void say_nothing_counted(const char *name)
{
    const char *off = getenv("RUBY_ALLOC");

    if (off && strcmp(off, "0") == 0) {
        ra_output_message("nothing was counted, because RUBY_ALLOC=0 is set: unset it");
    } else {
        ra_output_message("nothing was counted, because no Ruby ran under the library in '%s'; "
                          "RUBY_ALLOC_ALL=1 counts any program",
                          name);
    }
}

enum ra_output ra_command_report(const struct ra_options *options, const struct ra_family *family,
                                 const struct ra_ending *ending, int output)
{
    const struct ra_family_missed *missed = &ending->missed;
    enum ra_output written = RA_OUTPUT_GOOD;

    if (dup2(output, STDOUT_FILENO) < 0) {
        ra_output_message("can't write the report");
        return RA_OUTPUT_FAILED;
    }
    if (ra_family_count(family) == 0 && missed->unreadable + missed->too_early == 0) {
        say_nothing_counted(options->command[0]);
    } else if (!options->json) {
        written = write_overview(options, family, ending);
    }
    if (written == RA_OUTPUT_GOOD) {
        written = write_reports(options, family);
    }
    say_missed(ending);
    return written;
}
