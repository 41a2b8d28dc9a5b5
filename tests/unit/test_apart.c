/*
 * Work apart: results, deadlines, ends, and what a worker has of its caller.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reader/apart.h"

#include "suite.h"

enum { BYTES = 1 << 20 };

static struct ra_apart apart;

static int answer(void *context)
{
    *(int *)context += 1;
    return 7;
}

static int refuse(void *context)
{
    (void)context;
    return -EACCES;
}

static int crash(void *context)
{
    (void)context;
    signal(SIGSEGV, SIG_DFL);
    raise(SIGSEGV);
    return 0;
}

/* Leaves its pid, and goes on until it is ended. */
static int go_on(void *context)
{
    *(volatile pid_t *)context = getpid();
    for (;;) {
        pause();
    }
    return 0;
}

static int count_open(void *context)
{
    int count = 0;

    (void)context;
    for (int fd = 0; fd < 64; fd++) {
        count += fcntl(fd, F_GETFD) >= 0;
    }
    return count;
}

static int do_apart(int (*work)(void *), void *context)
{
    int result = ra_apart_begin(&apart, work, context, 20);

    ck_assert_int_eq(result, 0);
    result = ra_apart_wait(&apart, 10000);
    ra_apart_end(&apart);
    return result;
}

START_TEST(test_results)
{
    int *shared = ra_apart_memory(BYTES);

    ck_assert_ptr_nonnull(shared);
    ck_assert_int_eq(shared[0], 0);
    ck_assert_int_eq(do_apart(answer, &shared[0]), 7);
    ck_assert_int_eq(shared[0], 1);
    ck_assert_int_eq(do_apart(refuse, NULL), -EACCES);
    ck_assert_int_eq(do_apart(crash, NULL), -EIO);
    ck_assert_int_eq(do_apart(count_open, NULL), 1);
    /* No child is left to be waited for. */
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
    ck_assert_int_eq(errno, ECHILD);
    ra_apart_free(shared, BYTES);
}
END_TEST

/* It is let go of in time, ends itself, and changes nothing of what was kept. */
START_TEST(test_deadline)
{
    pid_t *shared = ra_apart_memory(BYTES);
    pid_t worker;

    ck_assert_int_eq(ra_apart_begin(&apart, go_on, shared, 1), 0);
    ck_assert_int_eq(ra_apart_wait(&apart, 0), -ETIMEDOUT);
    while ((worker = *(volatile pid_t *)shared) == 0) {
        usleep(1000);
    }
    ck_assert_int_eq(ra_apart_wait(&apart, 20), -ETIMEDOUT);
    strcpy((char *)&shared[1], "text");
    ck_assert_int_eq(ra_apart_keep(shared, BYTES, 64), 0);
    ck_assert_int_eq(shared[0], worker);
    ck_assert_str_eq((char *)&shared[1], "text");
    ck_assert_int_eq(ra_apart_wait(&apart, 10000), -EIO);
    ra_apart_end(&apart);
    while (kill(worker, 0) == 0) {
        usleep(1000);
    }
    ra_apart_free(shared, BYTES);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("apart");
    TCase *tests = tcase_create("apart");

    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, test_results);
    tcase_add_test(tests, test_deadline);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
