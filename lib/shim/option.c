/* Judging settings: see option.h. The rules are those of the parsers of jemalloc 5.2 to 5.3.1. */
#include "option.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "jemalloc.h"
#include "notation.h"
#include "ranges.h"

/* The longest key of jemalloc's is 41 characters long; what the region keeps of it is less. */
enum { NAME_BYTES = 64 };

/* How values are written. */
enum kind {
    FLAG,     /* true or false */
    NUMBER,   /* from least up to most; jemalloc refuses others, or brings them into its range */
    SIGNED,   /* the same, where both are signed */
    POWER,    /* the logarithm of what is shown */
    WORD,     /* one of words */
    PREFIX,   /* one of words or its beginning; the key may be cut short too */
    TEXT,     /* any, cut off where jemalloc has no room for it */
    LETTERS,  /* any, of which jemalloc takes those it knows, each once */
    FRACTION, /* up to most 65536ths; -1 where one is shown */
    RANGES    /* of sizes, with numbers from least up to most */
};

#define ANY 0, UINT64_MAX
#define FROM(least, most) (uint64_t)(least), (uint64_t)(most)
#define LARGE_MAX (UINT64_C(7) << 60) /* jemalloc's largest class, and so its largest size */
#define DECAY_MAX (UINT64_C(18446744072) * 1000)

/*
 * What can't be told from the value that is shown: which numbers are accepted, words, keys
 * of other names than what they set, and keys that jemalloc reads and doesn't show. Of these
 * it has those that came, or are built, together with another name that it does show.
 */
static const struct option {
    const char *key;
    enum kind kind;
    uint64_t least, most;
    const char *words; /* separated by | */
    const char *sets;  /* NULL: key */
    const char *with;  /* NULL: it is shown itself */
} options[] = {
    {"narenas", NUMBER, 1, UINT64_MAX, NULL, NULL, NULL},
    {"dirty_decay_ms", SIGNED, FROM(-1, DECAY_MAX), NULL, NULL, NULL},
    {"muzzy_decay_ms", SIGNED, FROM(-1, DECAY_MAX), NULL, NULL, NULL},
    {"mutex_max_spin", SIGNED, FROM(-1, INT64_MAX), NULL, NULL, NULL},
    {"stats_interval", SIGNED, FROM(-1, INT64_MAX), NULL, NULL, NULL},
    {"lg_tcache_nslots_mul", SIGNED, FROM(-16, 16), NULL, NULL, NULL},
    {"oversize_threshold", NUMBER, 0, LARGE_MAX, NULL, NULL, NULL},
    {"lg_extent_max_active_fit", NUMBER, 0, 64, NULL, NULL, NULL},
    {"lg_prof_interval", SIGNED, FROM(-1, 63), NULL, NULL, NULL},
    {"prof_recent_alloc_max", SIGNED, FROM(-1, INT64_MAX), NULL, NULL, NULL},
    {"lg_san_uaf_align", SIGNED, FROM(-1, INT64_MAX), NULL, NULL, NULL},
    {"experimental_hpa_max_purge_nhp", SIGNED, FROM(-1, INT64_MAX), NULL, NULL, NULL},
    {"lg_tcache_max", POWER, FROM(-1, 63), NULL, "tcache_max", NULL}, /* 5.2: shown as it is */

    {"hpa", FLAG, ANY, NULL, NULL, NULL}, /* before what begins with it */
    {"metadata_thp", PREFIX, ANY, "disabled|auto|always", NULL, NULL},
    {"dss", PREFIX, ANY, "disabled|primary|secondary", NULL, NULL},
    {"percpu_arena", PREFIX, ANY, "percpu|phycpu|disabled", NULL, NULL},
    {"hpa_hugify_style", PREFIX, ANY, "auto|none|eager|lazy", NULL, NULL},
    {"thp", PREFIX, ANY, "default|always|never", NULL, NULL},
    {"junk", WORD, ANY, "true|false|alloc|free", NULL, NULL},
    {"zero_realloc", WORD, ANY, "alloc|free|abort", NULL, NULL},
    {"prof_time_resolution", WORD, ANY, "default|high", NULL, NULL},
    {"prof_prefix", TEXT, ANY, NULL, NULL, NULL},
    {"stats_print_opts", LETTERS, ANY, NULL, NULL, NULL},
    {"stats_interval_opts", LETTERS, ANY, NULL, NULL, NULL},
    {"hpa_dirty_mult", FRACTION, ANY, NULL, NULL, NULL},
    /* 5.3.0 shows it, and 5.3.1 reads it as well. */
    {"cache_oblivious", FLAG, ANY, NULL, NULL, "opt.disable_large_size_classes"},

    {"bin_shards", RANGES, 1, 64, NULL, NULL, "arenas.bin.0.nshards"},
    {"slab_sizes", RANGES, ANY, NULL, NULL, "arenas.bin.0.nshards"},
    {"tcache_ncached_max", RANGES, ANY, NULL, NULL, "opt.disable_large_size_classes"},
    {"narenas_ratio", FRACTION, ANY, NULL, NULL, "opt.mutex_max_spin"},
    {"hpa_hugification_threshold_ratio", FRACTION, 0, 65536, NULL, "hpa_hugification_threshold",
     "opt.hpa_hugification_threshold"},
    {"hpa_purge_threshold_ratio", FRACTION, 0, 65536, NULL, "hpa_purge_threshold",
     "opt.hpa_purge_threshold"},
    {"san_guard_small", NUMBER, ANY, NULL, NULL, "opt.hpa"},
    {"san_guard_large", NUMBER, ANY, NULL, NULL, "opt.hpa"},
    {"calloc_madvise_threshold", NUMBER, 0, LARGE_MAX, NULL, NULL,
     "opt.disable_large_size_classes"},
    {"prof_log", FLAG, ANY, NULL, NULL, "opt.prof"},
    {"prof_unbias", FLAG, ANY, NULL, NULL, "opt.prof_stats"},
};
enum { OPTIONS = sizeof options / sizeof *options };

