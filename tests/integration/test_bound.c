/* Readers that are bound to a region's file: what they tell once it was removed. */
#include "helper.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ruby_alloc/reader.h"
#include "ruby_alloc/region.h"

static int directory;

/* A reader bound to the region of process pid. */
static struct ra_reader *bind_to(pid_t pid, char path[PATH_BYTES])
{
    struct ra_failure why = {0};
    struct ra_reader *reader;

    directory = open(temporary_path("."), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_ge(directory, 0);
    ck_assert(region_path(temporary_path("."), pid, path));
    ck_assert_msg(ruby_alloc_reader_open_at(&reader, directory, strrchr(path, '/') + 1, &why) ==
                      RA_OK,
                  "%s", why.message);
    return reader;
}

static struct ra_report *read_bound(struct ra_reader *reader)
{
    struct ra_snapshot *snapshot;
    struct ra_failure why = {0};
    enum ra_status status = ruby_alloc_reader_snapshot(reader, RA_SAMPLE_WAIT_MS, &snapshot, &why);
    struct ra_report *report;

    ck_assert_msg(status == RA_OK, "%s", why.message);
    report = ruby_alloc_report_new(snapshot, NULL);
    ck_assert_ptr_nonnull(report);
    ruby_alloc_snapshot_free(snapshot);
    return report;
}

static void require_state(struct ra_reader *reader, const char *state, int64_t allocations)
{
    struct ra_report *report = read_bound(reader);

    ck_assert_str_eq(report->process.state, state);
    ck_assert_int_eq(report->totals.allocations, allocations);
    ruby_alloc_report_free(report);
}

START_TEST(test_exec_leaves_the_last_state)
{
    struct victim victim;
    char path[PATH_BYTES];

    victim_start(&victim, "malloc:1000:40 / exec", "malloc:10:40 / /", NULL);
    struct ra_reader *reader = bind_to(victim.pid, path);
    struct ra_report *before = report_of(victim.pid);
    ck_assert(!ruby_alloc_reader_has_ended(reader));
    require_state(reader, "running", before->totals.allocations);

    victim_step(&victim);
    ck_assert(ruby_alloc_reader_has_ended(reader));
    require_state(reader, "exited", before->totals.allocations);
    struct ra_report *after = report_of(victim.pid);
    ck_assert_int_eq(before->totals.allocations - after->totals.allocations, 990);
    ruby_alloc_report_free(before);
    ruby_alloc_report_free(after);
    ruby_alloc_reader_close(reader);
    victim_finish(&victim);
    close(directory);
}
END_TEST

START_TEST(test_removed_file_is_read_on)
{
    struct victim victim;
    char path[PATH_BYTES];

    victim_start(&victim, "malloc:1000:40 / malloc:7:40 / /", NULL, NULL);
    struct ra_reader *reader = bind_to(victim.pid, path);
    struct ra_report *before = report_of(victim.pid);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert(!ruby_alloc_reader_has_ended(reader));
    victim_step(&victim);
    require_state(reader, "running", before->totals.allocations + 7);

    kill(victim.pid, SIGKILL);
    victim_end(&victim);
    ck_assert(ruby_alloc_reader_has_ended(reader));
    require_state(reader, "exited", before->totals.allocations + 7);
    ruby_alloc_report_free(before);
    ruby_alloc_reader_close(reader);
    close(directory);
}
END_TEST

static void require_refusal(const char *name, enum ra_status status)
{
    struct ra_failure why = {0};
    struct ra_reader *reader = (struct ra_reader *)&why;

    ck_assert_int_eq(ruby_alloc_reader_open_at(&reader, directory, name, &why), status);
    ck_assert_int_eq(why.status, status);
    ck_assert_str_ne(why.message, "");
    ck_assert_ptr_null(reader);
}

START_TEST(test_what_is_no_region_is_refused)
{
    static const char name[] = RA_REGION_PREFIX "1.2.3", other[] = RA_REGION_PREFIX "1.2.4";

    directory = open(temporary_path("."), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_ge(directory, 0);
    require_refusal(name, RA_ABSENT);
    require_refusal("../" RA_REGION_PREFIX "1.2.3", RA_DAMAGED);
    require_refusal(RA_REGION_PREFIX "1", RA_DAMAGED);
    ck_assert_int_eq(mkdirat(directory, name, 0700), 0);
    require_refusal(name, RA_DAMAGED);
    ck_assert_int_eq(unlinkat(directory, name, AT_REMOVEDIR), 0);
    ck_assert_int_eq(symlinkat("/etc/passwd", directory, name), 0);
    require_refusal(name, RA_DAMAGED);
    ck_assert_int_eq(unlinkat(directory, name, 0), 0);
    close(openat(directory, name, O_WRONLY | O_CREAT | O_EXCL, 0600));
    ck_assert_int_eq(linkat(directory, name, directory, other, 0), 0);
    require_refusal(name, RA_DAMAGED);
    unlinkat(directory, name, 0);
    unlinkat(directory, other, 0);
    close(directory);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("bound");

    add_case(suite, "exec", test_exec_leaves_the_last_state, 1);
    add_case(suite, "removed", test_removed_file_is_read_on, 1);
    add_case(suite, "refused", test_what_is_no_region_is_refused, 1);
    return run_suite(suite);
}
