/*
 * A thread that libc doesn't know: what libc's code finds there, and what is gone on with when
 * it is made again, in the process and in a forked child.
 */
#include <check.h>
#include <errno.h>
#include <locale.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "shim/road.h"
#include "shim/system.h"
#include "shim/tls.h"
#include "shim/unlisted.h"
#include "suite.h"

enum { WAIT_MS = 10000, FIRST = 42 };

/* glibc's; what its mutexes go by. Older ones lack it. */
extern char __libc_single_threaded __attribute__((weak));

static __thread int own = FIRST;
static pthread_mutex_t mutex = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static pthread_key_t key;

/* What the thread found. */
static struct {
    int own, tid, processor, owner;
    char text[32];
    uint64_t blocked;
    bool specific;
    uint32_t go_on;
} seen;

static void look(void)
{
    uselocale(LC_GLOBAL_LOCALE);
    seen.own = own++;
    seen.tid = (int)ra_system_thread();
    seen.processor = sched_getcpu();
    pthread_mutex_lock(&mutex);
    pthread_mutex_lock(&mutex);
    seen.owner = mutex.__data.__owner;
    pthread_mutex_unlock(&mutex);
    pthread_mutex_unlock(&mutex);
    snprintf(seen.text, sizeof seen.text, "%d %.2f %s", FIRST, 0.25, "words");
    seen.specific = pthread_getspecific(key) != NULL;
    pthread_setspecific(key, &seen);
    ra_system(SYS_rt_sigprocmask, 0, 0, (long)&seen.blocked, sizeof seen.blocked, 0, 0);
    while (__atomic_load_n(&seen.go_on, __ATOMIC_ACQUIRE) == 0) {
        sched_yield();
    }
    ra_unlisted_leave();
}

static void make(void)
{
    memset(&seen, 0, sizeof seen);
    ck_assert_int_eq(ra_unlisted_make(look), 0);
    ck_assert(ra_unlisted_is_there());
    ck_assert_int_eq(ra_unlisted_make(look), EBUSY);
    ck_assert(!ra_unlisted_await_end(1));
    __atomic_store_n(&seen.go_on, 1, __ATOMIC_RELEASE);
    ck_assert(ra_unlisted_await_end(WAIT_MS));
    ck_assert(ra_unlisted_await_burial(WAIT_MS));
    ck_assert(!ra_unlisted_is_there());
}

/* own: in how many threads before it its data has been. */
static void require_seen(int before)
{
    ck_assert_int_eq(seen.own, FIRST + before);
    ck_assert_int_ne(seen.tid, (int)ra_system_thread());
    ck_assert_int_eq(seen.owner, seen.tid);
    ck_assert_int_ge(seen.processor, 0);
    ck_assert_str_eq(seen.text, "42 0.25 words");
    ck_assert_int_eq(seen.specific, before > 0);
    ck_assert_uint_eq(seen.blocked, ~(UINT64_C(1) << 8 | UINT64_C(1) << 18)); /* KILL, STOP */
}

static void learn(void)
{
    ra_road_find();
    ck_assert_int_eq(pthread_key_create(&key, NULL), 0);
    ck_assert_int_eq(ra_tls_learn(), 0);
    ck_assert_msg(!&__libc_single_threaded || !__libc_single_threaded,
                  "libc must know that there is more than one thread");
}

START_TEST(test_made_again)
{
    learn();
    make();
    require_seen(0);
    make();
    require_seen(1);
    ck_assert_int_eq(own, FIRST);
}
END_TEST

START_TEST(test_new_in_a_child)
{
    int status;

    learn();
    make();
    pid_t child = fork();
    if (child == 0) {
        make();
        require_seen(0);
        make();
        require_seen(1);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    make();
    require_seen(1);
}
END_TEST

/* A parent's thread that goes on is none of the child's. */
START_TEST(test_forked_meanwhile)
{
    int status;

    learn();
    memset(&seen, 0, sizeof seen);
    ck_assert_int_eq(ra_unlisted_make(look), 0);
    pid_t child = fork();
    if (child == 0) {
        _exit(ra_unlisted_is_there() || !ra_unlisted_await_end(0));
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    __atomic_store_n(&seen.go_on, 1, __ATOMIC_RELEASE);
    ck_assert(ra_unlisted_await_end(WAIT_MS));
}
END_TEST

START_TEST(test_not_learnt)
{
    ck_assert(!ra_tls_is_known());
    ck_assert_int_eq(ra_unlisted_make(look), ENOSYS);
    ck_assert(!ra_unlisted_is_there());
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("unlisted");
    TCase *tests = tcase_create("unlisted");

    tcase_add_test(tests, test_made_again);
    tcase_add_test(tests, test_new_in_a_child);
    tcase_add_test(tests, test_forked_meanwhile);
    tcase_add_test(tests, test_not_learnt);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
