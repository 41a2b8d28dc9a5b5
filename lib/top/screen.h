/*
 * The screen: one process, refreshed until the user or the terminal has enough.
 */
#ifndef RA_TOP_SCREEN_H
#define RA_TOP_SCREEN_H

#include <stdbool.h>

#include "top/options.h"

/* Input and output are a terminal on which a cursor can be placed. */
bool ra_screen_usable(void);

/*
 * Show process options->pid. SIGINT, SIGTERM and SIGHUP end it like `q`; the
 * terminal is left as it was found. Returns the exit status; messages were printed.
 */
int ra_screen_run(const struct ra_options *options);

#endif
