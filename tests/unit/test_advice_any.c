/* The report's advice over time, and for figures that no process has. */
#include "advice_builder.h"

static const struct {
    uint64_t nanoseconds;
    bool speaks;
} ages[] = {{30 * SECOND - 1, false}, {30 * SECOND, true}, {3600 * SECOND, true}};

static struct ra_report *report_growth(uint64_t nanoseconds)
{
    struct ra_snapshot *before = snapshot;
    struct ra_report *report;

    take();
    snapshot->device = before->device;
    snapshot->inode = before->inode;
    before->monotonic_ns = snapshot->monotonic_ns;
    snapshot->monotonic_ns += nanoseconds;
    snapshot->image.sample.monotonic_ns = snapshot->monotonic_ns;
    report = ruby_alloc_report_new(snapshot, before);
    ruby_alloc_snapshot_free(before);
    ck_assert_ptr_nonnull(report);
    return report;
}

START_TEST(test_advice_growth)
{
    static const struct ra_report_advice grown[] = {
        {"growth",
         "16.0MiB more is live than 30 s ago, most in class 1024: perhaps a leak, if GC.start "
         "does not free it",
         NONE},
        LIVE("80%", "class 1024"),
        {0}};
    struct ra_report *report;

    region->slots[0].alloc[ra_bucket_of(1024)] = 64 * KIB;
    take();
    region->slots[0].alloc[ra_bucket_of(1024)] = 80 * KIB;
    report = report_growth(ages[_i].nanoseconds);
    if (ages[_i].nanoseconds == 30 * SECOND) {
        check_rows(report, grown);
    }
    ck_assert_int_eq(strcmp(report->advice[0].id, "growth") == 0, ages[_i].speaks);
    ruby_alloc_report_free(report);
}
END_TEST

/* Of 100 MiB of RSS 5 % are 5120 objects of 1024 bytes. */
static const struct {
    uint64_t objects;
    bool speaks;
} amounts[] = {{5119, false}, {5120, true}};

START_TEST(test_advice_growth_of_just_enough)
{
    struct ra_report *report;

    region->slots[0].alloc[ra_bucket_of(1024)] = 80 * KIB - amounts[_i].objects;
    take();
    region->slots[0].alloc[ra_bucket_of(1024)] = 80 * KIB;
    report = report_growth(30 * SECOND);
    ck_assert_int_eq(strcmp(report->advice[0].id, "growth") == 0, amounts[_i].speaks);
    ruby_alloc_report_free(report);
}
END_TEST

/* Figures of any size ----------------------------------------------------------------- */

static uint64_t any_figure(unsigned *seed)
{
    static const uint64_t figures[] = {
        0, 1, 4096, 5 * MIB, 60 * MIB, 300 * MIB, UINT64_C(1) << 40, INT64_MAX, UINT64_MAX};

    return figures[(unsigned)rand_r(seed) % COUNT_OF(figures)];
}

static void change_any(unsigned *seed)
{
    struct ra_image *image = &snapshot->image;
    int64_t *rollup[] = {&snapshot->rollup.rss, &snapshot->rollup.rss_anon,
                         &snapshot->rollup.lazy_free, &snapshot->rollup.swap};

    for (size_t i = 0; i < RA_STATISTIC_COUNT; i++) {
        image->sample.statistics[i] = any_figure(seed);
    }
    for (size_t i = 0; i < RA_GLIBC_COUNT; i++) {
        image->sample.glibc[i] = any_figure(seed);
    }
    for (size_t i = 0; i < COUNT_OF(rollup); i++) {
        uint64_t figure = any_figure(seed);
        *rollup[i] = figure > INT64_MAX ? RA_UNKNOWN : (int64_t)figure;
    }
    for (size_t i = 0; i < image->arena_count; i++) {
        image->arenas[i].allocated_bytes = any_figure(seed);
        image->arenas[i].active_bytes = any_figure(seed);
    }
    image->own.alloc[ra_bucket_of(1024)] = any_figure(seed);
    image->own.freed[ra_freed_of(1024)] = any_figure(seed);
    image->sample.bins[CLASS_1024].slabs = any_figure(seed);
    image->sample.bins[CLASS_1024].regions = any_figure(seed);
    image->sample.known = (unsigned)rand_r(seed) % 4 != 0 ? UINT32_MAX : (unsigned)rand_r(seed);
    image->header.conf_narenas = any_figure(seed);
    image->header.conf_dirty_decay_ms = (int64_t)any_figure(seed);
    snapshot->state = (enum ra_snapshot_state)(rand_r(seed) % (RA_STATE_DETACHED + 1));
}

/* Returns the rows that promise something. */
static size_t check_promises(const struct ra_report *report)
{
    int64_t rss = report->memory.rss == RA_UNKNOWN ? report->memory.resident : report->memory.rss;
    int64_t last = INT64_MAX, sum = 0;
    size_t promises = 0;

    ck_assert_uint_le(report->advice_count, RA_ADVICE_MAX);
    for (size_t i = 0; i < report->advice_count; i++) {
        const struct ra_report_advice *row = &report->advice[i];

        ck_assert_uint_le(strlen(row->text), 150);
        ck_assert_msg(strchr(row->text, '{') == NULL && strchr(row->text, '\n') == NULL, "%s",
                      row->text);
        if (row->bytes == RA_UNKNOWN) {
            continue;
        }
        ck_assert_int_ge(row->bytes, 0);
        ck_assert_int_le(row->bytes, last);
        last = row->bytes;
        promises++;
        ck_assert(!__builtin_add_overflow(sum, row->bytes, &sum));
    }
    ck_assert(promises == 0 || sum <= rss);
    return promises;
}

START_TEST(test_advice_of_any_figures)
{
    unsigned seed = (unsigned)_i + 1;
    size_t promises = 0;

    libc();
    arenas();
    take();
    snapshot->image.header.flags = _i % 2 ? RA_FLAG_LIBC : 0;
    for (unsigned round = 0; round < 2000; round++) {
        struct ra_report *report;

        change_any(&seed);
        report = ruby_alloc_report_new(snapshot, NULL);
        ck_assert_ptr_nonnull(report);
        promises += check_promises(report);
        ruby_alloc_report_free(report);
    }
    ck_assert_uint_gt(promises, 200);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("advice_any");
    TCase *tcase = tcase_create("advice_any");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 30);
    tcase_add_loop_test(tcase, test_advice_growth, 0, COUNT_OF(ages));
    tcase_add_loop_test(tcase, test_advice_growth_of_just_enough, 0, COUNT_OF(amounts));
    tcase_add_loop_test(tcase, test_advice_of_any_figures, 0, 2);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
