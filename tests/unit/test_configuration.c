/* What became of each pair of MALLOC_CONF, told from the values that a jemalloc shows. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shim/configuration.h"
#include "shim/jemalloc.h"
#include "shim/option.h"
#include "shim/region.h"

#include "suite.h"

/* The settings of a jemalloc with many of them: text, or a number of so many bytes. */
static struct setting {
    const char *name;
    size_t bytes;
    uint64_t number;
    const char *text;
} settings[] = {
    {"opt.narenas", 4, 3, NULL},
    {"opt.dirty_decay_ms", 8, 500, NULL},
    {"opt.muzzy_decay_ms", 8, 0, NULL},
    {"opt.tcache", 1, 1, NULL},
    {"opt.tcache_max", 8, 32768, NULL},
    {"opt.tcache_nslots_large", 4, 2048, NULL},
    {"opt.background_thread", 1, 1, NULL},
    {"opt.cache_oblivious", 1, 1, NULL},
    {"opt.prof", 1, 0, NULL},
    {"opt.mutex_max_spin", 8, 600, NULL},
    {"opt.metadata_thp", 8, 0, "auto"},
    {"opt.percpu_arena", 8, 0, "disabled"},
    {"opt.junk", 8, 0, "alloc"},
    {"opt.prof_prefix", 8, 0, "jeprof"},
    {"opt.stats_print_opts", 8, 0, "Ja"},
    {"opt.lg_tcache_max", 8, 15, NULL},
    {"opt.oversize_threshold", 8, 0, NULL},
    {"opt.max_background_threads", 8, 4, NULL},
    {"opt.hpa", 1, 0, NULL},
    {"opt.hpa_dirty_mult", 4, 16384, NULL},
    {"opt.hpa_hugification_threshold", 8, 1992294, NULL},
    {"opt.hpa_hugify_style", 8, 0, "lazy"},
    {"opt.experimental_hpa_start_huge_if_thp_always", 1, 1, NULL},
    {"opt.disable_large_size_classes", 1, 1, NULL},
    {"opt.a_number_of_a_later_one", 8, 77, NULL},
    {"arenas.bin.0.nshards", 4, 1, NULL},
    {"arenas.tcache_max", 8, 32768, NULL},
    {"arena.0.dirty_decay_ms", 8, 500, NULL},
    {"arena.0.muzzy_decay_ms", 8, 0, NULL},
    {"background_thread", 1, 1, NULL},
};

static struct setting *setting(const char *name)
{
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        if (strcmp(settings[i].name, name) == 0) {
            return &settings[i];
        }
    }
    return NULL;
}

/* As the real one: a value of another size than asked for is refused. */
static int control(const char *name, void *value, size_t *bytes, void *new_value, size_t new_bytes)
{
    const struct setting *found = setting(name);

    (void)new_value, (void)new_bytes;
    if (!found) {
        return ENOENT;
    }
    if (*bytes != found->bytes) {
        return EINVAL;
    }
    if (found->text) {
        memcpy(value, &found->text, sizeof found->text);
    } else {
        memcpy(value, &found->number, found->bytes);
    }
    return 0;
}

static void set_up(void)
{
    ra_road.mallctl = control;
}

