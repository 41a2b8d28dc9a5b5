/* The configuration of jemalloc, pair by pair: see configuration.h. */
#include "configuration.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "jemalloc.h"
#include "option.h"
#include "tuning.h"

enum { TEXT_BYTES = 4096, SOURCES = RA_SOURCE_ENVIRONMENT + 1 };

static char environment[TEXT_BYTES], link_target[TEXT_BYTES];

/* By ra_setting_source; NULL: nothing was given there. */
static const char *texts[SOURCES] = {[RA_SOURCE_ENVIRONMENT] = environment};
static bool has_texts;

/* What can change after start-up. */
struct now {
    bool is_known, is_forked, background;
    intptr_t dirty_decay_ms, muzzy_decay_ms;
};

/* A place in the texts. */
struct walk {
    unsigned source;
    const char *at; /* NULL: at the beginning of the source */
};

/* One that is too long to be kept loses its last pairs. */
void ra_configuration_remember(void)
{
    const char *given = secure_getenv("MALLOC_CONF");

    if (given) {
        size_t length = strnlen(given, TEXT_BYTES - 1);

        memcpy(environment, given, length);
        while (given[length] && length > 0 && environment[length] != ',') {
            environment[length--] = '\0';
        }
    }
}

/* The link lies where it did at start-up, unless someone has changed it since. */
static void gather_texts(void)
{
    if (has_texts) {
        return;
    }
    ssize_t length = readlink("/etc/malloc.conf", link_target, TEXT_BYTES - 1);
    link_target[length > 0 ? length : 0] = '\0';
    texts[RA_SOURCE_FILE] = link_target;
    texts[RA_SOURCE_LIBRARY] = ra_tuning_conf();
    has_texts = true;
}