/* Of a key that isn't among them, as the size of what is shown tells. */
static const struct option plain_flag = {.kind = FLAG}, plain_number = {NULL, NUMBER, ANY, 0, 0, 0};

/* What jemalloc has for a key. */
struct shown {
    size_t bytes; /* 0: nothing; 1: true or false; 4 or 8: a number, or text if that isn't NULL */
    uint64_t number;
    const char *text;
};

static bool is_text(const char *text, size_t length, const char *whole)
{
    return strlen(whole) == length && memcmp(text, whole, length) == 0;
}

/* "thp" is the one word that must be whole. */
static bool is_short_for(const struct option *option, const struct ra_pair *pair)
{
    return option->kind == PREFIX && strcmp(option->key, "thp") != 0 &&
           strncmp(option->key, pair->key, pair->key_length) == 0;
}

static const struct option *find_option(const struct ra_pair *pair)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        if (is_short_for(&options[i], pair) ||
            is_text(pair->key, pair->key_length, options[i].key)) {
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
        snprintf(name, bytes, "%s", option->sets ? option->sets : option->key);
    } else {
        snprintf(name, bytes, "%.*s", pair->key_length < bytes ? (int)pair->key_length : 0,
                 pair->key);
    }
}

static struct shown look_up(const char *control, bool is_text_kind)
{
    struct shown shown = {0};
    uint8_t flag;
    uint32_t half;

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

static bool is_there(const char *control)
{
    return look_up(control, false).bytes != 0;
}

/* jemalloc 5.2 reads signed numbers and a few keys otherwise. */
static bool is_old(void)
{
    return !is_there("opt.mutex_max_spin");
}

static struct shown look(const struct ra_pair *pair, const struct option *option)
{
    char name[NAME_BYTES], control[NAME_BYTES + 8];
    bool is_text_kind = option && (option->kind == WORD || option->kind == PREFIX ||
                                   option->kind == TEXT || option->kind == LETTERS);
    struct shown shown;