static const struct {
    const char *key, *value;
    enum ra_verdict verdict;
    const char *effective;
} judgements[] = {
    {"narenas", "3", RA_VERDICT_EQUAL, "3"},
    {"narenas", "0x3", RA_VERDICT_EQUAL, "3"},
    {"narenas", "default", RA_VERDICT_EQUAL, "3"},
    {"narenas", "0", RA_VERDICT_INVALID, "3"},
    {"narenas", "2", RA_VERDICT_FITTED, "3"}, /* percpu_arena raised it */
    {"narenas", "3 ", RA_VERDICT_INVALID, "3"},
    {"narenas", "three", RA_VERDICT_INVALID, "3"},
    {"dirty_decay_ms", "500", RA_VERDICT_EQUAL, "500"},
    {"dirty_decay_ms", "-2", RA_VERDICT_INVALID, "500"},
    {"dirty_decay_ms", "default", RA_VERDICT_INVALID, "500"},
    {"dirty_decay_ms", "99999999999999999999", RA_VERDICT_INVALID, "500"},
    {"muzzy_decay_ms", "", RA_VERDICT_INVALID, "0"},
    {"tcache", "true", RA_VERDICT_EQUAL, "true"},
    {"tcache", "false", RA_VERDICT_FITTED, "true"},
    {"tcache", "maybe", RA_VERDICT_INVALID, "true"},
    {"tcache", "1", RA_VERDICT_INVALID, "true"},
    {"tcache", "truely", RA_VERDICT_INVALID, "true"},
    {"tcache_max", "32768", RA_VERDICT_EQUAL, "32768"},
    {"lg_tcache_max", "15", RA_VERDICT_EQUAL, "32768"},
    {"lg_tcache_max", "99", RA_VERDICT_FITTED, "32768"},
    {"lg_tcache_max", "x", RA_VERDICT_INVALID, "32768"},
    {"tcache_nslots_large", "9999", RA_VERDICT_FITTED, "2048"},
    {"mutex_max_spin", "-5", RA_VERDICT_INVALID, "600"},
    {"metadata_thp", "auto", RA_VERDICT_EQUAL, "auto"},
    {"meta", "au", RA_VERDICT_EQUAL, "auto"},
    {"metadata_thp", "always", RA_VERDICT_FITTED, "auto"},
    {"metadata_thp", "autos", RA_VERDICT_INVALID, "auto"},
    {"percpu", "disabled", RA_VERDICT_EQUAL, "disabled"},
    {"junk", "alloc", RA_VERDICT_EQUAL, "alloc"},
    {"junk", "al", RA_VERDICT_INVALID, "alloc"},
    {"junk", "free", RA_VERDICT_FITTED, "alloc"},
    {"prof_prefix", "jeprof", RA_VERDICT_EQUAL, "jeprof"},
    {"stats_print_opts", "Ja?", RA_VERDICT_FITTED, "Ja"},
    {"bin_shards", "1-8:2", RA_VERDICT_SILENT, ""},
    {"bin_shards", "1-8:65", RA_VERDICT_INVALID, ""},
    {"oversize_threshold", "1", RA_VERDICT_FITTED, "0"},
    {"oversize_threshold", "8070450532247928832", RA_VERDICT_FITTED, "0"},
    {"oversize_threshold", "8070450532247928833", RA_VERDICT_INVALID, "0"},
    {"dirty_decay_ms", "18446744072000", RA_VERDICT_FITTED, "500"},
    {"dirty_decay_ms", "18446744072001", RA_VERDICT_INVALID, "500"},
    {"max_background_threads", "0", RA_VERDICT_FITTED, "4"},
    {"hpa", "true", RA_VERDICT_FITTED, "false"},
    {"hpa_dirty_mult", ".25", RA_VERDICT_EQUAL, "0.25"},
    {"hpa_dirty_mult", "-1", RA_VERDICT_FITTED, "0.25"},
    {"hpa_dirty_mult", "-2", RA_VERDICT_INVALID, "0.25"},
    {"hpa_hugification_threshold_ratio", "0.95", RA_VERDICT_SILENT, "1992294"},
    {"hpa_hugification_threshold_ratio", "1.5", RA_VERDICT_INVALID, "1992294"},
    {"hpa_hugify_style", "auto", RA_VERDICT_FITTED, "lazy"},
    {"experimental_hpa_start_huge_if_thp_always", "true", RA_VERDICT_EQUAL, "true"},
    {"stats_print_opts", "a", RA_VERDICT_EQUAL, "Ja"},
    {"a_number_of_a_later_one", "78", RA_VERDICT_FITTED, "77"},
    {"narenas_ratio", "2", RA_VERDICT_SILENT, ""},
    {"narenas_ratio", "65536", RA_VERDICT_INVALID, ""},
    {"san_guard_small", "1", RA_VERDICT_SILENT, ""},
    {"tcache_ncached_max", "1-64:4", RA_VERDICT_SILENT, ""},
    {"prof_unbias", "true", RA_VERDICT_UNKNOWN, ""},
    {"cache_oblivious", "false", RA_VERDICT_FITTED, "true"},
    {"thp", "default", RA_VERDICT_UNKNOWN, ""}, /* one that this jemalloc is built without */
    {"nonsense", "1", RA_VERDICT_UNKNOWN, ""},
    {"narena", "3", RA_VERDICT_UNKNOWN, ""},
    {"a_key_that_is_longer_than_any_of_jemallocs", "1", RA_VERDICT_UNKNOWN, ""},
};

static enum ra_verdict judge(const char *key, const char *value, char effective[RA_SETTING_BYTES])
{
    char text[128];
    size_t key_length = strlen(key);