static bool is_key(char letter)
{
    return (letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z') ||
           (letter >= '0' && letter <= '9') || letter == '_';
}

/* Takes apart what begins at *at, which is not empty, and moves on. */
static struct ra_pair take_pair(const char **at)
{
    struct ra_pair pair = {.key = *at};

    while (is_key(pair.key[pair.key_length])) {
        pair.key_length++;
    }
    if (pair.key[pair.key_length] != ':') {
        pair.key_length = strlen(pair.key);
        *at = pair.key + pair.key_length;
        return pair;
    }
    pair.value = pair.key + pair.key_length + 1;
    pair.value_length = strcspn(pair.value, ",");
    *at = pair.value + pair.value_length;
    *at += **at == ',';
    return pair;
}

static bool next_pair(struct walk *walk, struct ra_pair *pair)
{
    while (!walk->at || !*walk->at) {
        if (walk->at) {
            walk->source++;
        }
        if (walk->source >= SOURCES) {
            return false;
        }
        walk->at = texts[walk->source] ? texts[walk->source] : "";
    }
    *pair = take_pair(&walk->at);
    return true;
}

/* Whether jemalloc goes by a pair, or did until it read another of the same key. */
static bool is_taken(enum ra_verdict verdict)
{
    return verdict == RA_VERDICT_EQUAL || verdict == RA_VERDICT_FITTED ||
           verdict == RA_VERDICT_SILENT;
}

static bool is_overridden(const struct ra_pair *pair, struct walk walk)
{
    char effective[RA_SETTING_BYTES];
    struct ra_pair later;

    while (next_pair(&walk, &later)) {
        if (later.value && ra_option_same(pair, &later) &&
            is_taken(ra_option_judge(&later, effective))) {
            return true;
        }
    }
    return false;
}

static uint32_t state_of(const struct ra_pair *pair, enum ra_verdict verdict, struct walk walk)
{
    static const uint32_t states[] = {
        [RA_VERDICT_UNKNOWN] = RA_SETTING_UNKNOWN,
        [RA_VERDICT_INVALID] = RA_SETTING_REFUSED,
        [RA_VERDICT_FITTED] = RA_SETTING_ADJUSTED,
        [RA_VERDICT_EQUAL] = RA_SETTING_IN_FORCE,
        [RA_VERDICT_SILENT] = 0,
    };

    return is_taken(verdict) && !ra_option_adds(pair, verdict) && is_overridden(pair, walk)
               ? RA_SETTING_OVERRIDDEN
               : states[verdict];
}

/* The value that a key has by now, where it need not be that of the start. */
static bool has_changed(const struct ra_pair *pair, const struct now *now, char *value)
{
    char before[RA_SETTING_BYTES];

    memcpy(before, value, sizeof before);
    if (ra_option_is(pair, "background_thread")) {
        snprintf(value, RA_SETTING_BYTES, "%s", now->background ? "true" : "false");
    } else if (ra_option_is(pair, "dirty_decay_ms")) {
        snprintf(value, RA_SETTING_BYTES, "%zd", now->dirty_decay_ms);
    } else if (ra_option_is(pair, "muzzy_decay_ms")) {
        snprintf(value, RA_SETTING_BYTES, "%zd", now->muzzy_decay_ms);
    }
    return strcmp(before, value) != 0;
}

static void copy(char *to, const char *from, size_t length)
{
    snprintf(to, RA_SETTING_BYTES, "%.*s",
             (int)(length < RA_SETTING_BYTES ? length : RA_SETTING_BYTES), from);
}

static void fill_row(struct ra_setting *row, const struct ra_pair *pair, struct walk walk,
                     const struct now *now)
{
    enum ra_verdict verdict = ra_option_judge(pair, row->effective);

    row->source = walk.source;
    row->state = state_of(pair, verdict, walk);
    copy(row->key, pair->key, pair->key_length);
    copy(row->given, pair->value ? pair->value : "", pair->value_length);
    if (row->effective[0] && has_changed(pair, now, row->effective) &&
        (row->state == RA_SETTING_IN_FORCE || row->state == RA_SETTING_ADJUSTED)) {
        row->state = ra_option_is(pair, "background_thread") && now->is_forked && !now->background
                         ? RA_SETTING_LOST
                         : RA_SETTING_ADJUSTED;
    }
}

static void fill_rows(struct ra_setting rows[RA_SETTING_MAX], const struct now *now)
{
    struct walk walk = {.source = RA_SOURCE_LIBRARY};
    struct ra_pair pair;
    unsigned count = 0;

    memset(rows, 0, RA_SETTING_MAX * sizeof *rows);
    while (next_pair(&walk, &pair)) {
        if (count == RA_SETTING_MAX) {
            rows[count - 1] = (struct ra_setting){.source = walk.source, .key = "(more)"};
            return;
        }
        fill_row(&rows[count++], &pair, walk, now);
    }
}

/* The first arena's decay times stand for all: the defaults of new ones may differ by now. */
static struct now look(void)
{
    struct now now = {.is_forked = ra_image.header.flags & RA_FLAG_FORKED};

    now.is_known =
        ra_jemalloc_read("arena.0.dirty_decay_ms", &now.dirty_decay_ms, sizeof(intptr_t)) &&
        ra_jemalloc_read("arena.0.muzzy_decay_ms", &now.muzzy_decay_ms, sizeof(intptr_t));
    ra_jemalloc_read("background_thread", &now.background, sizeof now.background);
    return now;
}

static bool is_same(const struct now *one, const struct now *other)
{
    return one->is_known == other->is_known && one->is_forked == other->is_forked &&
           one->background == other->background && one->dirty_decay_ms == other->dirty_decay_ms &&
           one->muzzy_decay_ms == other->muzzy_decay_ms;
}

const struct ra_setting *ra_configuration_read(struct ra_header *header)
{
    static struct ra_setting rows[RA_SETTING_MAX];
    static struct now shown;
    struct now now = look();

    if (now.is_known && !is_same(&now, &shown)) {
        gather_texts();
        shown.is_known = false; /* for a child that is forked meanwhile */
        fill_rows(rows, &now);
        shown = now;
    }
    if (now.is_known) {
        header->conf_dirty_decay_ms = now.dirty_decay_ms;
        header->conf_muzzy_decay_ms = now.muzzy_decay_ms;
        header->conf_flags = (header->conf_flags & ~(uint32_t)RA_CONF_BACKGROUND_THREAD) |
                             (now.background ? RA_CONF_BACKGROUND_THREAD : 0);
    }
    return rows;
}
