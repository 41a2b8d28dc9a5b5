/* Failures: the one line that goes with a status. */
#include "reader/failure.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "reader/text.h"

enum ra_status ra_failure_set(struct ra_failure *why, enum ra_status status, const char *format,
                              ...)
{
    char raw[2 * sizeof(why->message)]; /* more than fits: what cuts it knows characters */
    va_list arguments;

    if (why == NULL) {
        return status;
    }
    va_start(arguments, format);
    vsnprintf(raw, sizeof(raw), format, arguments);
    va_end(arguments);
    why->status = status;
    ra_text_clean(why->message, sizeof(why->message), raw, strlen(raw));
    return status;
}

int ruby_alloc_status_exit(enum ra_status status)
{
    static const int exit_statuses[] = {
#define EXIT_STATUS(name, exit_status, meaning) [RA_##name] = (exit_status),
        RA_STATUSES(EXIT_STATUS)
#undef EXIT_STATUS
    };

    if ((size_t)status >= sizeof(exit_statuses) / sizeof(exit_statuses[0])) {
        return exit_statuses[RA_SYSTEM];
    }
    return exit_statuses[status];
}