    name_of(pair, name, sizeof name);
    snprintf(control, sizeof control, "opt.%s", name);
    shown = look_up(control, is_text_kind);
    if (shown.bytes == 0 && option && option->kind == POWER) { /* jemalloc 5.2 */
        shown = look_up("opt.lg_tcache_max", false);
    }
    if (strcmp(name, "narenas") == 0 && shown.number > RA_JEMALLOC_ARENAS_MAX) {
        shown.number = RA_JEMALLOC_ARENAS_MAX;
    }
    return shown;
}

static void show(const struct shown *shown, const struct option *option, char *effective)
{
    if (shown->text) {
        snprintf(effective, RA_SETTING_BYTES, "%s", shown->text);
    } else if (shown->bytes == 1) {
        snprintf(effective, RA_SETTING_BYTES, "%s", shown->number ? "true" : "false");
    } else if (shown->bytes == 4 && option->kind == FRACTION && shown->number != UINT32_MAX) {
        ra_notation_show_fraction((uint32_t)shown->number, effective, RA_SETTING_BYTES);
    } else if (shown->bytes == 4 && option->kind == FRACTION) {
        snprintf(effective, RA_SETTING_BYTES, "-1");
    } else if (shown->bytes != 0) {
        snprintf(effective, RA_SETTING_BYTES, "%" PRId64, (int64_t)shown->number);
    }
}

static enum ra_verdict equal_or_fitted(bool is_equal)
{
    return is_equal ? RA_VERDICT_EQUAL : RA_VERDICT_FITTED;
}

/* The first of the words that fits is the one that jemalloc takes. */
static enum ra_verdict judge_word(const struct ra_pair *pair, const struct option *option,
                                  const char *text)
{
    for (const char *word = option->words; *word;) {
        size_t length = strcspn(word, "|");
        bool fits =
            option->kind == PREFIX ? pair->value_length <= length : pair->value_length == length;

        if (fits && memcmp(word, pair->value, pair->value_length) == 0) {
            return equal_or_fitted(is_text(word, length, text));
        }
        word += length + (word[length] == '|');
    }
    return RA_VERDICT_INVALID;
}

/* Those of several pairs are one after the other in what jemalloc has. */
static enum ra_verdict judge_letters(const struct ra_pair *pair, const char *text)
{
    for (; strlen(text) >= pair->value_length; text++) {
        if (memcmp(text, pair->value, pair->value_length) == 0) {
            return RA_VERDICT_EQUAL;
        }
        if (*text == '\0') {
            break;
        }
    }
    return RA_VERDICT_FITTED;
}

/* As the parser of the jemalloc that runs; signed numbers are read by strtol in an old one. */
static bool read_number(const struct ra_pair *pair, bool is_signed, uint64_t *number)
{
    if (is_signed && pair->value_length == 0 && is_old()) {
        *number = 0;
        return true;
    }
    return ra_notation_number(pair->value, pair->value_length, number) &&
           !(is_signed && *number > INT64_MAX && !memchr(pair->value, '-', pair->value_length) &&
             is_old());
}

static bool is_within(const struct option *option, uint64_t number)
{
    return option->kind == NUMBER ? number >= option->least && number <= option->most
                                  : (int64_t)number >= (int64_t)option->least &&
                                        (int64_t)number <= (int64_t)option->most;
}

static enum ra_verdict judge_number(const struct ra_pair *pair, const struct option *option,
                                    const struct shown *shown)
{
    uint64_t number;

    if (is_text(pair->key, pair->key_length, "narenas") &&
        is_text(pair->value, pair->value_length, "default")) {
        return is_old() ? RA_VERDICT_INVALID : RA_VERDICT_EQUAL;
    }
    if (!read_number(pair, option->kind != NUMBER, &number) || !is_within(option, number)) {
        return RA_VERDICT_INVALID;
    }
    return equal_or_fitted(number == shown->number);
}

/*
 * jemalloc 5.2 shows the logarithm as it was given, and apart from it what it caches: that
 * is no less than the small classes. Later ones show what the logarithm was made to.
 */
static enum ra_verdict judge_power(const struct ra_pair *pair, const struct option *option,
                                   struct shown *shown)
{
    bool is_logarithm = !is_there("opt.tcache_max");
    struct shown cached = look_up("arenas.tcache_max", false);
    uint64_t number;

