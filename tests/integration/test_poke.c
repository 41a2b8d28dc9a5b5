/*
 * Somebody else who may write to the region, a sandboxed process of the same user for one,
 * writes what it likes, word by word: the process that counts there goes on, as do its children
 * and its helper, and ends well.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "helper_program.h"
#include "ruby_alloc/region.h"

static const uint32_t values[] = {
    0, 1, 0x7fffffff, 0xffffffff, RA_BIN_MAX + 1, RA_ARENA_MAX + 1, RA_SLOT_MAX + 1};
/* The limits of single words are tried on several at once. */
enum { VALUES = sizeof values / sizeof *values, LIMITS_FROM = 4, LIMITS_AT_ONCE = 16 };

static struct ra_region *region;

static void start(struct victim *victim, char path[PATH_BYTES])
{
    const char *words[] = {NULL};

    program_start(victim, "victim_poke", temporary_path("."), words);
    ck_assert(region_path(temporary_path("."), victim->pid, path));
    int file = open(path, O_RDWR | O_CLOEXEC);
    ck_assert_int_ge(file, 0);
    region = mmap(NULL, sizeof *region + RA_SLOT_START * RA_SLOT_BYTES, PROT_READ | PROT_WRITE,
                  MAP_SHARED, file, 0);
    ck_assert_ptr_ne(region, MAP_FAILED);
    close(file);
}

static void ask(void)
{
    __atomic_fetch_add(&region->header.request, 1, __ATOMIC_SEQ_CST);
    syscall(SYS_futex, &region->header.request, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* Steps of the process, with count words of this value from word on. */
static void poke(struct victim *victim, size_t word, size_t count, uint32_t value)
{
    volatile uint32_t *words = (volatile uint32_t *)region + word;
    uint32_t before[64];

    for (size_t i = 0; i < count; i++) {
        before[i] = words[i];
        words[i] = value;
    }
    ask();
    if (write(victim->main.in, "\n", 1) != 1) {
        ck_abort_msg("the process is gone before %u is at byte %zu", value, word * 4);
    }
    /* Once more while the step goes on: the helper may have put some of it right. */
    for (size_t i = 0; i < count; i++) {
        words[i] = value;
    }
    ask();
    struct pollfd answer = {.fd = victim->main.out, .events = POLLIN};
    ck_assert_msg(poll(&answer, 1, WAIT_SECONDS * 1000) == 1 && (answer.revents & POLLIN),
                  "the process ended, or hangs, with %#x in %zu words from byte %zu on",
                  (unsigned)value, count, word * 4);
    channel_ready(&victim->main);
    for (size_t i = 0; i < count; i++) {
        words[i] = before[i];
    }
}

static const struct part {
    const char *name;
    size_t at, bytes, at_once; /* bytes, bytes, words */
} parts[] = {
#define PART(name, at_once)                                                                        \
    {                                                                                              \
#name, offsetof(struct ra_region, name), sizeof((struct ra_region *)0)->name, at_once      \
    }
    PART(header, 1),
    PART(classes, 64),
    PART(inherited, 64),
    PART(sample, 16),
    PART(arenas, 64),
    PART(settings, 64),
    PART(children, 64),
    PART(shared, 64),
    {"slots", offsetof(struct ra_region, slots), RA_SLOT_START *RA_SLOT_BYTES, 64},
};

/* The helper still answers. */
static void require_answer(void)
{
    uint32_t asked = 0;

    for (int tries = 0; tries < WAIT_SECONDS * 100; tries++) {
        const struct timespec pause = {.tv_nsec = 10000000};

        asked = __atomic_load_n(&region->header.request, __ATOMIC_SEQ_CST);
        if (__atomic_load_n(&region->header.answered, __ATOMIC_SEQ_CST) == asked && tries > 0) {
            return;
        }
        ask();
        nanosleep(&pause, NULL);
    }
    ck_abort_msg("the helper doesn't answer request %u any more, but %u", asked,
                 region->header.answered);
}

START_TEST(test_any_word_may_say_anything)
{
    const struct part *part = &parts[_i];
    char path[PATH_BYTES];
    struct victim victim;

    start(&victim, path);
    for (int value = 0; value < VALUES; value++) {
        size_t at_once =
            value < LIMITS_FROM || part->at_once > LIMITS_AT_ONCE ? part->at_once : LIMITS_AT_ONCE;

        for (size_t word = 0; word < part->bytes / 4; word += at_once) {
            size_t left = part->bytes / 4 - word;

            poke(&victim, part->at / 4 + word, left < at_once ? left : at_once, values[value]);
        }
    }
    require_answer();
    int status = victim_end(&victim);
    ck_assert_msg(status == 0, "wait status %#x after every word of %s had been written to",
                  (unsigned)status, part->name);
    ck_assert_int_eq(access(path, F_OK), -1);
    munmap(region, sizeof *region + RA_SLOT_START * RA_SLOT_BYTES);
    regions_remove(temporary_path("."));
}
END_TEST

/* Each action, with arguments that make no sense, again and again. */
START_TEST(test_any_action_may_be_asked)
{
    static const int64_t arguments[] = {0, -1, -2, INT64_MAX, INT64_MIN, 1};
    struct ra_action *action;
    char path[PATH_BYTES];
    struct victim victim;

    start(&victim, path);
    action = &region->header.action;
    for (uint32_t id = 0; id < RA_ACTION_COUNT + 3; id++) {
        for (size_t i = 0; i < sizeof arguments / sizeof *arguments; i++) {
            action->argument = arguments[i];
            action->id = id < RA_ACTION_COUNT + 2 ? id : UINT32_MAX;
            __atomic_fetch_add(&action->asked, i % 2 == 0 ? 1 : UINT32_MAX, __ATOMIC_RELEASE);
            ask();
            victim_step(&victim);
        }
    }
    require_answer();
    victim_finish(&victim);
    munmap(region, sizeof *region + RA_SLOT_START * RA_SLOT_BYTES);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("poke");

    add_case(suite, "words", test_any_word_may_say_anything, sizeof parts / sizeof *parts);
    add_case(suite, "actions", test_any_action_may_be_asked, 1);
    return run_suite(suite);
}
