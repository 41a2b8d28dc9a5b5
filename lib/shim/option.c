/* Judging settings: see option.h. The rules are those of jemalloc 5.3's parser. */
#include "option.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jemalloc.h"

/*
 * A setting is a number or true/false, as the size of its value tells, and jemalloc
 * refuses what is out of range: but for these.
 */
enum kind {
    WORD,   /* one of words */
    PREFIX, /* one of words or its beginning; the key may be cut short too */
    TEXT,   /* any, fitted to what jemalloc knows or has room for */
    CLIPPED /* brought into range; below least refused */
};

static const struct option {
    const char *key;
    enum kind kind;
    const char *words; /* each followed by a space */
    uint64_t least;
} options[] = {
    {"metadata_thp", PREFIX, "disabled auto always ", 0},
    {"dss", PREFIX, "disabled primary secondary ", 0},
    {"percpu_arena", PREFIX, "disabled percpu phycpu ", 0},
    {"thp", PREFIX, "default always never ", 0},
    {"junk", WORD, "true false alloc free ", 0},
    {"zero_realloc", WORD, "alloc free abort ", 0},
    {"prof_time_resolution", WORD, "default high ", 0},
    {"prof_prefix", TEXT, NULL, 0},
    {"stats_print_opts", TEXT, NULL, 0},
    {"stats_interval_opts", TEXT, NULL, 0},
    {"narenas", CLIPPED, NULL, 1}, /* percpu_arena raises it */
    {"max_background_threads", CLIPPED, NULL, 0},
    {"tcache_max", CLIPPED, NULL, 0},
    {"tcache_nslots_small_min", CLIPPED, NULL, 0},
    {"tcache_nslots_small_max", CLIPPED, NULL, 0},
    {"tcache_nslots_large", CLIPPED, NULL, 0},
    {"tcache_gc_incr_bytes", CLIPPED, NULL, 0},
    {"lg_tcache_flush_small_div", CLIPPED, NULL, 0},
    {"lg_tcache_flush_large_div", CLIPPED, NULL, 0},
    {"lg_prof_sample", CLIPPED, NULL, 0},
    {"lg_san_uaf_align", CLIPPED, NULL, 0},
    {"hpa_slab_max_alloc", CLIPPED, NULL, 0},
    {"hpa_hugification_threshold", CLIPPED, NULL, 0},
    {"hpa_sec_nshards", CLIPPED, NULL, 0},
    {"hpa_sec_max_alloc", CLIPPED, NULL, 0},
    {"hpa_sec_max_bytes", CLIPPED, NULL, 0},
    {"hpa_sec_bytes_after_flush", CLIPPED, NULL, 0},
    {"hpa_sec_batch_fill_extra", CLIPPED, NULL, 0},
};

/* Read by jemalloc, without an opt.* of the same meaning. */
static const char *const silent[] = {
    "bin_shards",
    "slab_sizes",
    "narenas_ratio",
    "hpa_hugification_threshold_ratio",
    "san_guard_small",
    "san_guard_large",
    "hpa_dirty_mult",
    "prof_unbias",
    "log",
};

/* The other way around: shown, but settable only where jemalloc is built. */
static const char shown_only[] = "cache_oblivious";

/* The logarithm of another setting. */
static const char logarithm[] = "lg_tcache_max", of_logarithm[] = "tcache_max";

static bool is_text(const char *text, size_t length, const char *whole)
{
    return strlen(whole) == length && memcmp(text, whole, length) == 0;
}

/* What jemalloc has for a key. */
struct shown {
    size_t bytes; /* 0: nothing; 1: true or false; 4 or 8: a number, or text if that isn't NULL */
    uint64_t number;
    const char *text;
    bool is_power; /* and the key is its logarithm */
};

static const struct option *find_option(const struct ra_pair *pair)
{
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        const char *key = options[i].key;
        bool is_short = options[i].kind == PREFIX && strcmp(key, "thp") != 0 &&
                        strncmp(key, pair->key, pair->key_length) == 0;

        if (is_short || is_text(pair->key, pair->key_length, key)) {
            return &options[i];
        }
    }
    return NULL;
}

/* The name of what a pair sets, in bytes of name; empty if it is too long to be one. */
static void name_of(const struct ra_pair *pair, char *name, size_t bytes)
{
    const struct option *option = find_option(pair);

    if (option) {
        snprintf(name, bytes, "%s", option->key);
    } else if (is_text(pair->key, pair->key_length, logarithm)) {
        snprintf(name, bytes, "%s", of_logarithm);
    } else {
        snprintf(name, bytes, "%.*s", pair->key_length < bytes ? (int)pair->key_length : 0,
                 pair->key);
    }
}

static struct shown look_up(const char *name, bool is_text_kind)
{
    char control[RA_SETTING_BYTES + 8];
    struct shown shown = {0};
    uint8_t flag;
    uint32_t half;