    if (!read_number(pair, is_logarithm, &number) || (is_logarithm && !is_within(option, number))) {
        return RA_VERDICT_INVALID;
    }
    bool is_power = number < 64 && UINT64_C(1) << number == cached.number;
    if (is_logarithm && (is_power || number != shown->number)) {
        return equal_or_fitted(number == shown->number);
    }
    if (is_logarithm) {
        *shown = cached;
        return RA_VERDICT_FITTED;
    }
    return equal_or_fitted(number < 64 && UINT64_C(1) << number == shown->number);
}

static enum ra_verdict judge_fraction(const struct ra_pair *pair, const struct option *option,
                                      const struct shown *shown)
{
    uint32_t parts = UINT32_MAX;

    if (!(shown->bytes == sizeof parts && is_text(pair->value, pair->value_length, "-1")) &&
        (!ra_notation_fraction(pair->value, pair->value_length, &parts) || parts > option->most)) {
        return RA_VERDICT_INVALID;
    }
    return equal_or_fitted(parts == shown->number);
}

static enum ra_verdict judge_ranges(const struct ra_pair *pair, const struct option *option)
{
    bool is_shards = strcmp(option->key, "bin_shards") == 0;
    bool is_slabs = strcmp(option->key, "slab_sizes") == 0, is_same;

    if (is_slabs && is_text(pair->value, pair->value_length, "default") && !is_old()) {
        return RA_VERDICT_SILENT;
    }
    if (!ra_ranges_are_valid(pair->value, pair->value_length, option->least, option->most)) {
        return RA_VERDICT_INVALID;
    }
    if ((is_shards || is_slabs) &&
        ra_ranges_compare(pair->value, pair->value_length,
                          is_shards ? RA_RANGES_OF_SHARDS : RA_RANGES_OF_SLABS, &is_same)) {
        return equal_or_fitted(is_same);
    }
    return RA_VERDICT_SILENT;
}

static enum ra_verdict judge_flag(const struct ra_pair *pair, uint64_t flag)
{
    bool given = is_text(pair->value, pair->value_length, "true");

    if (!given && !is_text(pair->value, pair->value_length, "false")) {
        return RA_VERDICT_INVALID;
    }
    return equal_or_fitted(given == (flag != 0));
}

static enum ra_verdict judge(const struct ra_pair *pair, const struct option *option,
                             struct shown *shown)
{
    switch (option->kind) {
    case FLAG:
        return judge_flag(pair, shown->number);
    case NUMBER:
    case SIGNED:
        return judge_number(pair, option, shown);
    case POWER:
        return judge_power(pair, option, shown);
    case WORD:
    case PREFIX:
        return judge_word(pair, option, shown->text);
    case TEXT:
        return equal_or_fitted(is_text(pair->value, pair->value_length, shown->text));
    case LETTERS:
        return judge_letters(pair, shown->text);
    case FRACTION:
        return judge_fraction(pair, option, shown);
    default:
        return judge_ranges(pair, option);
    }
}

enum ra_verdict ra_option_judge(const struct ra_pair *pair, char effective[RA_SETTING_BYTES])
{
    enum ra_verdict verdict = RA_VERDICT_UNKNOWN;

    effective[0] = '\0';
    if (!pair->value) {
        return verdict;
    }
    const struct option *option = find_option(pair);
    struct shown shown = look(pair, option);
    if (!option) {
        option = shown.bytes == 1 ? &plain_flag : &plain_number;
    }
    bool is_hidden = option->with && (option->sets || shown.bytes == 0) && option->kind != RANGES;
    if (option->with ? is_there(option->with) : shown.bytes != 0) {
        verdict = judge(pair, option, &shown);
    }
    show(&shown, option, effective);
    if (option->kind == RANGES && verdict == RA_VERDICT_EQUAL) {
        snprintf(effective, RA_SETTING_BYTES, "%.*s", (int)pair->value_length, pair->value);
    }
    return is_hidden && (verdict == RA_VERDICT_EQUAL || verdict == RA_VERDICT_FITTED)
               ? RA_VERDICT_SILENT
               : verdict;
}

bool ra_option_is(const struct ra_pair *pair, const char *name)
{
    char own[NAME_BYTES];

    name_of(pair, own, sizeof own);
    return strcmp(own, name) == 0;
}

bool ra_option_same(const struct ra_pair *one, const struct ra_pair *other)
{
    char name[NAME_BYTES];

    name_of(one, name, sizeof name);
    return name[0] != '\0' && ra_option_is(other, name);
}

bool ra_option_adds(const struct ra_pair *pair, enum ra_verdict verdict)
{
    const struct option *option = find_option(pair);

    return option &&
           (option->kind == LETTERS || (option->kind == RANGES && verdict != RA_VERDICT_FITTED));
}
