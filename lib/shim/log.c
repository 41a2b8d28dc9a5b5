#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "settings.h"

enum { LINE_BYTES = 512 };

void ra_log(const char *format, ...)
{
    int error = errno;
    char line[LINE_BYTES];
    va_list arguments;
    struct stat status;
    int cancel;

    if (!ra_settings.log) {
        return;
    }
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    int length = snprintf(line, sizeof line, "ruby_alloc[%d]: ", (int)getpid());
    va_start(arguments, format);
    length += vsnprintf(line + length, sizeof line - (size_t)length, format, arguments);
    va_end(arguments);
    if (length > LINE_BYTES - 1) {
        length = LINE_BYTES - 1;
    }
    line[length++] = '\n';

    /* Opened anew for each line: a descriptor that stays open may be closed and reused by the host.
     * O_NONBLOCK: a FIFO without a reader must not hold the host up. */
    int file = open(ra_settings.log,
                    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0644);
    if (file >= 0) {
        if (fstat(file, &status) == 0 && S_ISREG(status.st_mode) &&
            ra_files_may_reach((uint64_t)status.st_size + (uint64_t)length)) {
            ssize_t written = write(file, line, (size_t)length);
            (void)written;
        }
        close(file);
    }
    pthread_setcancelstate(cancel, NULL);
    errno = error;
}
