/*
 * Progress on standard error.
 */
#include "top/progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "top/clock.h"
#include "top/format.h"

static const double pause_seconds = 0.2;

/* One less than there are: a character in the last one would begin a new line. */
static int columns(void)
{
    struct winsize size;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1) {
        return size.ws_col - 1;
    }
    return 79;
}

void ra_progress_begin(struct ra_progress *progress, double after)
{
    *progress = (struct ra_progress){.is_terminal = isatty(STDERR_FILENO),
                                     .next = ra_clock_seconds() + after};
}

void ra_progress_show(struct ra_progress *progress, const char *format, ...)
{
    char line[512], fitted[512];
    double time = progress->is_terminal ? ra_clock_seconds() : 0;
    va_list arguments;
    int width, used;

    if (!progress->is_terminal || time < progress->next) {
        return;
    }
    width = columns();
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    used = ra_format_fit(fitted, sizeof fitted, line, width);
    fprintf(stderr, "\r%s%*s", fitted, width - used, "");
    progress->is_shown = true;
    progress->next = time + pause_seconds;
}

void ra_progress_end(struct ra_progress *progress)
{
    if (progress->is_shown) {
        fprintf(stderr, "\r%*s\r", columns(), "");
        progress->is_shown = false;
    }
    progress->next = 0;
}
