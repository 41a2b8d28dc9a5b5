#include "heaps.h"

#include <string.h>

enum { FLAG_BYTES = 15, KNOWN_FIGURES = 7 }; /* allocated, active, dirty */

/* The arena whose lines are being read. */
struct heap {
    bool open;
    uint32_t index;
    uint64_t system, all_free, binned, free;
};

struct line {
    const char *text;
    size_t length;
};

static bool begins(const struct line *line, const char *with)
{
    return line->length >= strlen(with) && memcmp(line->text, with, strlen(with)) == 0;
}

/* The number that follows name; 0 if the line lacks it. */
static uint64_t number(const struct line *line, const char *name)
{
    const char *end = line->text + line->length;
    const char *digit = memmem(line->text, line->length, name, strlen(name));
    uint64_t value = 0;

    for (digit = digit ? digit + strlen(name) : end; digit < end && *digit >= '0' && *digit <= '9';
         digit++) {
        value = value * 10 + (uint64_t)(*digit - '0');
    }
    return value;
}

/* Fast bins are told by their sizes without flags. */
static void add_bin(struct heap *heap, const struct line *line)
{
    uint64_t total = number(line, " total=\"");
    uint64_t flags = number(line, " count=\"") * (number(line, " to=\"") & 1);

    heap->binned += total;
    heap->free += (total - flags) & ~(uint64_t)FLAG_BYTES;
}

static void add_row(struct ra_heaps *heaps, const struct ra_arena *arena)
{
    struct ra_arena *last = &heaps->rows[RA_ARENA_MAX - 1];

    if (heaps->row_count < RA_ARENA_MAX) {
        heaps->rows[heaps->row_count++] = *arena;
        return;
    }
    last->index = RA_ARENA_REST;
    last->allocated_bytes += arena->allocated_bytes;
    last->active_bytes += arena->active_bytes;
    last->dirty_bytes += arena->dirty_bytes;
}

static uint64_t less(uint64_t from, uint64_t bytes)
{
    return from > bytes ? from - bytes : 0;
}

static void close_heap(struct ra_heaps *heaps, struct heap *heap)
{
    uint64_t top = less(heap->all_free, heap->binned);
    struct ra_arena arena = {.index = heap->index,
                             .threads = RA_ARENA_REST,
                             .known = KNOWN_FIGURES,
                             .allocated_bytes = less(heap->system, heap->free + top),
                             .active_bytes = less(heap->system, top),
                             .dirty_bytes = top};

    heaps->count++;
    heaps->top_bytes += top;
    add_row(heaps, &arena);
    heap->open = false;
}

static void read_line(struct ra_heaps *heaps, struct heap *heap, const struct line *line)
{
    if (begins(line, "<heap ")) {
        *heap = (struct heap){.open = true, .index = (uint32_t)number(line, " nr=\"")};
    } else if (begins(line, "</malloc>")) {
        heaps->complete = true;
    } else if (!heap->open) {
        return; /* the sums over all arenas */
    } else if (begins(line, "</heap>")) {
        close_heap(heaps, heap);
    } else if (begins(line, "<size ") || begins(line, "<unsorted ")) {
        add_bin(heap, line);
    } else if (begins(line, "<total ")) {
        heap->all_free += number(line, " size=\"");
    } else if (begins(line, "<system type=\"current\"")) {
        heap->system = number(line, " size=\"");
    }
}

void ra_heaps_parse(struct ra_heaps *heaps, const char *text)
{
    struct heap heap = {0};

    heaps->complete = false;
    heaps->count = heaps->top_bytes = 0;
    heaps->row_count = 0;
    while (*text) {
        text += strspn(text, " \n");
        struct line line = {text, strcspn(text, "\n")};

        read_line(heaps, &heap, &line);
        text += line.length;
    }
}
