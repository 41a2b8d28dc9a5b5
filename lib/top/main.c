/*
 * ruby_alloc_top: where the memory of a Ruby went. Dispatch only.
 */
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <unistd.h>

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
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
        }
    }
}

int main(int argc, char **argv)
{
    struct ra_options options;
    char error[256];

    fill_closed_streams();
    signal(SIGPIPE, SIG_IGN); /* writing says EPIPE instead, and we end quietly */
    setlocale(LC_CTYPE, "");  /* nothing else: numbers look the same everywhere */

    if (ra_options_parse(&options, argc, argv, error, sizeof error) != 0) {
        ra_output_message("%s; see --help", error);
        return RA_EXIT_USAGE;
    }
    if (options.help) {
        return ra_output_exit(ra_output_text(ra_options_print_help));
    }
    if (options.version) {
        return ra_output_exit(ra_output_text(ra_options_print_version));
    }
    if (options.prune) {
        return ra_run_prune(&options);
    }
    if (options.pid == 0) {
        return ra_run_list(&options);
    }
    if (options.once || options.json || options.batch || !ra_screen_usable()) {
        return ra_run_reports(&options);
    }
    return ra_screen_run(&options);
}
