/*
 * Skimming through the JSON of a report, byte by byte.
 */
#include "top/skim.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/text.h"
#include "top/json.h"

enum {
    DEPTH_MAX = 63, /* bits of objects; a report needs four */
    WORDS_TO = 2    /* no deeper is anything that we look for */
};

/*
 * Bytes that jansson allocates for each, rounded up as malloc does. An object: with its first
 * buckets, and a row of a report. An element: its place in an array that has just grown. A
 * member: with its name, and its part of buckets that have. A name is a string, too.
 */
enum {
    OBJECT_COST = 400,
    ARRAY_COST = 128,
    ELEMENT_COST = 24,
    STRING_COST = 80,
    MEMBER_COST = 48,
    NUMBER_COST = 32
};

void ra_skim_begin(struct ra_skim *skim)
{
    *skim = (struct ra_skim){.pid = RA_UNKNOWN};
}

static bool in_object(const struct ra_skim *skim)
{
    return skim->objects >> skim->depth & 1;
}

static void add_to_word(struct ra_skim *skim, char c)
{
    if (skim->depth <= WORDS_TO && skim->word_bytes < sizeof skim->word - 1) {
        skim->word[skim->word_bytes++] = c;
    }
}

static void take_word(struct ra_skim *skim, char out[RA_SKIM_WORD_BYTES])
{
    skim->word[skim->word_bytes] = '\0';
    memcpy(out, skim->word, RA_SKIM_WORD_BYTES);
}

/* The word that comes before a comma or a closing bracket, by the keys that led to it. */
static void end_value(struct ra_skim *skim)
{
    if (skim->word_bytes == 0 || skim->depth > WORDS_TO || !in_object(skim)) {
        return;
    }
    if (skim->depth == 1 && strcmp(skim->keys[1], "schema") == 0) {
        take_word(skim, skim->schema);
    } else if (skim->depth == 1 && strcmp(skim->keys[1], "time") == 0) {
        take_word(skim, skim->time);
    } else if (skim->depth == 2 && strcmp(skim->keys[1], "process") == 0 &&
               strcmp(skim->keys[2], "pid") == 0 && isdigit((unsigned char)skim->word[0])) {
        skim->word[skim->word_bytes] = '\0';
        skim->pid = strtoll(skim->word, NULL, 10);
    }
}

static void open_bracket(struct ra_skim *skim, bool is_object)
{
    if (skim->depth == DEPTH_MAX || (skim->depth == 0 && (skim->has_begun || !is_object))) {
        skim->fault = RA_SKIM_STRANGE;
        return;
    }
    skim->has_begun = true;
    skim->in_number = false;
    skim->cost += is_object ? OBJECT_COST : ARRAY_COST;
    skim->depth++;
    skim->objects &= ~(UINT64_C(1) << skim->depth);
    skim->objects |= (uint64_t)is_object << skim->depth;
    skim->word_bytes = 0;
    if (skim->depth <= WORDS_TO) {
        skim->keys[skim->depth][0] = '\0';
    }
}

static void close_bracket(struct ra_skim *skim, bool is_object)
{
    if (skim->depth == 0 || in_object(skim) != is_object) {
        skim->fault = RA_SKIM_STRANGE;
        return;
    }
    end_value(skim);
    skim->depth--;
    skim->in_number = false;
    skim->word_bytes = 0;
}

static void feed_string(struct ra_skim *skim, char c)
{
    if ((unsigned char)c < ' ') {
        skim->fault = RA_SKIM_STRANGE;
    } else if (skim->is_escaped) {
        skim->is_escaped = false;
    } else if (c == '\\') {
        skim->is_escaped = true;
    } else if (c == '"') {
        skim->in_string = false;
        return;
    }
    add_to_word(skim, c);
}

static void count_number(struct ra_skim *skim, char c)
{
    if (!skim->in_number && (isdigit((unsigned char)c) || c == '-')) {
        skim->in_number = true;
        skim->cost += NUMBER_COST;
    }
}

/* What is neither white space nor a bracket may only stand inside of the object. */
static void feed_inside(struct ra_skim *skim, char c)
{
    if (skim->depth == 0) {
        skim->fault = RA_SKIM_STRANGE;
    } else if (c == '"') {
        skim->in_string = true;
        skim->cost += STRING_COST;
        skim->word_bytes = 0;
    } else if (c == ':') {
        skim->cost += MEMBER_COST;
        if (skim->depth <= WORDS_TO) {
            take_word(skim, skim->keys[skim->depth]);
        }
        skim->word_bytes = 0;
    } else if (c == ',') {
        end_value(skim);
        skim->cost += ELEMENT_COST;
        skim->in_number = false;
        skim->word_bytes = 0;
    } else if (isalnum((unsigned char)c) || c == '-' || c == '+' || c == '.') {
        count_number(skim, c);
        add_to_word(skim, c);
    } else {
        skim->fault = RA_SKIM_STRANGE;
    }
}

static void feed_byte(struct ra_skim *skim, char c)
{
    switch (c) {
    case ' ':
    case '\t':
    case '\r':
    case '\n':
        return;
    case '{':
    case '[':
        open_bracket(skim, c == '{');
        return;
    case '}':
    case ']':
        close_bracket(skim, c == '}');
        return;
    default:
        feed_inside(skim, c);
    }
}

void ra_skim_feed(struct ra_skim *skim, const char *text, size_t length)
{
    skim->bytes += (int64_t)length;
    if (skim->bytes > RA_SKIM_BYTES_MAX && skim->fault == RA_SKIM_EMPTY) {
        skim->fault = RA_SKIM_LONG;
    }
    for (size_t i = 0; i < length && skim->fault == RA_SKIM_EMPTY; i++) {
        if (skim->in_string) {
            feed_string(skim, text[i]);
        } else {
            feed_byte(skim, text[i]);
        }
    }
}

enum ra_skim_verdict ra_skim_end(struct ra_skim *skim)
{
    if (skim->fault != RA_SKIM_EMPTY) {
        return skim->fault;
    }
    if (skim->depth > 0) {
        return RA_SKIM_CUT;
    }
    if (!skim->has_begun) {
        return RA_SKIM_EMPTY;
    }
    if (skim->cost > RA_SKIM_COST_FREE + RA_SKIM_COST_MAX * skim->bytes) {
        return RA_SKIM_DENSE;
    }
    return strcmp(skim->schema, RA_JSON_SCHEMA) == 0 ? RA_SKIM_REPORT : RA_SKIM_SCHEMA;
}

void ra_skim_describe(const struct ra_skim *skim, enum ra_skim_verdict verdict, char *text,
                      size_t size)
{
    static const char *const meanings[] = {
        [RA_SKIM_EMPTY] = "it is empty",
        [RA_SKIM_REPORT] = "it is whole",
        [RA_SKIM_CUT] = "it is cut off",
        [RA_SKIM_LONG] = "it is longer than 64 MiB",
        [RA_SKIM_STRANGE] = "it is not JSON",
        [RA_SKIM_DENSE] = "it has more values than a report of its length",
    };

    if (verdict == RA_SKIM_SCHEMA) {
        char schema[RA_SKIM_WORD_BYTES];

        ra_text_clean(schema, sizeof schema, skim->schema, strlen(skim->schema));
        snprintf(text, size, "its schema is '%s', not " RA_JSON_SCHEMA,
                 schema[0] ? schema : "none");
    } else {
        snprintf(text, size, "%s", meanings[verdict]);
    }
}
