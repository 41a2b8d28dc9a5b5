/*
 * ruby_alloc_top: where the memory of a Ruby went. Dispatch only.
 */
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "top/excerpt.h"
#include "top/format.h"
#include "top/options.h"
#include "top/output.h"
#include "top/run.h"
#include "top/screen.h"

/*
 * A file that we open must never become a standard stream that was closed: a
 * report would be written into a process's region. Opened the wrong way round, so
 * that its use fails.
 */
static void fill_closed_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0) {
            open("/dev/null", (fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
        }
    }
}

static bool wants_text(const struct ra_options *options)
{
    const struct ra_excerpt *excerpt = &options->excerpt;

    return options->once || options->json || options->csv || options->batch || excerpt->view ||
           excerpt->sort || excerpt->fields || excerpt->limit > 0;
}

int main(int argc, char **argv)
{
    struct ra_options options;
    char error[256];
    bool ignores_sigpipe;

    fill_closed_streams();
    /* Writing says EPIPE instead, and we end quietly. */
    ignores_sigpipe = signal(SIGPIPE, SIG_IGN) == SIG_IGN;
    setlocale(LC_CTYPE, ""); /* nothing else: numbers look the same everywhere */

    if (ra_options_parse(&options, argc, argv, error, sizeof error) != 0) {
        ra_output_message("%s; see --help", error);
        return RA_EXIT_USAGE;
    }
    ra_format_plain(options.bytes);
    if (options.topic) {
        return ra_output_exit(ra_output_text(ra_options_print_metrics));
    }
    if (options.help) {
        return ra_output_exit(ra_output_text(ra_options_print_help));
    }
    if (options.version) {
        return ra_output_exit(ra_output_text(ra_options_print_version));
    }
    if (options.excerpt.view && strcmp(options.excerpt.view, "help") == 0) {
        return ra_output_exit(ra_output_text(ra_excerpt_print_views));
    }
    if (options.command) {
        options.ignores_sigpipe = ignores_sigpipe;
        return ra_run_command(&options);
    }
    if (options.prune) {
        return ra_run_prune(&options);
    }
    if (options.check) {
        return ra_run_check(&options);
    }
    if (options.action != RA_ACTION_NONE) {
        return ra_run_act(&options);
    }
    if (options.compare) {
        return ra_run_compare(&options);
    }
    if (options.record) {
        return ra_run_record(&options);
    }
    if (options.html) {
        return ra_run_html(&options);
    }
    if (options.replay || (!wants_text(&options) && ra_screen_usable())) {
        return ra_screen_run(&options);
    }
    if (options.pid != 0) {
        return ra_run_reports(&options);
    }
    return options.batch ? ra_run_batch(&options) : ra_run_list(&options);
}
