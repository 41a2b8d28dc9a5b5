/*
 * Regions whose owner is out to harm: a process that rewrites, cuts, grows, replaces
 * and removes its region as fast as it can, while the reader reads it thousands of
 * times and the tool prints it. Never a crash, a hang, a write to another file, nor a
 * byte that a terminal takes for a command.
 */
#include "../unit/region_builder.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <time.h>

#include "reader/text.h"

enum {
    ROUNDS = 1000,
    TOOL_ROUNDS = 8,
    CALL_SECONDS = 10,
    PATIENCE_SECONDS = 60,
    TEST_SECONDS = 120
};

static struct ra_region *region;
static char precious[PATH_MAX + 16]; /* a valid region that is nobody's to change */
static char path[PATH_MAX + 64];     /* of the hostile one */
static unsigned seed;

static unsigned random_below(unsigned limit)
{
    return (unsigned)rand_r(&seed) % limit;
}

/* The hostile process ------------------------------------------------------------ */

static void rewrite(int fd)
{
    static const uint64_t values[] = {
        0, 1, 7, 255, 4096, UINT16_MAX, UINT32_MAX, INT64_MAX, UINT64_MAX - 7, UINT64_MAX};
    uint64_t value = values[random_below(sizeof(values) / sizeof(values[0]))];
    unsigned place = random_below(4);
    off_t at = place == 0   ? random_below(BUILT_BYTES)
               : place == 1 ? (off_t)offsetof(struct ra_region, sample) + random_below(64)
                            : random_below(sizeof(struct ra_header));

    if (pwrite(fd, &value, 1u << random_below(4), at) < 0) {
        _exit(1);
    }
}

static void write_text(int fd)
{
    static const char text[] = "\033[2J\033]0;owned\a\r\n\177\xc2\x9b"
                               "31m\xff\xfe\xe2\x80\xae\x08";

    (void)!pwrite(fd, text, sizeof(text) - 1, offsetof(struct ra_header, comm));
    (void)!pwrite(fd, text, sizeof(text) - 1, offsetof(struct ra_header, command));
    (void)!pwrite(fd, text, sizeof(text) - 1, offsetof(struct ra_header, ruby_version));
    (void)!pwrite(fd, text, sizeof(text) - 1, offsetof(struct ra_region, sample.command));
}

static void resize(int fd)
{
    static const off_t lengths[] = {0,
                                    1,
                                    7,
                                    1128,
                                    5000,
                                    4096,
                                    49152,
                                    BUILT_BYTES,
                                    BUILT_BYTES - 1,
                                    BUILT_BYTES * 3,
                                    (off_t)65 << 20};

    (void)!ftruncate(fd, lengths[random_below(sizeof(lengths) / sizeof(lengths[0]))]);
}

static void replace(void)
{
    remove(path);
    switch (random_below(8)) {
    case 0:
        (void)!mkfifo(path, 0600);
        break;
    case 1:
        (void)!mkdir(path, 0700);
        break;
    case 2:
        (void)!symlink(precious, path);
        break;
    case 3:
        (void)!symlink("/dev/zero", path);
        break;
    case 4:
        (void)!link(precious, path);
        break;
    default:
        break;
    }
}

/* Make the region whole again, without the helpers that would fail a test. */
static void restore(void)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    struct stat file;

    if (fd >= 0 && fstat(fd, &file) == 0 && S_ISREG(file.st_mode) && file.st_nlink == 1) {
        (void)!pwrite(fd, region, BUILT_BYTES, 0);
    } else {
        remove(path);
    }
    if (fd >= 0) {
        close(fd);
    }
}

enum { REWRITE = 1, RESIZE = 2, REPLACE = 4, TEXTS = 8 };

/* The region is mapped, as by one who counts: the reader asks it for a sample. */
static void torment(int ways)
{
    int mapped = open(path, O_RDONLY | O_CLOEXEC);

    if (mmap(NULL, BUILT_BYTES, PROT_READ, MAP_SHARED, mapped, 0) == MAP_FAILED) {
        _exit(1);
    }
    close(mapped);
    for (;;) {
        int fd = open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        struct stat file;

        for (int i = 0; i < 6 && fd >= 0 && fstat(fd, &file) == 0 && file.st_nlink == 1; i++) {
            if ((ways & REWRITE) != 0) {
                rewrite(fd);
            }
            if ((ways & TEXTS) != 0) {
                write_text(fd);
            }
            if ((ways & RESIZE) != 0) {
                resize(fd);
            }
        }
        if (fd >= 0) {
            close(fd);
        }
        if ((ways & REPLACE) != 0) {
            replace();
        }
        if (random_below(2) == 0) {
            restore();
        }
        if (random_below(4) == 0) {
            usleep(100); /* with two processors: let the reader see something whole, too */
        }
    }
}

/* The tests ---------------------------------------------------------------------- */

