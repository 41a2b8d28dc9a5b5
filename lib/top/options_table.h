/*
 * The options of ruby_alloc_top, declared once.
 */
#ifndef RA_TOP_OPTIONS_TABLE_H
#define RA_TOP_OPTIONS_TABLE_H

#include <stddef.h>

enum ra_option_id {
    RA_OPTION_BATCH,
    RA_OPTION_DELAY,
    RA_OPTION_ITERATIONS,
    RA_OPTION_PID,
    RA_OPTION_USER,
    RA_OPTION_MATCH,
    RA_OPTION_REPLAY,
    RA_OPTION_ONCE,
    RA_OPTION_JSON,
    RA_OPTION_CSV,
    RA_OPTION_VIEW,
    RA_OPTION_SORT,
    RA_OPTION_FIELDS,
    RA_OPTION_LIMIT,
    RA_OPTION_BYTES,
    RA_OPTION_RECORD,
    RA_OPTION_MAX_SIZE,
    RA_OPTION_HTML,
    RA_OPTION_COMPARE,
    RA_OPTION_FAIL_OVER,
    RA_OPTION_OUTPUT,
    RA_OPTION_TOP,
    RA_OPTION_CHECK,
    RA_OPTION_PURGE,
    RA_OPTION_DECAY,
    RA_OPTION_TCACHE_FLUSH,
    RA_OPTION_MALLOC_TRIM,
    RA_OPTION_PRUNE,
    RA_OPTION_HELP,
    RA_OPTION_VERSION,
    RA_OPTION_COUNT
};

struct ra_option {
    enum ra_option_id id;
    const char *name;
    char letter;          /* 0: none */
    const char *argument; /* its name in the help, in [] where it may be left out; NULL: none */
    const char *help;     /* lines after the first begin with \n */
};

/* By theme; a theme goes from its first option to the next one's. */
extern const struct ra_option ra_option_table[];

struct ra_option_theme {
    enum ra_option_id first;
    const char *name;
};

/* What the exit statuses mean; one may have several lines. Ends with a NULL meaning. */
struct ra_exit_meaning {
    int status;
    const char *meaning;
};

extern const struct ra_exit_meaning ra_exit_meanings[];

/* Ends with a NULL name. */
extern const struct ra_option_theme ra_option_themes[];

#endif
