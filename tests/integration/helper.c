/* Starting victims and talking to them: see helper.h. */
#include "helper.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ENVIRONMENT_MAX = 32, POLL_MS = 5 };

static const char *path_in(const char *variable, const char *fallback, const char *name)
{
    static char paths[4][PATH_BYTES];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    const char *given = getenv(variable);
    char directory[PATH_BYTES];

    ck_assert_msg(realpath(given != NULL ? given : fallback, directory) != NULL,
                  "there is no %s directory", variable);
    ck_assert_int_lt(snprintf(path, PATH_BYTES, "%s/%s", directory, name), PATH_BYTES);
    return path;
}

const char *build_path(const char *name)
{
    return path_in("RUBY_ALLOC_BUILD", "build", name);
}

const char *temporary_path(const char *name)
{
    return path_in("TEST_DIR", "/tmp", name);
}

static double seconds_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void make_pipe(int ends[2])
{
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
}

/* In the child: descriptors 0, 1, 3 and 4 become those of the channels. Never returns. */
static void become(const int ends[4], char **environment, const char *const *arguments)
{
    static const struct rlimit no_core = {0, 0};
    int moved[4];

    setrlimit(RLIMIT_CORE, &no_core);
    for (int i = 0; i < 4; i++) {
        moved[i] = fcntl(ends[i], F_DUPFD_CLOEXEC, 10);
    }
    for (int i = 0; i < 4; i++) {
        dup2(moved[i], i < 2 ? i : i + 1);
    }
    execvpe(arguments[0], (char **)arguments, environment);
    _exit(127);
}

static size_t fill_environment(char **list, const char *preload, const char *const *given)
{
    static char preload_text[PATH_BYTES + 16];
    static char home[] = "HOME=/", locale[] = "LANG=C.UTF-8", path[PATH_BYTES], backend[64];
    size_t count = 0;

    snprintf(path, sizeof path, "PATH=%s", getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin");
    list[count++] = path;
    list[count++] = home;
    list[count++] = locale;
    if (preload != NULL) {
        bool ours = strcmp(preload, PRELOAD_OURS) == 0;

        snprintf(preload_text, sizeof preload_text, "LD_PRELOAD=%s",
                 ours ? build_path("libruby_alloc.so") : preload);
        list[count++] = preload_text;
    }
    if (getenv("RUBY_ALLOC_BACKEND") != NULL) {
        snprintf(backend, sizeof backend, "RUBY_ALLOC_BACKEND=%s", getenv("RUBY_ALLOC_BACKEND"));
        list[count++] = backend;
    }
    for (; given != NULL && *given != NULL && count < ENVIRONMENT_MAX; given++) {
        list[count++] = (char *)*given;
    }
    list[count] = NULL;
    return count;
}

void spawn(struct victim *victim, const char *preload, const char *const *environment,
           const char *const *arguments)
{
    char *list[ENVIRONMENT_MAX + 1];
    int in[2], out[2], child_in[2], child_out[2];

    memset(victim, 0, sizeof *victim);
    signal(SIGPIPE, SIG_IGN);
    fill_environment(list, preload, environment);
    make_pipe(in);
    make_pipe(out);
    make_pipe(child_in);
    make_pipe(child_out);
    victim->pid = fork();
    ck_assert_int_ge(victim->pid, 0);
    if (victim->pid == 0) {
        signal(SIGPIPE, SIG_DFL);
        become((int[]){in[0], out[1], child_in[0], child_out[1]}, list, arguments);
    }
    close(in[0]);
    close(out[1]);
    close(child_in[0]);
    close(child_out[1]);
    victim->main.pid = victim->child.pid = victim->pid;
    victim->main.in = in[1];
    victim->main.out = out[0];
    victim->child.in = child_in[1];
    victim->child.out = child_out[0];
}

void victim_start(struct victim *victim, const char *script, const char *child_script,
                  const char *malloc_conf)
{
    char directory[PATH_BYTES + 32], conf[1024];
    const char *environment[] = {directory, "RUBY_ALLOC_ALL=1", malloc_conf ? conf : NULL, NULL};
    const char *arguments[] = {build_path("tests/integration/victim"), script, child_script, NULL};

    snprintf(directory, sizeof directory, "RUBY_ALLOC_DIR=%s", temporary_path(""));
    directory[strlen(directory) - 1] = 0;
    snprintf(conf, sizeof conf, "MALLOC_CONF=%s", malloc_conf ? malloc_conf : "");
    setenv("RUBY_ALLOC_DIR", strchr(directory, '=') + 1, 1);
    spawn(victim, PRELOAD_OURS, environment, arguments);
    channel_ready(&victim->main);
}

void channel_ready(struct channel *channel)
{
    static const char mark[] = "ready\n";
    size_t mark_length = sizeof mark - 1;
    double deadline = seconds_now() + WAIT_SECONDS;

    channel->length = 0;
    for (;;) {
        struct pollfd wait = {.fd = channel->out, .events = POLLIN};
        size_t room = sizeof channel->text - 1 - channel->length;
        ssize_t n;

        ck_assert_msg(seconds_now() < deadline, "not ready after %d s, having said \"%.*s\": %s",
                      WAIT_SECONDS, (int)channel->length, channel->text,
                      what_it_does(channel->pid));
        ck_assert_msg(room > 0, "the process says too much");
        if (poll(&wait, 1, 100) <= 0) {
            continue;
        }
        n = read(channel->out, channel->text + channel->length, room);
        ck_assert_msg(n > 0, "the process ended early; it said: %.*s", (int)channel->length,
                      channel->text);
        channel->length += (size_t)n;
        channel->text[channel->length] = 0;
        if (channel->length >= mark_length &&
            strcmp(channel->text + channel->length - mark_length, mark) == 0) {
            channel->length -= mark_length;
            channel->text[channel->length] = 0;
            return;
        }
    }
}

void channel_step(struct channel *channel)
{
    ck_assert_int_eq(write(channel->in, "\n", 1), 1);
    channel_ready(channel);
}

void victim_step(struct victim *victim)
{
    channel_step(&victim->main);
}

int victim_end(struct victim *victim)
{
    double deadline = seconds_now() + WAIT_SECONDS;
    int status;
    pid_t ended;

    close(victim->main.in);
    close(victim->child.in);
    while ((ended = waitpid(victim->pid, &status, WNOHANG)) == 0) {
        if (seconds_now() > deadline) {
            kill(victim->pid, SIGKILL);
            ck_abort_msg("the process did not end");
        }
        poll(NULL, 0, POLL_MS);
    }
    ck_assert_int_eq(ended, victim->pid);
    close(victim->main.out);
    close(victim->child.out);
    return status;
}

void victim_finish(struct victim *victim)
{
    int status = victim_end(victim);

    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "wait status %#x", status);
}

size_t numbers_in(const struct channel *channel, size_t *numbers, size_t max)
{
    size_t count = 0;

    for (const char *p = channel->text; *p != 0 && count < max;) {
        numbers[count++] = strtoul(p, NULL, 10);
        p += strcspn(p, "\n");
        p += *p == '\n';
    }
    return count;
}

int run_suite(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    int failed;

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}

void add_case(Suite *suite, const char *name, const TTest *test, int count)
{
    TCase *tcase = tcase_create(name);

    tcase_set_timeout(tcase, TEST_SECONDS);
    tcase_add_loop_test(tcase, test, 0, count);
    suite_add_tcase(suite, tcase);
}
