/*
 * Having a process act, against regions made by hand: what is written there, what is made
 * of each answer, and of none.
 */
#include "reader_case.h"

#include "ruby_alloc/region.h"

static struct ra_region *mapped;
static struct ra_acted acted;
static pthread_t helper;

/* What the helper thread, which stands for the sampler, is to answer. */
static struct {
    int32_t error;
    uint64_t value, threads;
    uint32_t done; /* added to what was asked */
    bool cut;      /* cut the file off instead */
} answer;
static struct ra_action seen;

static void *answer_once(void *unused)
{
    struct ra_action *action = &mapped->header.action;
    uint32_t before = action->done;

    while (__atomic_load_n(&action->asked, __ATOMIC_ACQUIRE) == before) {
        syscall(SYS_futex, &mapped->header.request, FUTEX_WAIT, mapped->header.request,
                &(struct timespec){.tv_nsec = 1000000}, NULL, 0);
    }
    if (answer.cut) {
        ck_assert_int_eq(truncate(region_path(getpid(), own_start()), 100), 0);
        return unused;
    }
    seen = *action;
    action->error = answer.error;
    action->value += answer.value;
    action->threads = answer.threads;
    __atomic_store_n(&action->done, action->asked + answer.done, __ATOMIC_RELEASE);
    return unused;
}

static void open_own(void)
{
    region->header.sampler_tid = 1;
    region->header.action.asked = region->header.action.done = 41;
    region->header.action.value = 7;
    mapped = map_own_region();
    expect_open(getpid(), RA_OK, NULL);
}

static void expect_act(uint32_t action, int64_t argument, int wait_ms, enum ra_status status,
                       const char *part)
{
    enum ra_status found = ruby_alloc_reader_act(reader, action, argument, wait_ms, &acted, &why);

    ck_assert_msg(found == status, "status %d, expected %d: %s", found, status, why.message);
    if (status != RA_OK) {
        ck_assert_int_eq(why.status, status);
        expect_message(part);
    }
}

static void act_with_helper(uint32_t action, int64_t argument, enum ra_status status,
                            const char *part)
{
    ck_assert_int_eq(pthread_create(&helper, NULL, answer_once, NULL), 0);
    expect_act(action, argument, 20000, status, part);
    ck_assert_int_eq(pthread_join(helper, NULL), 0);
}

START_TEST(test_asked_and_answered)
{
    uint32_t request;

    open_own();
    request = mapped->header.request;
    act_with_helper(RA_ACTION_decay, -1, RA_OK, NULL);
    ck_assert_uint_eq(seen.asked, 42);
    ck_assert_uint_eq(seen.id, RA_ACTION_decay);
    ck_assert_int_eq(seen.argument, -1);
    ck_assert_uint_eq(mapped->header.request, request + 1);
    ck_assert_uint_eq(acted.threads_asked, 0);
    act_with_helper(RA_ACTION_purge, 0, RA_OK, NULL);
    ck_assert_uint_eq(seen.asked, 43);
}
END_TEST

static const struct {
    uint64_t value, threads, flushed, asked;
} flushes[] = {
    {3, 3, 3, 3},
    {0, 0, 0, 0},
    {2, 5, 2, 5},
    {9, 4, 4, 4},                                    /* more than were asked */
    {1000000, UINT64_MAX, RA_SLOT_MAX, RA_SLOT_MAX}, /* lies */
    {(uint64_t)-3, 2, 2, 2},                         /* fewer than before */
};

START_TEST(test_flushed)
{
    open_own();
    answer.value = flushes[_i].value;
    answer.threads = flushes[_i].threads;
    act_with_helper(RA_ACTION_tcache_flush, 0, RA_OK, NULL);
    ck_assert_uint_eq(acted.threads_flushed, flushes[_i].flushed);
    ck_assert_uint_eq(acted.threads_asked, flushes[_i].asked);
}
END_TEST

static const struct {
    int32_t error;
    const char *message;
} errors[] = {
    {ENOTSUP, "its allocator has nothing of the kind"},
    {EBUSY, "extent hooks of its own"},
    {EINVAL, "takes no such value"},
    {EAGAIN, "Resource temporarily unavailable"},
    {-1, "unknown error"},
    {INT32_MIN, "unknown error"},
    {INT32_MAX, "unknown error"},
};

START_TEST(test_refused)
{
    open_own();
    answer.error = errors[_i].error;
    act_with_helper(RA_ACTION_purge, 0, RA_SYSTEM, errors[_i].message);
}
END_TEST

/* Withdrawn, so that it isn't done behind the back of someone who was told that it wasn't. */
START_TEST(test_no_answer)
{
    open_own();
    expect_act(RA_ACTION_purge, 0, 50, RA_TIMEOUT, "did not answer in time");
    ck_assert_uint_eq(mapped->header.action.asked, 42);
    ck_assert_uint_eq(mapped->header.action.id, RA_ACTION_NONE);
}
END_TEST

START_TEST(test_answer_to_another_request)
{
    open_own();
    answer.done = (uint32_t)(_i == 0 ? -1 : 1);
    ck_assert_int_eq(pthread_create(&helper, NULL, answer_once, NULL), 0);
    expect_act(RA_ACTION_purge, 0, 300, RA_TIMEOUT, "did not answer in time");
    pthread_join(helper, NULL);
}
END_TEST

