#include "title.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "identity.h"

/* Of /proc/self/stat: proc_pid_stat(5). */
enum { FIELD_ARG_START = 48, FIELD_ARG_END, FIELD_ENV_START, FIELD_ENV_END };

static const char *start, *end, *limit;

void ra_title_learn(const char *text)
{
    uintptr_t arg_start = ra_identity_field(text, FIELD_ARG_START);
    uintptr_t arg_end = ra_identity_field(text, FIELD_ARG_END);
    uintptr_t env_start = ra_identity_field(text, FIELD_ENV_START);
    uintptr_t env_end = ra_identity_field(text, FIELD_ENV_END);

    if (arg_start != 0 && arg_start < arg_end) {
        start = (const char *)arg_start;
        end = (const char *)arg_end;
        limit = (const char *)(env_start == arg_end && env_end > arg_end ? env_end : arg_end);
    }
}

/*
 * As /proc/self/cmdline has it: where the last byte of the arguments is written over, one text
 * that may go on where the environment was; else all arguments.
 */
void ra_title_read(char *title, size_t bytes)
{
    size_t length = 0;

    if (start && end[-1] != '\0') {
        length = strnlen(start, (size_t)(limit - start));
    } else if (start) {
        length = (size_t)(end - start);
    }
    length = length < bytes - 1 ? length : bytes - 1;
    memcpy(title, start ? start : "", length);
    title[length] = '\0';
    while (length > 0 && title[length - 1] == '\0') {
        length--;
    }
    for (size_t i = 0; i < length; i++) {
        if (title[i] == '\0') {
            title[i] = ' ';
        }
    }
}