    snprintf(text, sizeof text, "%s:%s,narenas:7", key, value);
    return ra_option_judge(&(struct ra_pair){.key = text,
                                             .key_length = key_length,
                                             .value = text + key_length + 1,
                                             .value_length = strlen(value)},
                           effective);
}

START_TEST(test_judge)
{
    char effective[RA_SETTING_BYTES];

    ck_assert_int_eq(judge(judgements[_i].key, judgements[_i].value, effective),
                     judgements[_i].verdict);
    ck_assert_str_eq(effective, judgements[_i].effective);
}
END_TEST

/* What a jemalloc without these judges otherwise. */
static const struct {
    const char *without[3], *key, *value;
    enum ra_verdict verdict;
    const char *effective;
} others[] = {
    /* 5.3.0 */
    {{"opt.disable_large_size_classes"}, "cache_oblivious", "true", RA_VERDICT_UNKNOWN, "true"},
    {{"opt.disable_large_size_classes"}, "tcache_ncached_max", "1-2:3", RA_VERDICT_UNKNOWN, ""},
    {{"opt.hpa_hugify_style"}, "hpa_", "auto", RA_VERDICT_UNKNOWN, ""},
    /* 5.2, which reads signed numbers by strtol */
    {{"opt.mutex_max_spin"}, "narenas", "default", RA_VERDICT_INVALID, "3"},
    {{"opt.mutex_max_spin"}, "narenas_ratio", "2", RA_VERDICT_UNKNOWN, ""},
    {{"opt.mutex_max_spin"}, "muzzy_decay_ms", "", RA_VERDICT_EQUAL, "0"},
    {{"opt.mutex_max_spin"}, "dirty_decay_ms", "18446744073709551615", RA_VERDICT_INVALID, "500"},
    {{"opt.mutex_max_spin", "opt.tcache_max"}, "lg_tcache_max", "15", RA_VERDICT_EQUAL, "15"},
    {{"opt.mutex_max_spin", "opt.tcache_max"}, "lg_tcache_max", "64", RA_VERDICT_INVALID, "15"},
    {{"opt.mutex_max_spin", "opt.tcache_max"}, "lg_tcache_max", "-2", RA_VERDICT_INVALID, "15"},
    {{"opt.mutex_max_spin", "opt.tcache_max"}, "tcache_max", "9", RA_VERDICT_UNKNOWN, ""},
    {{"opt.mutex_max_spin", "opt.tcache_max", "opt.lg_tcache_max"},
     "lg_tcache_max",
     "15",
     RA_VERDICT_UNKNOWN,
     ""},
};

START_TEST(test_judge_others)
{
    char effective[RA_SETTING_BYTES];

    for (size_t i = 0; i < 3 && others[_i].without[i]; i++) {
        setting(others[_i].without[i])->name = "";
    }
    ck_assert_int_eq(judge(others[_i].key, others[_i].value, effective), others[_i].verdict);
    ck_assert_str_eq(effective, others[_i].effective);
}
END_TEST

/* jemalloc 5.2 shows the logarithm as it was given, and caches small classes all the same. */
START_TEST(test_judge_least_cache)
{
    char effective[RA_SETTING_BYTES];

    setting("opt.mutex_max_spin")->name = setting("opt.tcache_max")->name = "";
    setting("opt.lg_tcache_max")->number = 3;
    setting("arenas.tcache_max")->number = 14336;
    ck_assert_int_eq(judge("lg_tcache_max", "3", effective), RA_VERDICT_FITTED);
    ck_assert_str_eq(effective, "14336");
}
END_TEST

/* More arenas than there can be are not made, though the setting says so. */
START_TEST(test_judge_most_arenas)
{
    char effective[RA_SETTING_BYTES];

    setting("opt.narenas")->number = 4095;
    ck_assert_int_eq(judge("narenas", "4095", effective), RA_VERDICT_FITTED);
    ck_assert_str_eq(effective, "4094");
    setting("opt.narenas")->number = 4094;
    ck_assert_int_eq(judge("narenas", "4094", effective), RA_VERDICT_EQUAL);
}
END_TEST

