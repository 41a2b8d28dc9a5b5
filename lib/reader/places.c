/* Places: the arenas of glibc's malloc in an address space. */
#include "reader/places.h"

#include <stdlib.h>
#include <string.h>

#include "reader/grow.h"
#include "ruby_alloc/report.h"

enum {
    HEADER_WORDS = 4, /* of a heap: its arena, the heap before it, bytes in use, bytes opened */
    ARENA_BEHIND_HEADER = 256, /* an arena follows the header of its first heap, within so much */
    PROBES_MAX = 1 << 16
};

struct search {
    const struct ra_mapped *mapped;
    const struct ra_memory *memory;
    uint64_t reservation; /* bytes of one heap, and what it is aligned to */
    bool sees_memory;
    unsigned probes;
    uint64_t *arenas; /* of each heap */
    size_t heaps, room;
    bool has_failed;
};

/* HEAP_MAX_SIZE of 64-bit and of 32-bit programs. */
static uint64_t reservation_bytes(const struct ra_memory *memory)
{
    return memory->word == sizeof(uint64_t) ? UINT64_C(64) << 20 : UINT64_C(1) << 20;
}

static void note(struct search *search, uint64_t arena)
{
    uint64_t *arenas = ra_grown(search->arenas, &search->room, search->heaps, sizeof(*arenas), 64);

    if (arenas == NULL) {
        search->has_failed = true;
        return;
    }
    search->arenas = arenas;
    arenas[search->heaps++] = arena;
}

/* Whether a heap begins at an address: by what its header says. */
static bool is_heap(const struct search *search, uint64_t at, uint64_t header[HEADER_WORDS])
{
    uint64_t mask = search->reservation - 1;
    uint64_t into_arena;

    if (!ra_memory_words(search->memory, at, header, HEADER_WORDS)) {
        return false;
    }
    into_arena = header[0] & mask;
    return into_arena >= HEADER_WORDS * search->memory->word && into_arena <= ARENA_BEHIND_HEADER &&
           (header[1] & mask) == 0 && (header[1] != 0 || header[0] == at + into_arena) &&
           header[2] != 0 && header[2] <= header[3] && header[3] <= search->reservation &&
           header[3] % 4096 == 0;
}

/* Whether the mappings at index have the shape of a heap: opened from an address on, closed to its end. */
static bool looks_like_heap(const struct search *search, size_t index, uint64_t at)
{
    const struct ra_range *range = &search->mapped->ranges[index];
    const struct ra_range *next = range + 1;

    return index + 1 < search->mapped->range_count && range->end < at + search->reservation &&
           next->start == range->end && next->is_none && next->file == RA_RANGE_ANONYMOUS &&
           next->end >= at + search->reservation;
}

/* The heaps in one mapping. Returns how many bytes they have opened. */
static uint64_t search_range(struct search *search, size_t index)
{
    const struct ra_range *range = &search->mapped->ranges[index];
    uint64_t step = search->reservation;
    uint64_t opened = 0;

    if (range->start > UINT64_MAX - 2 * step) {
        return 0;
    }
    for (uint64_t at = (range->start + step - 1) & ~(step - 1);
         at < range->end && search->probes < PROBES_MAX && at <= UINT64_MAX - 2 * step;
         at += step, search->probes++) {
        uint64_t header[HEADER_WORDS] = {at};

        if (search->sees_memory ? is_heap(search, at, header)
                                : looks_like_heap(search, index, at)) {
            note(search, header[0]);
            opened += search->sees_memory ? header[3] : range->end - at;
        }
    }
    return opened;
}

static int compare(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;

    return (a > b) - (a < b);
}

static int64_t count_arenas(struct search *search)
{
    int64_t count = 1;

    if (search->heaps > 0) {
        qsort(search->arenas, search->heaps, sizeof(*search->arenas), compare);
    }
    for (size_t i = 0; i < search->heaps; i++) {
        count += i == 0 || search->arenas[i] != search->arenas[i - 1];
    }
    return count;
}

static void add_resident(struct ra_places *places, int64_t rss, uint64_t most)
{
    if (rss == RA_UNKNOWN || places->resident == RA_UNKNOWN) {
        places->resident = RA_UNKNOWN;
    } else {
        places->resident += (uint64_t)rss < most ? rss : (int64_t)most;
    }
}

bool ra_places_find(const struct ra_mapped *mapped, const struct ra_memory *memory,
                    struct ra_places *places)
{
    struct search search = {.mapped = mapped, .memory = memory};
    char byte;

    memset(places, 0, sizeof(*places));
    search.reservation = reservation_bytes(memory);
    search.sees_memory = mapped->range_count > 0 &&
                         ra_memory_read(memory, mapped->ranges[0].start, &byte, sizeof(byte));
    places->is_estimate = !search.sees_memory;
    for (size_t i = 0; i < mapped->range_count && !search.has_failed; i++) {
        const struct ra_range *range = &mapped->ranges[i];
        uint64_t opened;

        if (range->file == RA_RANGE_HEAP) {
            places->reserved += (int64_t)(range->end - range->start);
            add_resident(places, range->rss, range->end - range->start);
        } else if (range->file == RA_RANGE_ANONYMOUS && range->is_writable) {
            opened = search_range(&search, i);
            if (opened > 0) {
                add_resident(places, range->rss, opened);
            }
        }
    }
    places->arenas = count_arenas(&search);
    places->reserved += (int64_t)(search.heaps * search.reservation);
    free(search.arenas);
    return !search.has_failed;
}