static const struct torture {
    const char *name;
    int ways;
    bool living; /* the region is the tormentor's own, or that of a dead process */
    bool good;   /* whole ones are to be come across as well */
} tortures[] = {
    {"rewritten", REWRITE, true, true},
    {"rewritten, dead", REWRITE, false, true},
    {"resized", RESIZE, true, true},
    {"replaced", REPLACE, true, true},
    {"replaced, dead", REPLACE, false, true},
    {"texts", TEXTS, true, true},
    {"everything", REWRITE | RESIZE | REPLACE | TEXTS, true, false},
    {"everything, dead", REWRITE | RESIZE | REPLACE | TEXTS, false, false},
};

/*
 * Start the tormentor of torture; returns its pid, *target is the process to be read.
 * answers: the region says that requests are answered, so that the reader writes one.
 */
static pid_t start(const struct torture *torture, bool answers, pid_t *target)
{
    pid_t dead = ended_pid();
    uint64_t start_ticks = 1;
    pid_t pid;
    int dir;
    int go[2];

    ck_assert_int_eq(pipe(go), 0);
    pid = fork();
    if (pid == 0) {
        close(go[1]);
        signal(SIGPIPE, SIG_DFL);
        if (read(go[0], path, sizeof(path)) <= 0) {
            _exit(1);
        }
        torment(torture->ways);
    }
    ck_assert_int_gt(pid, 0);
    *target = torture->living ? pid : dead;
    if (torture->living) {
        dir = ra_proc_open(pid);
        ck_assert(ra_proc_read_start(dir, &start_ticks));
        close(dir);
    }
    strcpy(path, region_path(*target, start_ticks));
    region->header.pid = (uint32_t)*target;
    region->header.sampler_tid = answers;
    write_region(path, region, BUILT_BYTES);
    ck_assert_int_gt(write(go[1], path, sizeof(path)), 0);
    close(go[0]);
    close(go[1]);
    return pid;
}

static void stop(pid_t pid)
{
    int status;

    ck_assert_int_eq(waitpid(pid, &status, WNOHANG), 0); /* it must have been at work till now */
    kill(pid, SIGKILL);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
}

/* Valid UTF-8 in lines, no control characters. */
static void require_printable(const char *text, size_t bytes)
{
    char *clean = malloc(4 * bytes + 1);
    size_t length = 0;

    ck_assert_ptr_nonnull(clean);
    for (const char *line = text; line < text + bytes;) {
        const char *end = memchr(line, '\n', (size_t)(text + bytes - line));
        size_t line_bytes = (size_t)((end == NULL ? text + bytes : end) - line);

        length = ra_text_clean(clean, 4 * bytes + 1, line, line_bytes);
        ck_assert_msg(length == line_bytes, "not printable: %s", clean);
        line += line_bytes + 1;
    }
    free(clean);
}

static void require_text(const char *text)
{
    if (text != NULL) {
        ck_assert_ptr_null(strchr(text, '\n'));
        require_printable(text, strlen(text));
    }
}

static void require_honest(const struct ra_report *report)
{
    require_text(report->process.comm);
    require_text(report->process.command);
    require_text(report->process.ruby_version);
    require_text(report->process.started);
    require_text(report->memory.sample_time);
    ck_assert_uint_le(report->classes_count, 4096);
    ck_assert_uint_le(report->sizes_count, RA_BUCKET_COUNT);
    ck_assert_int_ge(report->totals.live_objects, 0);
    ck_assert_int_ge(report->totals.allocations, 0);
    for (size_t i = 0; i < report->threads_count; i++) {
        require_text(report->threads[i].name);
    }
}

/* One reading. Returns how it went. */
static enum ra_status read_once(pid_t pid)
{
    struct ra_failure why = {0};
    struct ra_reader *reader = NULL;
    struct ra_snapshot *first = NULL;
    struct ra_snapshot *second = NULL;
    struct ra_report *report;
    enum ra_status status = ruby_alloc_reader_open(&reader, pid, &why);

    if (status == RA_OK) {
        status = ruby_alloc_reader_snapshot(reader, 0, &first, &why);
    }
    if (status == RA_OK) {
        status = ruby_alloc_reader_snapshot(reader, 1, &second, &why);
    }
    if (second != NULL) {
        report = ruby_alloc_report_new(second, first);
        ck_assert_ptr_nonnull(report);
        require_honest(report);
        ruby_alloc_report_free(report);
    } else {
        ck_assert_int_ne(why.message[0], '\0');
        require_text(why.message);
    }
    ruby_alloc_snapshot_free(first);
    ruby_alloc_snapshot_free(second);
    ruby_alloc_reader_close(reader);
    return status;
}

