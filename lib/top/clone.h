/*
 * Clones: a report of one's own, to be kept beyond the life of the one it was made from.
 * Made by going through the catalogue, so that what is added there is copied too.
 */
#ifndef RA_TOP_CLONE_H
#define RA_TOP_CLONE_H

#include <stdbool.h>

#include <ruby_alloc/report.h>

/*
 * A copy of report with its texts; with_tables: and its tables, which are most of it (without
 * them it is a kilobyte and what the texts take). Returns it, to be freed with
 * ra_clone_free; or NULL without memory.
 */
struct ra_report *ra_clone_report(const struct ra_report *report, bool with_tables);

/* Free a clone; NULL is allowed. */
void ra_clone_free(struct ra_report *clone);

#endif