/* The rows as text: key=given>effective:state, separated by spaces. */
static const char *rows_text(const struct ra_setting *rows)
{
    static const char *const states[] = {
        [0] = "silent",
        [RA_SETTING_IN_FORCE] = "in_force",
        [RA_SETTING_ADJUSTED] = "adjusted",
        [RA_SETTING_OVERRIDDEN] = "overridden",
        [RA_SETTING_REFUSED] = "refused",
        [RA_SETTING_UNKNOWN] = "unknown",
        [RA_SETTING_LOST] = "lost",
    };
    static char text[RA_SETTING_MAX * sizeof(struct ra_setting)];
    size_t length = 0;

    text[0] = '\0';
    for (int i = 0; i < RA_SETTING_MAX && rows[i].source != 0; i++) {
        ck_assert_uint_eq(rows[i].source, RA_SOURCE_ENVIRONMENT);
        length +=
            (size_t)snprintf(text + length, sizeof text - length, "%s%s=%s>%s:%s", i > 0 ? " " : "",
                             rows[i].key, rows[i].given, rows[i].effective, states[rows[i].state]);
    }
    return text;
}

static const struct {
    const char *given, *rows;
} texts[] = {
    {"", ""},
    {"narenas:3", "narenas=3>3:in_force"},
    {"narenas:3,", "narenas=3>3:in_force"},
    {"narenas:2,narenas:3", "narenas=2>3:overridden narenas=3>3:in_force"},
    {"narenas:3,narenas:2,narenas:3",
     "narenas=3>3:overridden narenas=2>3:overridden narenas=3>3:in_force"},
    {"dirty_decay_ms:500,dirty_decay_ms:-9",
     "dirty_decay_ms=500>500:in_force dirty_decay_ms=-9>500:refused"},
    {"dirty_decay_ms:x,dirty_decay_ms:500",
     "dirty_decay_ms=x>500:refused dirty_decay_ms=500>500:in_force"},
    {"tcache_max:9,lg_tcache_max:15",
     "tcache_max=9>32768:overridden lg_tcache_max=15>32768:in_force"},
    {"slab_sizes:1-4096:17,tcache:maybe", "slab_sizes=1-4096:17>:silent tcache=maybe>true:refused"},
    {"stats_print_opts:J,stats_print_opts:a",
     "stats_print_opts=J>Ja:in_force stats_print_opts=a>Ja:in_force"},
    {"hpa_hugification_threshold:4096,hpa_hugification_threshold_ratio:.95",
     "hpa_hugification_threshold=4096>1992294:overridden "
     "hpa_hugification_threshold_ratio=.95>1992294:silent"},
    {"narenas", "narenas=>:unknown"},
    {"narenas:3,nonsense", "narenas=3>3:in_force nonsense=>:unknown"},
    {"narenas:3,,tcache:true", "narenas=3>3:in_force ,tcache:true=>:unknown"},
    {"nar enas:3,tcache:true", "nar enas:3,tcache:true=>:unknown"},
    {"prof_prefix:/a/directory/with/a/long/name/and/more/of/it",
     "prof_prefix=/a/directory/with/a/long/name/and/more/>jeprof:adjusted"},
};

START_TEST(test_texts)
{
    setenv("MALLOC_CONF", texts[_i].given, 1);
    ra_configuration_remember();
    ck_assert_str_eq(rows_text(ra_configuration_read(&RA_CURRENT->header)), texts[_i].rows);
}
END_TEST

START_TEST(test_nothing_is_given)
{
    unsetenv("MALLOC_CONF");
    ra_configuration_remember();
    ck_assert_str_eq(rows_text(ra_configuration_read(&RA_CURRENT->header)), "");
}
END_TEST

/* A program may write over its environment once it has begun. */
START_TEST(test_text_is_copied)
{
    char given[] = "MALLOC_CONF=narenas:3";

    putenv(given);
    ra_configuration_remember();
    memset(given + sizeof "MALLOC_CONF", 'x', 5);
    ck_assert_str_eq(rows_text(ra_configuration_read(&RA_CURRENT->header)), "narenas=3>3:in_force");
}
END_TEST

START_TEST(test_more_pairs_than_rows)
{
    char given[40 * sizeof "tcache:true"] = "tcache:true";
    const struct ra_setting *rows;

    for (int i = 1; i < RA_SETTING_MAX + _i; i++) {
        strcat(given, ",tcache:true");
    }
    setenv("MALLOC_CONF", given, 1);
    ra_configuration_remember();
    rows = ra_configuration_read(&RA_CURRENT->header);
    ck_assert_str_eq(rows[0].key, "tcache");
    ck_assert_uint_eq(rows[0].state, RA_SETTING_OVERRIDDEN);
    ck_assert_str_eq(rows[RA_SETTING_MAX - 1].key, _i == 0 ? "tcache" : "(more)");
    ck_assert_str_eq(rows[RA_SETTING_MAX - 1].given, _i == 0 ? "true" : "");
    ck_assert_uint_eq(rows[RA_SETTING_MAX - 1].source, RA_SOURCE_ENVIRONMENT);
}
END_TEST

