/* What jemalloc tells of each arena: see arenas.h. */
#include "arenas.h"

#include "glibc.h"
#include "jemalloc.h"

enum { FIGURES = 5, ALL_KNOWN = (1 << FIGURES) - 1 };

/* bit: of ra_arena.known, the same for all that add up to one figure. */
static const struct column {
    const char *name;
    unsigned bit;
    size_t offset; /* in struct ra_arena */
    bool in_pages;
} columns[] = {
    {"stats.arenas.0.small.allocated", 0, offsetof(struct ra_arena, allocated_bytes), false},
    {"stats.arenas.0.large.allocated", 0, offsetof(struct ra_arena, allocated_bytes), false},
    {"stats.arenas.0.pactive", 1, offsetof(struct ra_arena, active_bytes), true},
    {"stats.arenas.0.pdirty", 2, offsetof(struct ra_arena, dirty_bytes), true},
    {"stats.arenas.0.pmuzzy", 3, offsetof(struct ra_arena, muzzy_bytes), true},
    {"stats.arenas.0.tcache_bytes", 4, offsetof(struct ra_arena, tcache_bytes), false},
};
enum { COLUMNS = sizeof columns / sizeof *columns };

static struct ra_jemalloc_column threads_number, numbers[COLUMNS];
static size_t page_bytes;

/* False without statistics: what is left of the figures would tell nothing. */
static bool is_ready(void)
{
    bool has_statistics = false;

    if (page_bytes == 0 &&
        ra_jemalloc_read("config.stats", &has_statistics, sizeof has_statistics) &&
        has_statistics) {
        threads_number = ra_jemalloc_find("stats.arenas.0.nthreads");
        for (unsigned i = 0; i < COLUMNS; i++) {
            numbers[i] = ra_jemalloc_find(columns[i].name);
        }
        page_bytes = ra_jemalloc_page_bytes();
    }
    return page_bytes != 0;
}

/* False for one that was never used, was destroyed, or has neither thread nor page. */
static bool read_arena(unsigned index, struct ra_arena *arena)
{
    unsigned threads;

    if (!ra_jemalloc_read_at(&threads_number, index, &threads, sizeof threads)) {
        return false;
    }
    *arena = (struct ra_arena){.index = index, .threads = threads, .known = ALL_KNOWN};
    for (unsigned i = 0; i < COLUMNS; i++) {
        size_t value;

        if (ra_jemalloc_read_at(&numbers[i], index, &value, sizeof value)) {
            *(uint64_t *)((char *)arena + columns[i].offset) +=
                value * (columns[i].in_pages ? page_bytes : 1);
        } else {
            arena->known &= ~(1u << columns[i].bit);
        }
    }
    return threads > 0 || (arena->active_bytes | arena->dirty_bytes | arena->muzzy_bytes) > 0;
}

static void add(struct ra_arena *sum, const struct ra_arena *arena)
{
    sum->index = RA_ARENA_REST;
    sum->threads += arena->threads;
    sum->known &= arena->known;
    sum->allocated_bytes += arena->allocated_bytes;
    sum->active_bytes += arena->active_bytes;
    sum->dirty_bytes += arena->dirty_bytes;
    sum->muzzy_bytes += arena->muzzy_bytes;
    sum->tcache_bytes += arena->tcache_bytes;
}

unsigned ra_arenas_read(struct ra_arena rows[RA_ARENA_MAX])
{
    unsigned arenas = 0, count = 0;

    if (ra_backend == RA_BACKEND_LIBC) {
        return ra_glibc_arenas(rows);
    }
    if (!is_ready() || !ra_jemalloc_read("arenas.narenas", &arenas, sizeof arenas)) {
        return 0;
    }
    for (unsigned i = 0; i < arenas; i++) {
        struct ra_arena arena;

        if (!read_arena(i, &arena)) {
            continue;
        }
        if (count < RA_ARENA_MAX) {
            rows[count++] = arena;
        } else {
            add(&rows[RA_ARENA_MAX - 1], &arena);
        }
    }
    return count;
}
