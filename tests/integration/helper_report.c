/* Taking reports and comparing them: see helper.h. */
#include "helper.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ruby_alloc/buckets.h"
#include "ruby_alloc/reader.h"
#include "ruby_alloc/region.h"

struct ra_report *report_of(pid_t pid)
{
    struct ra_failure why;
    struct ra_reader *reader;
    struct ra_snapshot *snapshot;
    struct ra_report *report;
    enum ra_status status = ruby_alloc_reader_open(&reader, pid, &why);

    ck_assert_msg(status == RA_OK, "open: %s", why.message);
    status = ruby_alloc_reader_snapshot(reader, WAIT_SECONDS * 1000, &snapshot, &why);
    ck_assert_msg(status == RA_OK, "snapshot: %s; %s", why.message, what_it_does(pid));
    report = ruby_alloc_report_new(snapshot, NULL);
    ck_assert_ptr_nonnull(report);
    ruby_alloc_snapshot_free(snapshot);
    ruby_alloc_reader_close(reader);
    return report;
}

bool advises(const struct ra_report *report, const char *id)
{
    for (size_t i = 0; i < report->advice_count; i++) {
        if (strcmp(report->advice[i].id, id) == 0) {
            return true;
        }
    }
    return false;
}

bool has_region(pid_t pid)
{
    struct ra_failure why;
    struct ra_reader *reader;
    enum ra_status status = ruby_alloc_reader_open(&reader, pid, &why);

    if (status == RA_OK) {
        ruby_alloc_reader_close(reader);
        return true;
    }
    ck_assert_msg(status == RA_NO_REGION || status == RA_ABSENT, "open: %s", why.message);
    ck_assert_uint_gt(strlen(why.message), 0);
    return false;
}

bool region_path(const char *directory, pid_t pid, char path[PATH_BYTES])
{
    DIR *entries = opendir(directory);
    struct dirent *entry;
    char prefix[64];
    bool found = false;

    ck_assert_ptr_nonnull(entries);
    snprintf(prefix, sizeof prefix, RA_REGION_PREFIX "%d.", (int)pid);
    while (!found && (entry = readdir(entries)) != NULL) {
        found = strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
        if (found) {
            snprintf(path, PATH_BYTES, "%s/%s", directory, entry->d_name);
        }
    }
    closedir(entries);
    return found;
}

static void require_equal(const char *what, const char *name, size_t size, int64_t got,
                          int64_t expected)
{
    ck_assert_msg(got == expected, "%s: %s of %zu differ by %" PRId64 ", expected %" PRId64, what,
                  name, size, got, expected);
}

static void require_calls(const struct ra_report_calls *before, const struct ra_report_calls *after,
                          const struct expectation *expected)
{
#define COMPARE(type, name, unit, help)                                                            \
    require_equal(expected->what, "calls." #name, 0, after->name - before->name,                   \
                  expected->calls.name);
    RA_REPORT_CALLS(COMPARE)
#undef COMPARE
}

static void require_totals(const struct ra_report *before, const struct ra_report *after,
                           const struct expectation *expected)
{
    const struct ra_report_totals *old = &before->totals, *new = &after->totals;
    int64_t made = 0, freed = 0, made_bytes = 0, freed_bytes = 0;

    for (size_t i = 0; i < expected->change_count; i++) {
        const struct change *change = &expected->changes[i];

        made += change->made;
        freed += change->freed;
        made_bytes += change->made * (int64_t)change->class_size;
        freed_bytes += change->freed * (int64_t)change->class_size;
    }
    require_equal(expected->what, "totals.allocations", 0, new->allocations - old->allocations,
                  made);
    require_equal(expected->what, "totals.frees", 0, new->frees - old->frees, freed);
    require_equal(expected->what, "totals.live_objects", 0, new->live_objects - old->live_objects,
                  made - freed);
    require_equal(expected->what, "totals.allocated_bytes", 0,
                  new->allocated_bytes - old->allocated_bytes, made_bytes);
    require_equal(expected->what, "totals.freed_bytes", 0, new->freed_bytes - old->freed_bytes,
                  freed_bytes);
    require_equal(expected->what, "memory.live", 0, after->memory.live - before->memory.live,
                  made_bytes - freed_bytes);
}

static struct ra_report_class class_of(const struct ra_report *report, int64_t size)
{
    for (size_t i = 0; i < report->classes_count; i++) {
        if (report->classes[i].size == size) {
            return report->classes[i];
        }
    }
    return (struct ra_report_class){.size = size};
}

static struct ra_report_size size_of(const struct ra_report *report, int64_t min)
{
    for (size_t i = 0; i < report->sizes_count; i++) {
        if (report->sizes[i].min == min) {
            return report->sizes[i];
        }
    }
    return (struct ra_report_size){.min = min};
}

