/*
 * Standard output and standard error.
 */
#include "top/output.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "top/clock.h"
#include "top/fields.h"
#include "top/format.h"
#include "top/json.h"
#include "top/views.h"

enum { TEXT_WIDTH = 80 };

/* Names of files and what else was typed may hold anything: nothing of it acts on a terminal. */
void ra_output_message(const char *format, ...)
{
    va_list arguments;
    char *text = NULL, *clean;

    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0) {
        text = NULL;
    }
    va_end(arguments);
    clean = text ? ra_format_clean(text) : NULL;
    fprintf(stderr, RA_TOP_NAME ": %s\n", clean ? clean : "not enough memory");
    free(clean);
    free(text);
}

static enum ra_output no_memory(void)
{
    ra_output_message("not enough memory");
    return RA_OUTPUT_FAILED;
}

static enum ra_output write_whole(const char *text, size_t size)
{
    while (size > 0) {
        ssize_t written = write(STDOUT_FILENO, text, size);

        if (written >= 0) {
            text += written;
            size -= (size_t)written;
        } else if (errno == EAGAIN) {
            /* Someone who shares the pipe made it non-blocking. */
            poll(&(struct pollfd){.fd = STDOUT_FILENO, .events = POLLOUT}, 1, -1);
        } else if (errno == EPIPE) {
            return RA_OUTPUT_CLOSED;
        } else if (errno != EINTR) {
            ra_output_message("can't write the output: %s", strerror(errno));
            return RA_OUTPUT_FAILED;
        }
    }
    return RA_OUTPUT_GOOD;
}

bool ra_draft_begin(struct ra_draft *draft)
{
    *draft = (struct ra_draft){0};
    draft->stream = open_memstream(&draft->text, &draft->size);
    if (!draft->stream) {
        no_memory();
    }
    return draft->stream != NULL;
}

enum ra_output ra_draft_finish(struct ra_draft *draft, bool complete)
{
    enum ra_output output;

    complete &= !ferror(draft->stream);
    complete &= fclose(draft->stream) == 0;
    output = complete ? write_whole(draft->text, draft->size) : no_memory();
    free(draft->text);
    return output;
}

enum ra_output ra_output_bytes(const char *text, size_t size)
{
    return text ? write_whole(text, size) : no_memory();
}

enum ra_output ra_output_text(void (*print)(FILE *stream))
{
    struct ra_draft draft;

    if (!ra_draft_begin(&draft)) {
        return RA_OUTPUT_FAILED;
    }
    print(draft.stream);
    return ra_draft_finish(&draft, true);
}

enum ra_output ra_output_page(const struct ra_page *page)
{
    struct ra_draft draft;

    if (!ra_draft_begin(&draft)) {
        return RA_OUTPUT_FAILED;
    }
    ra_page_print(page, draft.stream);
    return ra_draft_finish(&draft, !page->failed);
}

enum ra_output ra_output_lines(struct ra_page *page)
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
    return ra_output_page(page);
}

enum ra_output ra_output_json(json_t *object)
{
    struct ra_draft draft;

    if (!ra_draft_begin(&draft)) {
        json_decref(object);
        return RA_OUTPUT_FAILED;
    }
    return ra_draft_finish(&draft, ra_json_write(object, draft.stream) == 0);
}

static enum ra_output write_text(const struct ra_report *report)
{
    struct ra_page page = {.width = TEXT_WIDTH};
    enum ra_output output;

    ra_views_draw_text(report, &page);
    output = ra_output_page(&page);
    ra_page_clear(&page);
    return output;
}

enum ra_output ra_output_report(const struct ra_report *report, bool json)
{
    return json ? ra_output_json(ra_json_report(report)) : write_text(report);
}

int ra_output_exit(enum ra_output output)
{
    return output == RA_OUTPUT_FAILED ? 1 : 0;
}

bool ra_output_wait(double seconds)
{
    double end = ra_clock_seconds() + seconds;

    for (double left = seconds; left > 0; left = end - ra_clock_seconds()) {
        struct pollfd out = {.fd = STDOUT_FILENO};
        struct timespec timeout = {.tv_sec = (time_t)left,
                                   .tv_nsec = (long)((left - (double)(time_t)left) * 1e9)};

        if (ppoll(&out, 1, &timeout, NULL) > 0) {
            return false;
        }
    }
    return true;
}
