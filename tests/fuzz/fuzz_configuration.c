/*
 * A libFuzzer target: any text as MALLOC_CONF, judged by what a jemalloc would show: every row
 * that comes of it is ended.
 */
#include "fuzz.h"
#include "shim/configuration.h"
#include "shim/jemalloc.h"
#include "shim/option.h"

/* Some of each type, by name. */
static const struct {
    const char *name;
    size_t bytes; /* 0: text */
    uint64_t number;
    const char *text;
} settings[] = {
    {"opt.narenas", sizeof(unsigned), 2, NULL},
    {"opt.tcache", sizeof(bool), 1, NULL},
    {"opt.background_thread", sizeof(bool), 0, NULL},
    {"opt.dirty_decay_ms", sizeof(ssize_t), 1000, NULL},
    {"opt.muzzy_decay_ms", sizeof(ssize_t), 0, NULL},
    {"opt.lg_tcache_max", sizeof(size_t), 15, NULL},
    {"opt.percpu_arena", 0, 0, "disabled"},
    {"opt.dss", 0, 0, "secondary"},
};

static int control(const char *name, void *old, size_t *old_bytes, void *new, size_t new_bytes)
{
    (void)new;
    (void)new_bytes;
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        size_t bytes = settings[i].bytes == 0 ? sizeof(char *) : settings[i].bytes;

        if (strcmp(settings[i].name, name) != 0) {
            continue;
        }
        if (old == NULL || old_bytes == NULL || *old_bytes != bytes) {
            return 22;
        }
        memcpy(old, settings[i].bytes == 0 ? (const void *)&settings[i].text : &settings[i].number,
               bytes);
        return 0;
    }
    return 2;
}

static void judge(const char *text, size_t size)
{
    char effective[RA_SETTING_BYTES];
    size_t length = strnlen(text, size);
    struct ra_pair pair = {text, length, text + length + 1, size - length - 1};

    if (length == size) {
        return; /* no pair */
    }
    memset(effective, 'x', sizeof(effective));
    ra_option_judge(&pair, effective);
    require(memchr(effective, '\0', sizeof(effective)) != NULL);
    ra_option_same(&pair, &pair);
    ra_option_is(&pair, "narenas");
}

/* It is made to be called once: behind a shorter text the one before would go on. */
static void forget(void)
{
    static char commas[1 << 16];

    if (commas[0] == '\0') {
        memset(commas, ',', sizeof(commas) - 1);
    }
    require(setenv("MALLOC_CONF", commas, 1) == 0);
    ra_configuration_remember();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzzed_text(data, size);
    const struct ra_setting *rows;
    struct ra_header header = {0};

    ra_road.mallctl = control;
    forget();
    require(setenv("MALLOC_CONF", text, 1) == 0);
    ra_configuration_remember();
    rows = ra_configuration_read(&header);
    for (size_t i = 0; i < RA_SETTING_MAX && rows[i].source != 0; i++) {
        require(memchr(rows[i].key, '\0', RA_SETTING_BYTES) != NULL);
        require(memchr(rows[i].given, '\0', RA_SETTING_BYTES) != NULL);
        require(memchr(rows[i].effective, '\0', RA_SETTING_BYTES) != NULL);
    }
    if (size > 0) {
        judge(text, size);
    }
    free(text);
    return 0;
}
