#include "statistics.h"

#include "glibc.h"

enum { MIB_PARTS = 8 };

/* By number: names would be parsed anew at every sample. */
static bool read_number(const char *name, uint64_t *value)
{
    size_t mib[MIB_PARTS], parts = MIB_PARTS;
    size_t number = 0, length = sizeof number;

    if (!ra_road.mallctlnametomib || ra_road.mallctlnametomib(name, mib, &parts) != 0 ||
        ra_road.mallctlbymib(mib, parts, &number, &length, NULL, 0) != 0) {
        return false;
    }
    *value = number;
    return true;
}

void ra_statistics_read(struct ra_statistics *statistics)
{
    uint64_t epoch = 1;
    size_t length = sizeof epoch;

    if (ra_backend == RA_BACKEND_LIBC) {
        ra_glibc_read(statistics);
        return;
    }
    *statistics = (struct ra_statistics){0};
    if (!ra_road.mallctl || ra_road.mallctl("epoch", &epoch, &length, &epoch, sizeof epoch) != 0) {
        return;
    }
#define READ(name, control)                                                                        \
    if (read_number(control, &statistics->values[RA_STATISTIC_##name])) {                          \
        statistics->known |= 1u << RA_STATISTIC_##name;                                            \
    }
    RA_STATISTICS(READ)
}

/* One number of each small class; the class is the fifth part of the name. */
static void read_column(const char *name, struct ra_bin *bins, unsigned count, size_t offset)
{
    size_t mib[MIB_PARTS], parts = MIB_PARTS;

    if (!ra_road.mallctlnametomib || ra_road.mallctlnametomib(name, mib, &parts) != 0) {
        return;
    }
    for (unsigned i = 0; i < count; i++) {
        size_t number = 0, length = sizeof number;

        mib[4] = i;
        ra_road.mallctlbymib(mib, parts, &number, &length, NULL, 0);
        *(uint64_t *)((char *)&bins[i] + offset) = number;
    }
}

void ra_statistics_read_bins(struct ra_bin *bins, unsigned count)
{
    read_column("stats.arenas.4096.bins.0.curslabs", bins, count, offsetof(struct ra_bin, slabs));
    read_column("stats.arenas.4096.bins.0.curregs", bins, count, offsetof(struct ra_bin, regions));
}
