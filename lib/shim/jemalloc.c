#include "jemalloc.h"

#include <string.h>

enum ra_counters ra_counters;
intptr_t ra_allocated_distance;
intptr_t ra_deallocated_distance;
uint16_t ra_natural[RA_SMALL_COUNT];

bool ra_jemalloc_read(const char *name, void *value, size_t bytes)
{
    size_t length = bytes;

    return ra_road.mallctl && ra_road.mallctl(name, value, &length, NULL, 0) == 0 &&
           length == bytes;
}

size_t ra_jemalloc_page_bytes(void)
{
    size_t page = 0;

    ra_jemalloc_read("arenas.page", &page, sizeof page);
    return page;
}

/* Store the distance if none is known yet; false if another one is. 0 is none: no counter lies
 * at the thread pointer itself. */
static bool agree(intptr_t *known, intptr_t distance)
{
    intptr_t before = 0;

    return __atomic_compare_exchange_n(known, &before, distance, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_ACQUIRE) ||
           before == distance;
}

/*
 * Threads may learn at the same time: each stores what isn't there and compares what is, both
 * distances before it says that they are known. NONE is for good.
 */
static void publish_distances(intptr_t allocated, intptr_t deallocated, bool counters)
{
    enum ra_counters before = RA_COUNTERS_UNKNOWN;
    bool same = agree(&ra_deallocated_distance, deallocated);

    same = agree(&ra_allocated_distance, allocated) && same;
    if (same && counters) {
        __atomic_compare_exchange_n(&ra_counters, &before, RA_COUNTERS_KNOWN, false,
                                    __ATOMIC_RELEASE, __ATOMIC_RELAXED);
    } else {
        __atomic_store_n(&ra_counters, RA_COUNTERS_NONE, __ATOMIC_RELEASE);
    }
}

bool ra_jemalloc_learn_counters(void)
{
    static __thread bool asking;
    const char *base = __builtin_thread_pointer();
    const char *allocated, *deallocated;

    /*
     * The first question makes jemalloc initialise itself, which may allocate through us.
     * A mallctl from there would settle the number of arenas that it keeps statistics of
     * before it has made more than one.
     */
    if (asking) {
        return false;
    }
    asking = true;
    bool counters = ra_jemalloc_read("thread.allocatedp", &allocated, sizeof allocated) &&
                    ra_jemalloc_read("thread.deallocatedp", &deallocated, sizeof deallocated);
    asking = false;

    if (!counters) {
        allocated = deallocated = (const char *)&ra_thread.zero;
    }
    publish_distances(allocated - base, deallocated - base, counters);
    return ra_counters_known();
}

struct ra_jemalloc_column ra_jemalloc_find(const char *name)
{
    struct ra_jemalloc_column column = {.parts = sizeof column.mib / sizeof *column.mib};

    column.found =
        ra_road.mallctlnametomib && ra_road.mallctlnametomib(name, column.mib, &column.parts) == 0;
    return column;
}

bool ra_jemalloc_read_at(struct ra_jemalloc_column *column, size_t index, void *value, size_t bytes)
{
    size_t length = bytes;

    column->mib[2] = index;
    return column->found &&
           ra_road.mallctlbymib(column->mib, column->parts, value, &length, NULL, 0) == 0 &&
           length == bytes;
}

static bool read_small_classes(struct ra_class *classes, unsigned count)
{
    struct ra_jemalloc_column sizes = ra_jemalloc_find("arenas.bin.0.size");
    struct ra_jemalloc_column slabs = ra_jemalloc_find("arenas.bin.0.slab_size");
    struct ra_jemalloc_column counts = ra_jemalloc_find("arenas.bin.0.nregs");

    for (unsigned i = 0; i < count; i++) {
        size_t size, slab;
        uint32_t regions;

        if (!ra_jemalloc_read_at(&sizes, i, &size, sizeof size) ||
            !ra_jemalloc_read_at(&slabs, i, &slab, sizeof slab) ||
            !ra_jemalloc_read_at(&counts, i, &regions, sizeof regions)) {
            return false;
        }
        classes[i] = (struct ra_class){size, (uint32_t)slab, regions};
    }
    return true;
}