/* A text of many kilobytes: what is kept of it ends with a whole pair. */
START_TEST(test_long_text)
{
    static char given[20000];

    strcpy(given, "narenas:3,prof_prefix:");
    memset(given + strlen(given), 'x', 15000);
    strcat(given, ",tcache:true");
    setenv("MALLOC_CONF", given, 1);
    ra_configuration_remember();
    ck_assert_str_eq(rows_text(ra_configuration_read(&RA_CURRENT->header)), "narenas=3>3:in_force");
}
END_TEST

/* What a program or a reader's request has changed since; what a fork has stopped. */
START_TEST(test_changes_are_followed)
{
    struct ra_header *header = &RA_CURRENT->header;

    setenv("MALLOC_CONF", "dirty_decay_ms:500,background_thread:true,background_thread:no", 1);
    ra_configuration_remember();
    header->conf_flags = RA_CONF_KNOWN | RA_CONF_TCACHE;
    ck_assert_str_eq(rows_text(ra_configuration_read(header)),
                     "dirty_decay_ms=500>500:in_force background_thread=true>true:in_force "
                     "background_thread=no>true:refused");
    ck_assert_uint_eq(header->conf_flags,
                      RA_CONF_KNOWN | RA_CONF_TCACHE | RA_CONF_BACKGROUND_THREAD);
    setting("arena.0.dirty_decay_ms")->number = (uint64_t)-1;
    ck_assert_str_eq(rows_text(ra_configuration_read(header)),
                     "dirty_decay_ms=500>-1:adjusted background_thread=true>true:in_force "
                     "background_thread=no>true:refused");
    ck_assert_int_eq(header->conf_dirty_decay_ms, -1);
    setting("background_thread")->number = 0;
    ck_assert_str_eq(rows_text(ra_configuration_read(header)),
                     "dirty_decay_ms=500>-1:adjusted background_thread=true>false:adjusted "
                     "background_thread=no>false:refused");
    ra_image.header.flags |= RA_FLAG_FORKED; /* what the region says is anybody's */
    ck_assert_str_eq(rows_text(ra_configuration_read(header)),
                     "dirty_decay_ms=500>-1:adjusted background_thread=true>false:lost "
                     "background_thread=no>false:refused");
    ck_assert_uint_eq(header->conf_flags, RA_CONF_KNOWN | RA_CONF_TCACHE);
}
END_TEST

/* glibc's malloc, or a jemalloc before 5: no settings, and what the header says stays. */
START_TEST(test_no_settings_to_be_seen)
{
    struct ra_header *header = &RA_CURRENT->header;

    setenv("MALLOC_CONF", "narenas:3", 1);
    ra_configuration_remember();
    header->conf_dirty_decay_ms = 77;
    ra_road.mallctl = NULL;
    ck_assert_str_eq(rows_text(ra_configuration_read(header)), "");
    ck_assert_int_eq(header->conf_dirty_decay_ms, 77);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("configuration");
    TCase *pairs = tcase_create("pairs");
    TCase *rows = tcase_create("rows");

    tcase_add_checked_fixture(pairs, set_up, NULL);
    tcase_add_loop_test(pairs, test_judge, 0, sizeof judgements / sizeof *judgements);
    tcase_add_loop_test(pairs, test_judge_others, 0, sizeof others / sizeof *others);
    tcase_add_test(pairs, test_judge_least_cache);
    tcase_add_test(pairs, test_judge_most_arenas);
    suite_add_tcase(suite, pairs);
    tcase_add_checked_fixture(rows, set_up, NULL);
    tcase_add_loop_test(rows, test_texts, 0, sizeof texts / sizeof *texts);
    tcase_add_test(rows, test_nothing_is_given);
    tcase_add_test(rows, test_text_is_copied);
    tcase_add_loop_test(rows, test_more_pairs_than_rows, 0, 3);
    tcase_add_test(rows, test_long_text);
    tcase_add_test(rows, test_changes_are_followed);
    tcase_add_test(rows, test_no_settings_to_be_seen);
    suite_add_tcase(suite, rows);
    return run_suite(suite);
}
