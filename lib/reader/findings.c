/* Findings: an examination being put together, and the texts it owns. */
#include "reader/findings.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/apart.h"
#include "reader/text.h"

/* RA_UNKNOWN, NULL, -1 by type. */
static void clear(const struct ra_group *group, void *record)
{
    for (size_t i = 0; i < group->field_count; i++) {
        char *place = (char *)record + group->fields[i].offset;
        const int64_t unknown = RA_UNKNOWN;
        const int no_flag = -1;
        const double no_number = NAN;
        const char *const no_text = NULL;

        switch (group->fields[i].type) {
        case RA_INT:
            memcpy(place, &unknown, sizeof(unknown));
            break;
        case RA_FLAG:
            memcpy(place, &no_flag, sizeof(no_flag));
            break;
        case RA_REAL:
            memcpy(place, &no_number, sizeof(no_number));
            break;
        case RA_TEXT:
            memcpy(place, &no_text, sizeof(no_text));
            break;
        }
    }
}

struct ra_findings *ra_findings_new(void)
{
    struct ra_findings *findings = ra_apart_memory(sizeof(*findings));

    if (findings == NULL) {
        return NULL;
    }
    for (const struct ra_examine_group *each = ruby_alloc_examine_groups; each->group.name != NULL;
         each++) {
        if (each->group.row_bytes == 0) {
            clear(&each->group, (char *)&findings->out + each->group.offset);
        }
    }
#define TABLE_ROWS(member, row, fields, owner, key) findings->out.member = findings->member##_rows;
    RA_EXAMINE_TABLES(TABLE_ROWS)
#undef TABLE_ROWS
    return findings;
}

void ra_findings_free(struct ra_findings *findings)
{
    ra_apart_free(findings, sizeof(*findings));
}

/* Conclusions from less than all would be wrong. */
bool ra_findings_keep(struct ra_findings *findings)
{
    if (ra_apart_keep(findings, sizeof(*findings),
                      offsetof(struct ra_findings, pool) + findings->used) != 0) {
        return false;
    }
    findings->out.advice_count = 0;
    findings->out.unused_count = 0;
    findings->out.ignored_count = 0;
    return true;
}

const char *ra_findings_text(struct ra_findings *findings, const char *text)
{
    size_t room = sizeof(findings->pool) - findings->used;
    char *copy = findings->pool + findings->used;

    if (text == NULL) {
        return NULL;
    }
    if (room < RA_FINDINGS_TEXT_BYTES) {
        findings->has_failed = true;
        return NULL;
    }
    ra_text_clean(copy, RA_FINDINGS_TEXT_BYTES, text, strlen(text));
    findings->used += strlen(copy) + 1;
    return copy;
}

const char *ra_findings_format(struct ra_findings *findings, const char *format, ...)
{
    char *text = NULL;
    const char *kept;
    va_list arguments;

    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0) {
        text = NULL;
    }
    va_end(arguments);
    findings->has_failed |= text == NULL;
    kept = ra_findings_text(findings, text);
    free(text);
    return kept;
}

/* A new row of a table; NULL when it is full. */
#define NEW_ROW(findings, member)                                                                  \
    ((findings)->out.member##_count < RA_FINDINGS_ROWS                                             \
         ? &(findings)->member##_rows[(findings)->out.member##_count++]                            \
         : NULL)

void ra_findings_note(struct ra_findings *findings, const char *text)
{
    struct ra_examine_note *row = NEW_ROW(findings, notes);

    if (row != NULL) {
        row->text = ra_findings_text(findings, text);
    }
}

void ra_findings_unused(struct ra_findings *findings, const char *path)
{
    struct ra_examine_unused *row = NEW_ROW(findings, unused);

    if (row != NULL) {
        row->path = ra_findings_text(findings, path);
    }
}

void ra_findings_ignored(struct ra_findings *findings, const char *name, const char *reason,
                         const char *text)
{
    struct ra_examine_ignored *row = NEW_ROW(findings, ignored);

    if (row != NULL) {
        row->name = ra_findings_text(findings, name);
        row->reason = reason;
        row->text = text;
    }
}

void ra_findings_advise(struct ra_findings *findings, const char *id, const char *text)
{
    struct ra_examine_advice *row = NEW_ROW(findings, advice);

    if (row != NULL) {
        row->id = id;
        row->text = text;
        row->bytes = RA_UNKNOWN; /* nothing was counted */
    }
}
