/*
 * glibc's introspection calls, answered from jemalloc: glibc's own heap is empty here
 * and would say so. Where libc is behind us they are forwarded as all others are.
 */
#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>

#include "entry.h"
#include "glibc.h"
#include "statistics.h"

RA_EXPORT int malloc_trim(size_t pad);
RA_EXPORT struct mallinfo mallinfo(void);
RA_EXPORT struct mallinfo2 mallinfo2(void);
RA_EXPORT void malloc_stats(void);
RA_EXPORT int malloc_info(int options, FILE *stream);
RA_EXPORT int mallopt(int parameter, int value);

static uint64_t known(const struct ra_statistics *statistics, enum ra_statistic index)
{
    return statistics->known & 1u << index ? statistics->values[index] : 0;
}

/* Purges every arena. pad is glibc's notion: bytes to keep at the top of its one heap. */
int malloc_trim(size_t pad)
{
    int error = errno;
    struct ra_statistics before, after;

    (void)ra_forwards();
    if (ra_glibc.malloc_trim) {
        return ra_glibc.malloc_trim(pad);
    }
    ra_statistics_read(&before);
    if (ra_road.mallctl) {
        ra_road.mallctl("arena.4096.purge", NULL, NULL, NULL, 0);
    }
    ra_statistics_read(&after);
    errno = error;
    return known(&after, RA_STATISTIC_dirty_pages) + known(&after, RA_STATISTIC_muzzy_pages) <
           known(&before, RA_STATISTIC_dirty_pages) + known(&before, RA_STATISTIC_muzzy_pages);
}

struct mallinfo2 mallinfo2(void)
{
    int error = errno;
    struct ra_statistics statistics;
    struct mallinfo2 info = {0};

    (void)ra_forwards();
    if (ra_glibc.mallinfo2) {
        return ra_glibc.mallinfo2();
    }
    ra_statistics_read(&statistics);
    info.arena = known(&statistics, RA_STATISTIC_mapped);
    info.uordblks = known(&statistics, RA_STATISTIC_allocated);
    info.fordblks = info.arena > info.uordblks ? info.arena - info.uordblks : 0;
    info.keepcost = (known(&statistics, RA_STATISTIC_dirty_pages) +
                     known(&statistics, RA_STATISTIC_muzzy_pages)) *
                    ra_jemalloc_page_bytes();
    errno = error;
    return info;
}

/* The old form has ints: a value beyond them is cut off, as in glibc. */
struct mallinfo mallinfo(void)
{
    (void)ra_forwards();
    if (ra_glibc.mallinfo) {
        return ra_glibc.mallinfo();
    }
    struct mallinfo2 wide = mallinfo2();
    return (struct mallinfo){.arena = (int)wide.arena,
                             .uordblks = (int)wide.uordblks,
                             .fordblks = (int)wide.fordblks,
                             .keepcost = (int)wide.keepcost};
}

/* On stderr, as the manual page says: the application asked for it. */
void malloc_stats(void)
{
    (void)ra_forwards();
    if (ra_glibc.malloc_stats) {
        ra_glibc.malloc_stats();
    } else if (ra_road.malloc_stats_print) {
        ra_road.malloc_stats_print(NULL, NULL, NULL);
    }
}

int malloc_info(int options, FILE *stream)
{
    struct ra_statistics statistics;
    const char *version = "";

    (void)ra_forwards();
    if (ra_glibc.malloc_info) {
        return ra_glibc.malloc_info(options, stream);
    }
    if (options != 0) {
        return EINVAL; /* not by errno: as in glibc */
    }
    ra_statistics_read(&statistics);
    ra_jemalloc_read("version", &version, sizeof version);
    fprintf(stream, "<malloc version=\"jemalloc %s\">\n", version);
#define PRINT(name, control)                                                                       \
    if (statistics.known & 1u << RA_STATISTIC_##name) {                                            \
        fprintf(stream, "<total type=\"" #name "\" size=\"%" PRIu64 "\"/>\n",                      \
                statistics.values[RA_STATISTIC_##name]);                                           \
    }
    RA_STATISTICS(PRINT)
    return fprintf(stream, "</malloc>\n") < 0 ? -1 : 0;
}

/* glibc's parameters mean nothing to jemalloc. 1 is its answer to one that it accepts. */
int mallopt(int parameter, int value)
{
    (void)ra_forwards();
    return ra_glibc.mallopt ? ra_glibc.mallopt(parameter, value) : 1;
}
