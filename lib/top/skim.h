/*
 * Skimming: tells at a glance whether a text may be a report, and when and of which process
 * it is, without loading it: its brackets must match outside of its strings. Ten times as
 * fast as a parser and in no memory, which is what finds the reports in gigabytes. Whatever
 * a parser takes for a report is one here too; the reverse is for the parser to say.
 */
#ifndef RA_TOP_SKIM_H
#define RA_TOP_SKIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ra_skim_verdict {
    RA_SKIM_EMPTY, /* nothing but white space */
    RA_SKIM_REPORT,
    RA_SKIM_CUT,     /* its end is missing */
    RA_SKIM_LONG,    /* longer than any report */
    RA_SKIM_STRANGE, /* not JSON */
    RA_SKIM_DENSE,   /* of more values than a report of its length has */
    RA_SKIM_SCHEMA   /* an object, but no report that this program can read */
};

enum {
    RA_SKIM_BYTES_MAX = 64 << 20, /* of one report */
    RA_SKIM_WORD_BYTES = 48,

    /*
     * What may be built of a text: so many times its length, besides twice that for what is
     * made of strings on the way, and what a report of all threads takes.
     */
    RA_SKIM_COST_MAX = 5,
    RA_SKIM_COST_FREE = 4 << 20
};

struct ra_skim {
    char schema[RA_SKIM_WORD_BYTES]; /* "" if there is none; as all texts here, from the input */
    char time[RA_SKIM_WORD_BYTES];
    int64_t pid; /* RA_UNKNOWN if there is none */

    /* How far it has come. */
    int64_t bytes;
    enum ra_skim_verdict fault; /* RA_SKIM_EMPTY: none so far */
    bool has_begun, in_string, is_escaped;
    int depth;
    uint64_t objects; /* bit d: the bracket at depth d is a brace */
    int64_t cost;     /* bytes that a parser would take for what it builds, at most */
    bool in_number;
    char keys[3][RA_SKIM_WORD_BYTES], word[RA_SKIM_WORD_BYTES];
    size_t word_bytes;
};

void ra_skim_begin(struct ra_skim *skim);

/* The next length bytes of the text, which may come in any pieces. */
void ra_skim_feed(struct ra_skim *skim, const char *text, size_t length);

/* What it was. schema, time and pid are then known. */
enum ra_skim_verdict ra_skim_end(struct ra_skim *skim);

/* What a verdict means, as the end of a sentence: "it is cut off". */
void ra_skim_describe(const struct ra_skim *skim, enum ra_skim_verdict verdict, char *text,
                      size_t size);

#endif
