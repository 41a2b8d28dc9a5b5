/*
 * Findings: an examination being put together, and the texts it owns.
 *
 * Rows and texts are bounded; what is beyond the bound is left out. Errors: without
 * memory a text is NULL and has_failed is set, to be looked at once, at the end.
 */
#ifndef RUBY_ALLOC_READER_FINDINGS_H
#define RUBY_ALLOC_READER_FINDINGS_H

#include "ruby_alloc/examine.h"
#include "ruby_alloc/reader.h"

enum {
    RA_FINDINGS_ROWS = 64,
    RA_FINDINGS_TEXT_BYTES = 16384,
    RA_FINDINGS_POOL_BYTES = 512 * RA_FINDINGS_TEXT_BYTES /* touched as they are needed */
};

struct ra_findings {
    struct ra_examination out; /* first: what is handed out */
    struct ra_failure why;
    bool has_failed;
#define RA_FINDINGS_TABLE(member, row, fields, owner, key)                                         \
    struct ra_examine_##row member##_rows[RA_FINDINGS_ROWS];
    RA_EXAMINE_TABLES(RA_FINDINGS_TABLE)
#undef RA_FINDINGS_TABLE
    size_t used; /* of the pool, in which the texts lie one behind the other */
    char pool[RA_FINDINGS_POOL_BYTES];
};

/* All unknown, in memory that is shared with a worker (apart.h); NULL without memory. */
struct ra_findings *ra_findings_new(void);

/* What a worker that did not come to an end has found: that much, whatever it does later. */
bool ra_findings_keep(struct ra_findings *findings);
void ra_findings_free(struct ra_findings *findings);

/* A printable copy of what may be anything; NULL for NULL. Owned by the findings. */
const char *ra_findings_text(struct ra_findings *findings, const char *text);

/* The same of what is written in the format. */
const char *ra_findings_format(struct ra_findings *findings, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void ra_findings_note(struct ra_findings *findings, const char *text);
void ra_findings_unused(struct ra_findings *findings, const char *path);
void ra_findings_ignored(struct ra_findings *findings, const char *name, const char *reason,
                         const char *text);
void ra_findings_advise(struct ra_findings *findings, const char *id, const char *text);

#endif
