/*
 * The options of ruby_alloc_top, declared once.
 */
#ifndef RA_TOP_OPTIONS_TABLE_H
#define RA_TOP_OPTIONS_TABLE_H

#include <stddef.h>

enum ra_option_id {
    RA_OPTION_ONCE,
    RA_OPTION_JSON,
    RA_OPTION_BATCH,
    RA_OPTION_DELAY,
    RA_OPTION_ITERATIONS,
    RA_OPTION_PRUNE,
    RA_OPTION_HELP,
    RA_OPTION_VERSION,
    RA_OPTION_COUNT
};

struct ra_option {
    enum ra_option_id id;
    const char *name;
    char letter;          /* 0: none */
    const char *argument; /* its name in the help; NULL: takes none */
    const char *help;     /* lines after the first begin with \n */
};

extern const struct ra_option ra_option_table[];

#endif
