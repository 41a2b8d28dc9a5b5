/*
 * Loading: a report from its JSON, as --json and --record wrote it, by this version or
 * another. What a newer version added is left out; what an older one didn't have is
 * unknown.
 *
 * The text is hostile input: a value of another type than the catalogue says is a
 * failure, and texts are printed by way of a page, which cleans them.
 */
#ifndef RA_TOP_LOAD_H
#define RA_TOP_LOAD_H

#include <stddef.h>

#include <jansson.h>
#include <ruby_alloc/report.h>

/*
 * The report that object holds; object is kept (a new reference) as long as the report,
 * whose texts lie in it.
 *
 * Returns the report, to be freed with ra_load_free; or NULL and one line in error: no
 * report, of another schema, or a value of the wrong type.
 */
struct ra_report *ra_load_report(json_t *object, char *error, size_t size);

/* The same from size bytes of text, which holds one JSON object. */
struct ra_report *ra_load_text(const char *text, size_t length, char *error, size_t size);

/* Free what was loaded; NULL is allowed. */
void ra_load_free(struct ra_report *report);

#endif
