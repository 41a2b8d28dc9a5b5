/* Other victims, and their region directory: see helper_program.h. */
#include "helper_program.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ruby_alloc/region.h"

enum { WORDS_MAX = 8, FIRST_THREADS = 8, FIRST_BYTES = 128 * 1024, THREAD_BYTES = 8 * 1024 };

void program_start(struct victim *victim, const char *name, const char *directory,
                   const char *const *words)
{
    char variable[PATH_BYTES + 32], path[256];
    const char *environment[] = {variable, "RUBY_ALLOC_ALL=1", "RUBY_ALLOC_KEEP=64M", NULL};
    const char *arguments[WORDS_MAX + 2] = {path};

    snprintf(path, sizeof path, "tests/integration/%s", name);
    arguments[0] = build_path(path);
    for (int i = 0; words[i] != NULL; i++) {
        ck_assert_int_lt(i, WORDS_MAX);
        arguments[i + 1] = words[i];
    }
    snprintf(variable, sizeof variable, "RUBY_ALLOC_DIR=%s", directory);
    setenv("RUBY_ALLOC_DIR", directory, 1);
    spawn(victim, PRELOAD_OURS, environment, arguments);
    channel_ready(&victim->main);
}

const char *decimal(size_t number)
{
    static char texts[8][24];
    static unsigned turn;
    char *text = texts[turn++ % 8];

    snprintf(text, sizeof texts[0], "%zu", number);
    return text;
}

size_t class_for(size_t requested)
{
    struct victim victim;
    char script[64];
    size_t size;

    snprintf(script, sizeof script, "nallocx:1:%zu:0 /", requested);
    victim_start(&victim, script, NULL, NULL);
    ck_assert_uint_eq(numbers_in(&victim.main, &size, 1), 1);
    victim_finish(&victim);
    return size;
}

void require_budget(const char *directory, pid_t pid, size_t threads)
{
    size_t more = threads > FIRST_THREADS ? threads - FIRST_THREADS : 0;
    char path[PATH_BYTES];
    struct stat status;

    ck_assert(region_path(directory, pid, path));
    ck_assert_int_eq(stat(path, &status), 0);
    /* What is held: the file is as long as it may ever be. */
    ck_assert_uint_le((size_t)status.st_blocks * 512, FIRST_BYTES + more * THREAD_BYTES);
}

static size_t each_region(const char *directory, bool remove)
{
    DIR *entries = opendir(directory);
    struct dirent *entry;
    size_t count = 0;

    ck_assert_ptr_nonnull(entries);
    while ((entry = readdir(entries)) != NULL) {
        if (strncmp(entry->d_name, RA_REGION_PREFIX, strlen(RA_REGION_PREFIX)) == 0) {
            ck_assert(!remove || unlinkat(dirfd(entries), entry->d_name, 0) == 0);
            count++;
        }
    }
    closedir(entries);
    return count;
}

size_t regions_count(const char *directory)
{
    return each_region(directory, false);
}

size_t regions_remove(const char *directory)
{
    return each_region(directory, true);
}

struct ra_report_class report_class(const struct ra_report *report, size_t class_size)
{
    for (size_t i = 0; i < report->classes_count; i++) {
        if (report->classes[i].size == (int64_t)class_size) {
            return report->classes[i];
        }
    }
    return (struct ra_report_class){.size = (int64_t)class_size};
}