static void require_class(const struct ra_report_class *old, const struct ra_report_class *new,
                          const char *what, int64_t made, int64_t freed)
{
    size_t size = (size_t) new->size;

    require_equal(what, "class allocations", size, new->allocations - old->allocations, made);
    require_equal(what, "class frees", size, new->frees - old->frees, freed);
    require_equal(what, "class live_objects", size, new->live_objects - old->live_objects,
                  made - freed);
    require_equal(what, "class live_bytes", size, new->live_bytes - old->live_bytes,
                  (made - freed) * new->size);
}

static void require_classes(const struct ra_report *before, const struct ra_report *after,
                            const struct expectation *expected)
{
    for (size_t i = 0; i < expected->change_count; i++) {
        int64_t size = (int64_t)expected->changes[i].class_size;

        ck_assert_msg(class_of(after, size).allocations + class_of(after, size).frees > 0,
                      "%s: no row for class %" PRId64, expected->what, size);
    }
    for (size_t i = 0; i < after->classes_count; i++) {
        const struct ra_report_class *new = &after->classes[i];
        struct ra_report_class old = class_of(before, new->size);
        int64_t made = 0, freed = 0;

        for (size_t j = 0; j < expected->change_count; j++) {
            if ((int64_t)expected->changes[j].class_size == new->size) {
                made += expected->changes[j].made;
                freed += expected->changes[j].freed;
            }
        }
        require_class(&old, new, expected->what, made, freed);
        ck_assert_msg(i == 0 || after->classes[i - 1].size < new->size, "classes not ascending");
    }
}

/* Up to RA_SMALL_MAX the reader knows the bucket only. */
static int64_t counted_bytes(size_t requested)
{
    return (int64_t)(requested <= RA_SMALL_MAX ? ra_bucket_max(ra_bucket_of(requested))
                                               : requested);
}

static void require_size(const struct ra_report_size *old, const struct ra_report_size *new,
                         const char *what, int64_t made, int64_t bytes)
{
    unsigned bucket = ra_bucket_of((size_t) new->min);
    size_t min = (size_t) new->min;

    require_equal(what, "size allocations", min, new->allocations - old->allocations, made);
    require_equal(what, "size requested_bytes", min, new->requested_bytes - old->requested_bytes,
                  bytes);
    require_equal(what, "size min", min, new->min, (int64_t)ra_bucket_min(bucket));
    if (made > 0) {
        require_equal(what, "size max", min, new->max, (int64_t)ra_bucket_max(bucket));
    }
}

static void require_sizes(const struct ra_report *before, const struct ra_report *after,
                          const struct expectation *expected)
{
    for (size_t i = 0; i < expected->change_count; i++) {
        const struct change *change = &expected->changes[i];
        int64_t min = (int64_t)ra_bucket_min(ra_bucket_of(change->requested));

        ck_assert_msg(change->made == 0 || size_of(after, min).allocations > 0,
                      "%s: no row for size %zu", expected->what, change->requested);
    }
    for (size_t i = 0; i < after->sizes_count; i++) {
        const struct ra_report_size *new = &after->sizes[i];
        struct ra_report_size old = size_of(before, new->min);
        int64_t made = 0, bytes = 0;

        for (size_t j = 0; j < expected->change_count; j++) {
            const struct change *change = &expected->changes[j];

            if ((int64_t)ra_bucket_min(ra_bucket_of(change->requested)) == new->min) {
                made += change->made;
                bytes += change->made * counted_bytes(change->requested);
            }
        }
        require_size(&old, new, expected->what, made, bytes);
        ck_assert_msg(i == 0 || after->sizes[i - 1].min < new->min, "sizes not ascending");
    }
}

static void require_thread_sums(const struct ra_report *report, const char *what)
{
    int64_t made = 0, freed = 0;

    for (size_t i = 0; i < report->threads_count; i++) {
        made += report->threads[i].allocations;
        freed += report->threads[i].frees;
    }
    require_equal(what, "sum of thread allocations", 0, made, report->totals.allocations);
    require_equal(what, "sum of thread frees", 0, freed, report->totals.frees);
}

void require_difference(const struct ra_report *before, const struct ra_report *after,
                        const struct expectation *expected)
{
    require_calls(&before->calls, &after->calls, expected);
    require_totals(before, after, expected);
    require_classes(before, after, expected);
    require_sizes(before, after, expected);
    require_thread_sums(after, expected->what);
}

void require_class_difference(const struct ra_report *before, const struct ra_report *after,
                              size_t class_size, int64_t made, int64_t freed)
{
    struct ra_report_class old = class_of(before, (int64_t)class_size);
    struct ra_report_class new = class_of(after, (int64_t)class_size);

    require_class(&old, &new, "one class", made, freed);
    require_thread_sums(after, "one class");
}

void require_size_difference(const struct ra_report *before, const struct ra_report *after,
                             size_t requested, int64_t made)
{
    int64_t min = (int64_t)ra_bucket_min(ra_bucket_of(requested));
    struct ra_report_size old = size_of(before, min), new = size_of(after, min);

    require_size(&old, &new, "one size", made, made * counted_bytes(requested));
}
