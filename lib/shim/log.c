#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "files.h"
#include "filter.h"
#include "settings.h"
#include "system.h"

enum { LINE_BYTES = 512 };

/*
 * Opened anew for each line: a descriptor that stays open may be closed and reused by the host.
 * O_NONBLOCK: a FIFO without a reader must not hold the host up.
 */
static void append(const char *line, size_t length)
{
    enum { FLAGS = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK };
    int file = ra_system_open(ra_settings.log, FLAGS, 0644);
    struct stat status;

    if (file >= 0) {
        if (ra_system_fstat(file, &status) == 0 && S_ISREG(status.st_mode) &&
            (uint64_t)status.st_size + length <= ra_files_limit()) {
            ra_system(SYS_write, file, (long)line, (long)length, 0, 0, 0);
        }
        ra_system_close(file);
    }
}

void ra_log(const char *format, ...)
{
    int error = errno;
    char *line = ra_settings.log && ra_filter_allows_files() ? ra_system_page() : NULL;
    va_list arguments;

    if (!line) {
        return;
    }
    int length = snprintf(line, LINE_BYTES, "ruby_alloc[%d]: ", (int)getpid());
    va_start(arguments, format);
    length += vsnprintf(line + length, LINE_BYTES - (size_t)length, format, arguments);
    va_end(arguments);
    if (length > LINE_BYTES - 1) {
        length = LINE_BYTES - 1;
    }
    line[length++] = '\n';
    append(line, (size_t)length);
    ra_system_page_free(line);
    errno = error;
}