    snprintf(control, sizeof control, "opt.%s", name);
    if (is_text_kind) {
        shown.bytes = ra_jemalloc_read(control, &shown.text, sizeof shown.text) ? 8 : 0;
    } else if (ra_jemalloc_read(control, &flag, sizeof flag)) {
        shown.bytes = sizeof flag;
        shown.number = flag;
    } else if (ra_jemalloc_read(control, &half, sizeof half)) {
        shown.bytes = sizeof half;
        shown.number = half;
    } else if (ra_jemalloc_read(control, &shown.number, sizeof shown.number)) {
        shown.bytes = sizeof shown.number;
    }
    return shown;
}

static struct shown look(const struct ra_pair *pair, const struct option *option)
{
    bool is_logarithm = is_text(pair->key, pair->key_length, logarithm);
    char name[RA_SETTING_BYTES];
    struct shown shown = {0};

    if (is_logarithm) { /* which jemalloc 5.2 shows as it is */
        shown = look_up(logarithm, false);
    }
    if (shown.bytes == 0) {
        name_of(pair, name, sizeof name);
        shown = look_up(name, option && option->kind != CLIPPED);
        shown.is_power = is_logarithm;
    }
    return shown;
}

static void show(const struct shown *shown, char effective[RA_SETTING_BYTES])
{
    if (shown->text) {
        snprintf(effective, RA_SETTING_BYTES, "%s", shown->text);
    } else if (shown->bytes == 1) {
        snprintf(effective, RA_SETTING_BYTES, "%s", shown->number ? "true" : "false");
    } else if (shown->bytes != 0) {
        snprintf(effective, RA_SETTING_BYTES, "%" PRId64, (int64_t)shown->number);
    }
}

static bool is_one_of(const struct ra_pair *pair, const struct option *option)
{
    for (const char *word = option->words; *word;) {
        size_t length = strcspn(word, " ");

        if (strncmp(word, pair->value, pair->value_length) == 0 &&
            (pair->value_length == length ||
             (option->kind == PREFIX && pair->value_length < length))) {
            return true;
        }
        word += length + 1;
    }
    return false;
}

static enum ra_verdict judge_text(const struct ra_pair *pair, const struct option *option,
                                  const char *text)
{
    if (is_text(pair->value, pair->value_length, text)) {
        return RA_VERDICT_EQUAL;
    }
    if (option->kind == TEXT) {
        return RA_VERDICT_FITTED;
    }
    if (!is_one_of(pair, option)) {
        return RA_VERDICT_INVALID;
    }
    return option->kind == PREFIX && strncmp(text, pair->value, pair->value_length) == 0
               ? RA_VERDICT_EQUAL
               : RA_VERDICT_OTHER;
}

static enum ra_verdict judge_number(const struct ra_pair *pair, const struct option *option,
                                    const struct shown *shown)
{
    char *end;

    if (option && is_text(pair->value, pair->value_length, "default") &&
        strcmp(option->key, "narenas") == 0) {
        return RA_VERDICT_EQUAL;
    }
    errno = 0;
    uint64_t given = strtoull(pair->value, &end, 0);
    if (errno != 0 || end != pair->value + pair->value_length) {
        return RA_VERDICT_INVALID;
    }
    if (shown->is_power) {
        return given < 64 && UINT64_C(1) << given == shown->number ? RA_VERDICT_EQUAL
                                                                   : RA_VERDICT_FITTED;
    }
    if (given == shown->number) {
        return RA_VERDICT_EQUAL;
    }
    if (option && option->kind == CLIPPED) {
        return given < option->least ? RA_VERDICT_INVALID : RA_VERDICT_FITTED;
    }
    return RA_VERDICT_OTHER;
}

static enum ra_verdict judge_flag(const struct ra_pair *pair, uint64_t flag)
{
    bool given = is_text(pair->value, pair->value_length, "true");

    if (!given && !is_text(pair->value, pair->value_length, "false")) {
        return RA_VERDICT_INVALID;
    }
    if (given == (flag != 0)) {
        return RA_VERDICT_EQUAL;
    }
    return is_text(pair->key, pair->key_length, shown_only) ? RA_VERDICT_UNKNOWN
                                                            : RA_VERDICT_FITTED;
}

enum ra_verdict ra_option_judge(const struct ra_pair *pair, char effective[RA_SETTING_BYTES])
{
    effective[0] = '\0';
    if (!pair->value) {
        return RA_VERDICT_UNKNOWN;
    }
    for (size_t i = 0; i < sizeof silent / sizeof *silent; i++) {
        if (is_text(pair->key, pair->key_length, silent[i])) {
            return RA_VERDICT_SILENT;
        }
    }
    const struct option *option = find_option(pair);
    struct shown shown = look(pair, option);
    show(&shown, effective);
    switch (shown.bytes) {
    case 0:
        return RA_VERDICT_UNKNOWN;
    case 1:
        return judge_flag(pair, shown.number);
    default:
        return shown.text ? judge_text(pair, option, shown.text)
                          : judge_number(pair, option, &shown);
    }
}

bool ra_option_is(const struct ra_pair *pair, const char *name)
{
    char own[RA_SETTING_BYTES];

    name_of(pair, own, sizeof own);
    return strcmp(own, name) == 0;
}

bool ra_option_same(const struct ra_pair *one, const struct ra_pair *other)
{
    char name[RA_SETTING_BYTES];

    name_of(one, name, sizeof name);
    return name[0] != '\0' && ra_option_is(other, name);
}
