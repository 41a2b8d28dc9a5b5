/*
 * What the application sees is what plain preloaded jemalloc answers: results,
 * errno, alignment, usable sizes and contents, counting or only forwarding.
 */
#include "helper.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HUGE_SIZE "0x7fffffffffffffff"
#define MAX_SIZE "0xffffffffffffffff"
#define NEAR_MAX "0xffffffffffffff00"

static const char *const scripts[] = {
    "malloc:1:0 malloc:1:1 malloc:1:8 malloc:1:9 malloc:1:40 malloc:1:4096 malloc:1:4097 free:7",
    "malloc:1:14336 malloc:1:14337 malloc:1:1000000 malloc:1:67108864 free:4",
    "malloc:1:" HUGE_SIZE " malloc:1:" MAX_SIZE " malloc:1:" NEAR_MAX " free:3",
    "calloc:1:0:0 calloc:1:0:40 calloc:1:40:0 calloc:1:3:40 calloc:1:1000:1000 free:5",
    "malloc:50:40 free:50 calloc:50:1:40 free:50 malloc:5:9000 free:5 calloc:5:1:9000 free:5",
    "calloc:1:0x100000000:0x100000000 calloc:1:" MAX_SIZE ":2 calloc:1:1:" HUGE_SIZE
    " calloc:1:" MAX_SIZE ":" MAX_SIZE,
    "malloc:1:40 realloc:1:40 realloc:1:48 realloc:1:49 realloc:1:4000 realloc:1:10 free:1",
    "malloc:1:40 realloc:1:100000 realloc:1:10000000 realloc:1:9000000 realloc:1:20000"
    " realloc:1:20 free:1",
    "malloc:1:40 realloc:1:0 free:1 null:1 realloc:1:0 free:1 null:1 realloc:1:40 free:1",
    "malloc:1:100000 realloc:1:0 free:1",
    "malloc:1:40 realloc:1:" HUGE_SIZE " realloc:1:" MAX_SIZE " realloc:1:60 free:1",
    "null:1 realloc:1:" HUGE_SIZE " free:1",
    "malloc:1:40 reallocarray:1:10:10 reallocarray:1:0:10 free:1",
    "malloc:1:40 reallocarray:1:0x100000000:0x100000000 reallocarray:1:" MAX_SIZE ":2 free:1",
    "null:1 reallocarray:1:10:10 free:1 null:1 reallocarray:1:10:0 free:1",
    "posix_memalign:1:8:40 posix_memalign:1:64:40 posix_memalign:1:4096:1"
    " posix_memalign:1:1048576:1 posix_memalign:1:64:0 free:5",
    "posix_memalign:1:0:40 posix_memalign:1:1:40 posix_memalign:1:3:40 posix_memalign:1:4:40"
    " posix_memalign:1:24:40 posix_memalign:1:" MAX_SIZE ":40",
    "posix_memalign:1:64:" HUGE_SIZE " posix_memalign:1:64:" MAX_SIZE
    " posix_memalign:1:0x4000000000000000:40",
    "aligned_alloc:1:8:40 aligned_alloc:1:64:64 aligned_alloc:1:1048576:1 aligned_alloc:1:64:0"
    " free:4",
    "aligned_alloc:1:0:40 aligned_alloc:1:3:40 aligned_alloc:1:24:40 aligned_alloc:1:64:" MAX_SIZE,
    "memalign:1:8:40 memalign:1:64:40 memalign:1:65536:1 memalign:1:1048576:5000000 free:4",
    "memalign:1:64:" HUGE_SIZE " memalign:1:64:0 free:1 memalign:1:64:" MAX_SIZE,
    "valloc:1:1 valloc:1:5000 valloc:1:" HUGE_SIZE " valloc:1:" MAX_SIZE,
    "malloc:1:41 malloc_usable_size:1 null:1 malloc_usable_size:1 free:2",
    "null:1 free:1",
    "mallocx:1:40:0 mallocx:1:40:7 mallocx:1:5000:0x40 mallocx:1:" HUGE_SIZE ":0 free:4",
    "malloc:1:40 rallocx:1:400:0 rallocx:1:10000:0 rallocx:1:" HUGE_SIZE ":0 dallocx:1:0",
    "malloc:1:40 xallocx:1:40:0:0 xallocx:1:48:0:0 xallocx:1:4000:0:0 xallocx:1:1:0:0 free:1",
    "malloc:1:100000 xallocx:1:200000:0:0 xallocx:1:20000:0:0 free:1",
    "mallocx:1:40:6 sdallocx:1:40:6",
    "_Znwm:1:0 _Znwm:1:40 _Znam:1:40 _ZnwmSt11align_val_t:1:40:128 _ZnamSt11align_val_t:1:40:128"
    " _ZdaPvSt11align_val_t:1:128 _ZdlPvmSt11align_val_t:1:40:128 _ZdaPvm:1:40 _ZdlPvm:1:40"
    " _ZdlPv:1",
    "_ZnwmRKSt9nothrow_t:1:" HUGE_SIZE " _ZnamRKSt9nothrow_t:1:" MAX_SIZE
    " _ZnwmSt11align_val_tRKSt9nothrow_t:1:40:64 _ZnwmSt11align_val_tRKSt9nothrow_t:1:" HUGE_SIZE
    ":64",
    "load:CXX cxx_new_caught:1:40 cxx_new_caught:1:" HUGE_SIZE " cxx_new_caught:1:" MAX_SIZE
    " cxx_new_handler:1:" HUGE_SIZE " cxx_new:1:40 cxx_delete:1",
};

