/*
 * Values of options: numbers, seconds, amounts of memory.
 */
#include "top/option_parts.h"

#include <limits.h>
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int ra_option_fail(char *error, size_t size, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(error, size, format, arguments);
    va_end(arguments);
    for (char *c = error; *c; c++) {
        if ((unsigned char)*c < ' ' || *c == 127) {
            *c = '?';
        }
    }
    return -1;
}

int ra_option_whole(const char *text, int64_t max, int64_t *value)
{
    char *end;

    if (text[0] == '\0' || text[strspn(text, "0123456789")] != '\0') {
        return -1;
    }
    errno = 0;
    *value = strtoll(text, &end, 10);
    return errno == 0 && *value <= max ? 0 : -1;
}

int ra_option_delay(const char *text, double *value)
{
    char *end;

    if (text[strspn(text, "0123456789.")] != '\0') {
        return -1;
    }
    *value = strtod(text, &end);
    return end != text && *end == '\0' && *value > 0 && *value <= RA_LONGEST_DELAY ? 0 : -1;
}

int ra_option_milliseconds(const char *text, int64_t *value)
{
    if (strcmp(text, "-1") == 0) {
        *value = -1;
        return 0;
    }
    return ra_option_whole(text, INT64_MAX, value);
}

int ra_option_amount(const char *text, int64_t *value)
{
    static const char units[] = "KMG";
    size_t digits = strspn(text, "0123456789");
    const char *unit = text[digits] ? strchr(units, toupper((unsigned char)text[digits])) : NULL;
    int shift = unit ? 10 * (int)(unit - units + 1) : 0;
    char number[32];

    if (digits >= sizeof number || text[digits + (unit != NULL)] != '\0') {
        return -1;
    }
    memcpy(number, text, digits);
    number[digits] = '\0';
    if (ra_option_whole(number, INT64_MAX >> shift, value) != 0) {
        return -1;
    }
    *value <<= shift;
    return 0;
}

/* The same one twice is one. */
static int add_pid(struct ra_options *options, pid_t pid)
{
    for (size_t i = 0; i < options->pid_count; i++) {
        if (options->pids[i] == pid) {
            return 0;
        }
    }
    if (options->pid_count == RA_PIDS_MAX) {
        return -1;
    }
    options->pids[options->pid_count++] = pid;
    return 0;
}

/* What may have been meant by a word that is no process id. */
static const char *guess(const struct ra_options *options, const char *word)
{
    bool is_first = options->pid_count == 0 && !options->compare && !options->html;

    if (access(word, F_OK) == 0) {
        return "; a file goes with --compare A B, --replay or --html";
    }
    return is_first && isalpha((unsigned char)word[0]) ? "; -- goes before a command to run" : "";
}

int ra_option_pids(struct ra_options *options, const char *text, char *error, size_t size)
{
    for (const char *at = text;; at++) {
        size_t length = strcspn(at, ",");
        char number[24] = "";
        int64_t pid;

        if (length < sizeof number) {
            memcpy(number, at, length);
        }
        if (ra_option_whole(number, INT_MAX, &pid) != 0 || pid == 0) {
            return ra_option_fail(error, size, "'%.60s' is not a process id%s", text,
                                  guess(options, text));
        }
        if (add_pid(options, (pid_t)pid) != 0) {
            return ra_option_fail(error, size, "%d PIDs at most", RA_PIDS_MAX);
        }
        at += length;
        if (*at == '\0') {
            return 0;
        }
    }
}