static bool read_large_classes(struct ra_class *classes, unsigned count)
{
    struct ra_jemalloc_column sizes = ra_jemalloc_find("arenas.lextent.0.size");

    for (unsigned i = 0; i < count; i++) {
        size_t size;

        if (!ra_jemalloc_read_at(&sizes, i, &size, sizeof size)) {
            return false;
        }
        classes[i] = (struct ra_class){.size_bytes = size};
    }
    return true;
}

/* Every class boundary must be a bucket's, and freed[] must tell small classes apart. */
static bool classes_fit(const struct ra_class *classes, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        size_t size = classes[i].size_bytes;

        if (i > 0 && size <= classes[i - 1].size_bytes) {
            return false;
        }
        if (size <= (size_t)1 << RA_LARGE_LAST_LOG2 && ra_bucket_max(ra_bucket_of(size)) != size) {
            return false;
        }
        if (i > 0 && size <= RA_SMALL_MAX &&
            ra_freed_of(size) == ra_freed_of(classes[i - 1].size_bytes)) {
            return false;
        }
    }
    return count > 0;
}

void ra_jemalloc_fill_natural(const struct ra_class *classes, unsigned count)
{
    unsigned class = 0;

    for (unsigned bucket = 0; bucket < RA_SMALL_COUNT; bucket++) {
        while (class < count && classes[class].size_bytes < ra_bucket_max(bucket)) {
            class ++;
        }
        ra_natural[bucket] = class < count ? (uint16_t)classes[class].size_bytes : 0;
    }
}

static bool describe_classes(struct ra_image *image)
{
    struct ra_header *header = &image->header;
    uint32_t bins = 0, large = 0;

    ra_jemalloc_read("arenas.nbins", &bins, sizeof bins);
    ra_jemalloc_read("arenas.nlextents", &large, sizeof large);
    if (bins > RA_BIN_MAX || large > RA_CLASS_MAX - bins ||
        !read_small_classes(image->classes, bins) ||
        !read_large_classes(image->classes + bins, large)) {
        return false;
    }
    header->class_count = bins + large;
    header->bin_count = bins;
    if (!classes_fit(image->classes, header->class_count)) {
        return false;
    }
    ra_jemalloc_fill_natural(image->classes, header->class_count);
    return true;
}

static void describe_settings(struct ra_header *header)
{
    bool background = false, tcache = false, prof = false;
    unsigned arenas = 0;
    intptr_t dirty = 0, muzzy = 0;

    if (ra_jemalloc_read("opt.narenas", &arenas, sizeof arenas) &&
        ra_jemalloc_read("opt.dirty_decay_ms", &dirty, sizeof dirty) &&
        ra_jemalloc_read("opt.muzzy_decay_ms", &muzzy, sizeof muzzy)) {
        header->conf_flags |= RA_CONF_KNOWN;
    }
    ra_jemalloc_read("background_thread", &background, sizeof background);
    ra_jemalloc_read("opt.tcache", &tcache, sizeof tcache);
    ra_jemalloc_read("opt.prof", &prof, sizeof prof);
    header->conf_flags |= (background ? RA_CONF_BACKGROUND_THREAD : 0) |
                          (tcache ? RA_CONF_TCACHE : 0) | (prof ? RA_CONF_PROF : 0);
    header->conf_narenas = arenas < RA_JEMALLOC_ARENAS_MAX ? arenas : RA_JEMALLOC_ARENAS_MAX;
    header->conf_dirty_decay_ms = dirty;
    header->conf_muzzy_decay_ms = muzzy;
}

bool ra_jemalloc_describe(struct ra_image *image)
{
    const char *version = "";
    size_t page = ra_jemalloc_page_bytes();

    ra_jemalloc_read("version", &version, sizeof version);
    strncpy(image->header.jemalloc_version, version, RA_VERSION_BYTES - 1);
    image->header.page_bytes = (uint32_t)page;
    describe_settings(&image->header);
    return describe_classes(image);
}