static void require_untouched(void)
{
    struct ra_region *found = malloc(BUILT_BYTES + 1);
    int fd = open(precious, O_RDONLY | O_CLOEXEC);
    DIR *stream = opendir(built_dir);
    struct dirent *entry;

    ck_assert_int_eq(read(fd, found, BUILT_BYTES + 1), BUILT_BYTES);
    region->header.pid = 1;
    region->header.sampler_tid = 1;
    ck_assert_int_eq(memcmp(found, region, BUILT_BYTES), 0);
    ck_assert_ptr_nonnull(stream);
    while ((entry = readdir(stream)) != NULL) {
        ck_assert_msg(entry->d_name[0] == '.' || strcmp(entry->d_name, "precious") == 0 ||
                          strcmp(entry->d_name, strrchr(path, '/') + 1) == 0,
                      "who made %s?", entry->d_name);
    }
    closedir(stream);
    close(fd);
    free(found);
}

static void set_up(void)
{
    builder_set_up();
    region = build_region();
    region->header.pid = 1;
    region->header.sampler_tid = 1;
    snprintf(precious, sizeof(precious), "%s/precious", built_dir);
    write_region(precious, region, BUILT_BYTES);
    seed = (unsigned)getpid();
}

static void tear_down(void)
{
    free(region);
    builder_tear_down();
}

static double seconds_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool was_read(const struct torture *torture, const unsigned *found)
{
    return !torture->good || found[RA_OK] + found[RA_TIMEOUT] > 0;
}

static bool was_refused(const struct torture *torture, const unsigned *found)
{
    return torture->ways == TEXTS || found[RA_DAMAGED] > 0;
}

/*
 * The rounds of a dead process don't wait for an answer: all are over in some 20 ms, in which
 * none may meet a whole region, or a broken one. Some more then, until both were come across.
 */
START_TEST(test_reader_stands_it)
{
    const struct torture *torture = &tortures[_i];
    unsigned found[RA_SYSTEM + 1] = {0};
    double deadline = seconds_now() + PATIENCE_SECONDS;
    pid_t target;
    pid_t pid = start(torture, true, &target);

    for (int i = 0; i < ROUNDS || ((!was_read(torture, found) || !was_refused(torture, found)) &&
                                   seconds_now() < deadline);
         i++) {
        double began = seconds_now();

        found[read_once(target)]++;
        ck_assert_double_lt(seconds_now() - began, CALL_SECONDS);
        if (i >= ROUNDS) {
            usleep(random_below(1000));
        }
    }
    stop(pid);
    require_untouched();
    ck_assert_msg(found[RA_DENIED] + found[RA_SYSTEM] == 0, "%u denied, %u refused",
                  found[RA_DENIED], found[RA_SYSTEM]);
    ck_assert_msg(was_read(torture, found), "none was read");
    ck_assert_msg(was_refused(torture, found), "none was refused");
}
END_TEST

/* What a command prints on both outputs, to be freed. *status: its exit status. */
static char *output_of(const char *command, size_t *bytes, int *status)
{
    FILE *stream = popen(command, "r");
    size_t capacity = 4 << 20;
    char *text = malloc(capacity);

    ck_assert_ptr_nonnull(stream);
    ck_assert_ptr_nonnull(text);
    *bytes = fread(text, 1, capacity, stream);
    *status = pclose(stream);
    ck_assert(WIFEXITED(*status));
    *status = WEXITSTATUS(*status);
    return text;
}

START_TEST(test_tool_stands_it)
{
    static const char *const arguments[] = {"--once %d", "--json %d", "--batch -d 0.01 -n 5 %d",
                                            "",          "--json",    "--prune"};
    const struct torture *torture = &tortures[_i];
    pid_t target;
    pid_t pid = start(torture, false, &target);

    for (size_t i = 0; i < TOOL_ROUNDS * sizeof(arguments) / sizeof(arguments[0]); i++) {
        char command[PATH_MAX];
        int status;
        size_t bytes;
        char *text;
        int length = snprintf(command, sizeof(command),
                              "exec 2>&1; LC_ALL=C.UTF-8 timeout %d '%s/ruby_alloc_top' ",
                              CALL_SECONDS, getenv("RUBY_ALLOC_BUILD"));

        snprintf(command + length, sizeof(command) - (size_t)length,
                 arguments[i % (sizeof(arguments) / sizeof(arguments[0]))], (int)target);
        text = output_of(command, &bytes, &status);
        ck_assert_msg(status == 0 || status == 1 || status == 3 || status == 5 || status == 6,
                      "%s: exit status %d: %.500s", command, status, text);
        require_printable(text, bytes);
        free(text);
    }
    stop(pid);
    require_untouched();
}
END_TEST

static void add(Suite *suite, const char *name, const TTest *test)
{
    TCase *test_case = tcase_create(name);

    tcase_set_timeout(test_case, TEST_SECONDS);
    tcase_add_checked_fixture(test_case, set_up, tear_down);
    tcase_add_loop_test(test_case, test, 0, (int)(sizeof(tortures) / sizeof(tortures[0])));
    suite_add_tcase(suite, test_case);
}

int main(void)
{
    Suite *suite = suite_create("hostile");

    add(suite, "reader", test_reader_stands_it);
    add(suite, "tool", test_tool_stands_it);
    return run_suite(suite);
}