static const char *const settings[] = {"MALLOC_CONF=", "MALLOC_CONF=zero_realloc:alloc",
                                       "MALLOC_CONF=tcache:false,retain:false"};

/* How ours runs: counting, told not to count, and in a process that is no Ruby. */
static const char *const modes[] = {"RUBY_ALLOC_ALL=1", "RUBY_ALLOC=0", "NOTHING=1"};

enum {
    SCRIPT_COUNT = sizeof scripts / sizeof scripts[0],
    SETTING_COUNT = sizeof settings / sizeof settings[0],
    MODE_COUNT = sizeof modes / sizeof modes[0]
};

static void write_script(char *script, size_t room, const char *words)
{
    if (strncmp(words, "load:CXX ", 9) == 0) {
        snprintf(script, room, "load:%s trace %s /", build_path("tests/integration/victim_cxx.so"),
                 words + 9);
    } else {
        snprintf(script, room, "trace %s /", words);
    }
}

static char *outcome(const char *preload, const char *script, const char *setting, const char *mode)
{
    char directory[PATH_BYTES + 32];
    const char *environment[] = {setting, mode, directory, NULL};
    const char *arguments[] = {build_path("tests/integration/victim"), script, NULL};
    struct victim victim;

    snprintf(directory, sizeof directory, "RUBY_ALLOC_DIR=%s", temporary_path("."));
    spawn(&victim, preload, environment, arguments);
    channel_ready(&victim.main);
    victim_finish(&victim);
    return strdup(victim.main.text);
}

START_TEST(test_answers_are_those_of_jemalloc)
{
    const char *setting = settings[_i / SCRIPT_COUNT];
    char script[2 * PATH_BYTES], *plain;

    write_script(script, sizeof script, scripts[_i % SCRIPT_COUNT]);
    plain = outcome(PRELOAD_JEMALLOC, script, setting, modes[0]);
    ck_assert_uint_gt(strlen(plain), 0);
    for (size_t i = 0; i < MODE_COUNT; i++) {
        char *ours = outcome(PRELOAD_OURS, script, setting, modes[i]);

        ck_assert_msg(strcmp(plain, ours) == 0, "%s %s:\njemalloc:\n%s\nours:\n%s", setting,
                      modes[i], plain, ours);
        free(ours);
    }
    free(plain);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("same answers as jemalloc");

    add_case(suite, "answers", test_answers_are_those_of_jemalloc, SCRIPT_COUNT * SETTING_COUNT);
    return run_suite(suite);
}
