#include "settings.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "ruby_alloc/environment.h"

enum { DEFAULT_INTERVAL_SECONDS = 10, MAX_INTERVAL_SECONDS = 86400, PATH_BYTES = 4000 };

enum { DEFAULT_KEEP_BYTES = 4 << 20 };

struct ra_settings ra_settings = {.interval_seconds = DEFAULT_INTERVAL_SECONDS,
                                  .keep_bytes = DEFAULT_KEEP_BYTES};

typedef bool parser(const char *value, struct ra_settings *settings);

/* "0" and "1" alone: anything else is more likely a mistake than a wish. */
static bool parse_switch(const char *value, bool *on)
{
    *on = value[0] == '1';
    return (value[0] == '0' || value[0] == '1') && value[1] == '\0';
}

static bool parse_RUBY_ALLOC(const char *value, struct ra_settings *settings)
{
    bool on, valid = parse_switch(value, &on);

    settings->off = valid && !on;
    return valid;
}

static bool parse_RUBY_ALLOC_ALL(const char *value, struct ra_settings *settings)
{
    bool on, valid = parse_switch(value, &on);

    settings->all = valid && on;
    return valid;
}

static bool parse_RUBY_ALLOC_DECAY(const char *value, struct ra_settings *settings)
{
    bool on, valid = parse_switch(value, &on);

    settings->no_decay = valid && !on;
    return valid;
}

static bool parse_RUBY_ALLOC_HELPER(const char *value, struct ra_settings *settings)
{
    bool on, valid = parse_switch(value, &on);

    settings->no_helper = valid && !on;
    return valid;
}

/* Obeyed in road.c, before anything can be logged. */
static bool parse_RUBY_ALLOC_BACKEND(const char *value, struct ra_settings *settings)
{
    (void)settings;
    return strcmp(value, "libc") == 0 || strcmp(value, "jemalloc") == 0;
}

/* Obeyed in tuning.c, before anything can be logged. */
static bool parse_RUBY_ALLOC_TUNING(const char *value, struct ra_settings *settings)
{
    bool on;

    (void)settings;
    return parse_switch(value, &on);
}

static bool parse_RUBY_ALLOC_INTERVAL(const char *value, struct ra_settings *settings)
{
    char *end;

    errno = 0;
    unsigned long seconds = strtoul(value, &end, 10);
    if (value[0] < '0' || value[0] > '9' || *end || errno || seconds > MAX_INTERVAL_SECONDS) {
        return false;
    }
    settings->interval_seconds = (uint32_t)seconds;
    return true;
}

/* A number of bytes, or of the units that its last letter says. */
static bool parse_RUBY_ALLOC_KEEP(const char *value, struct ra_settings *settings)
{
    static const char units[] = "KMG";
    const char *unit;
    char *end;
    unsigned shift = 0;

    errno = 0;
    unsigned long long number = strtoull(value, &end, 10);
    if (*end && (unit = strchr(units, *end))) {
        shift = 10 * (unsigned)(unit - units + 1);
        end++;
    }
    if (value[0] < '0' || value[0] > '9' || *end || errno || number > UINT64_MAX >> shift) {
        return false;
    }
    settings->keep_bytes = (uint64_t)number << shift;
    return true;
}

/* Copied: a program that sets its title overwrites the environment it was given. */
static bool keep(const char *value, char *copy, const char **path)
{
    bool valid = strlen(value) < PATH_BYTES;

    if (valid) {
        *path = strcpy(copy, value);
    }
    return valid;
}

static bool parse_RUBY_ALLOC_DIR(const char *value, struct ra_settings *settings)
{
    static char copy[PATH_BYTES];

    /* A relative path would mean another place after each chdir. */
    return value[0] == '/' && keep(value, copy, &settings->directory);
}

/* May be relative, as in a shell's redirection: to the directory the process starts in. */
static bool parse_RUBY_ALLOC_LOG(const char *value, struct ra_settings *settings)
{
    static char copy[PATH_BYTES];
    size_t length = 0;

    if (value[0] == '/' || !getcwd(copy, sizeof copy)) {
        return keep(value, copy, &settings->log);
    }
    length = strlen(copy);
    if (length + 1 + strlen(value) >= sizeof copy) {
        return false;
    }
    copy[length] = '/';
    strcpy(copy + length + 1, value);
    settings->log = copy;
    return true;
}

static const struct variable {
    const char *name, *form;
    parser *parse;
} variables[] = {
#define VARIABLE(name, form, meaning) {#name, form, parse_##name},
    RA_ENVIRONMENT(VARIABLE)};

void ra_settings_read(void)
{
    int error = errno;
    static char runtime_copy[PATH_BYTES];
    const char *runtime = secure_getenv("XDG_RUNTIME_DIR");
    const char *log = secure_getenv("RUBY_ALLOC_LOG");

    if (log && log[0]) {
        parse_RUBY_ALLOC_LOG(log, &ra_settings); /* first: it tells of the others */
    }
    if (runtime && runtime[0] == '/') {
        keep(runtime, runtime_copy, &ra_settings.runtime);
    }
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        const char *value = secure_getenv(variables[i].name);

        /* Set but empty is as good as unset, as in the shell. */
        if (value && value[0] && !variables[i].parse(value, &ra_settings)) {
            ra_log("%s=%s ignored: expected %s", variables[i].name, value, variables[i].form);
        }
    }
    errno = error;
}