START_TEST(test_cut_off_meanwhile)
{
    open_own();
    answer.cut = true;
    act_with_helper(RA_ACTION_purge, 0, RA_DAMAGED, "was cut off");
}
END_TEST

static void expect_untouched(void)
{
    ck_assert_uint_eq(mapped->header.action.asked, 41);
    ck_assert_uint_eq(mapped->header.request, 0);
}

START_TEST(test_another_reader_has_the_lock)
{
    struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd;

    open_own();
    fd = open(region_path(getpid(), own_start()), O_RDWR | O_CLOEXEC);
    ck_assert_int_eq(fcntl(fd, F_OFD_SETLK, &range), 0);
    expect_act(RA_ACTION_purge, 0, 50, RA_TIMEOUT, "another program is asking");
    expect_untouched();
    close(fd);
    act_with_helper(RA_ACTION_purge, 0, RA_OK, NULL);
}
END_TEST

START_TEST(test_lock_is_let_go)
{
    struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd;

    open_own();
    fd = open(region_path(getpid(), own_start()), O_RDWR | O_CLOEXEC);
    act_with_helper(RA_ACTION_purge, 0, RA_OK, NULL);
    ck_assert_int_eq(fcntl(fd, F_OFD_SETLK, &range), 0);
    close(fd);
}
END_TEST

static void refuse_with_sampler(uint32_t tid, enum ra_status status, const char *words)
{
    region->header.sampler_tid = tid;
    region->header.action.asked = region->header.action.done = 41;
    mapped = map_own_region();
    expect_open(getpid(), RA_OK, NULL);
    expect_act(RA_ACTION_purge, 0, 20000, status, words);
    expect_untouched();
}

START_TEST(test_nobody_there)
{
    refuse_with_sampler(0, RA_SYSTEM, "no helper thread");
}
END_TEST

START_TEST(test_nobody_wanted)
{
    region->header.flags |= RA_FLAG_ALONE;
    refuse_with_sampler(0, RA_SYSTEM, "started with RUBY_ALLOC_HELPER=0");
}
END_TEST

/* At once, rather than after the time given: nobody would answer. */
START_TEST(test_helper_yet_to_come)
{
    refuse_with_sampler(RA_SAMPLER_LATE, RA_TIMEOUT, "hardly allocated since its fork");
}
END_TEST

/* Whatever says that it is another process's is not written to. */
START_TEST(test_region_of_another)
{
    region->header.pid++;
    open_own();
    expect_act(RA_ACTION_purge, 0, 20000, RA_SYSTEM, "no helper thread");
    expect_untouched();
}
END_TEST

START_TEST(test_detached)
{
    open_own();
    ck_assert_int_eq(munmap(mapped, BUILT_BYTES), 0);
    expect_act(RA_ACTION_purge, 0, 20000, RA_NO_REGION, "no longer counts");
}
END_TEST

START_TEST(test_ended)
{
    pid_t pid = ended_pid();

    region->header.sampler_tid = 1;
    write_region(region_path(pid, 1), region, BUILT_BYTES);
    expect_open(pid, RA_OK, NULL);
    expect_act(RA_ACTION_purge, 0, 20000, RA_ABSENT, "has ended");
}
END_TEST

/* Its owner may read it and not write to it; root may do both, so there is nothing to see. */
START_TEST(test_not_writable)
{
    if (geteuid() == 0) {
        return;
    }
    region->header.sampler_tid = 1;
    region->header.action.asked = region->header.action.done = 41;
    mapped = map_own_region();
    ck_assert_int_eq(chmod(region_path(getpid(), own_start()), 0400), 0);
    expect_open(getpid(), RA_OK, NULL);
    expect_act(RA_ACTION_purge, 0, 20000, RA_DENIED, "only its user and root");
    expect_untouched();
}
END_TEST

START_TEST(test_names)
{
    ck_assert_str_eq(ruby_alloc_action_name(RA_ACTION_purge), "purge");
    ck_assert_str_eq(ruby_alloc_action_name(RA_ACTION_tcache_flush), "tcache_flush");
    ck_assert_ptr_null(ruby_alloc_action_name(RA_ACTION_NONE));
    ck_assert_ptr_null(ruby_alloc_action_name(RA_ACTION_COUNT));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("action");
    TCase *tests = tcase_create("action");

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, test_asked_and_answered);
    tcase_add_loop_test(tests, test_flushed, 0, sizeof flushes / sizeof *flushes);
    tcase_add_loop_test(tests, test_refused, 0, sizeof errors / sizeof *errors);
    tcase_add_test(tests, test_no_answer);
    tcase_add_loop_test(tests, test_answer_to_another_request, 0, 2);
    tcase_add_test(tests, test_cut_off_meanwhile);
    tcase_add_test(tests, test_another_reader_has_the_lock);
    tcase_add_test(tests, test_lock_is_let_go);
    tcase_add_test(tests, test_nobody_there);
    tcase_add_test(tests, test_nobody_wanted);
    tcase_add_test(tests, test_helper_yet_to_come);
    tcase_add_test(tests, test_region_of_another);
    tcase_add_test(tests, test_detached);
    tcase_add_test(tests, test_ended);
    tcase_add_test(tests, test_not_writable);
    tcase_add_test(tests, test_names);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
