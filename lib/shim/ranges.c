/* Comparing ranges of sizes with jemalloc's classes: see ranges.h. */
#include "ranges.h"

#include "jemalloc.h"
#include "notation.h"

/* One small class: the next smaller size too, 0 for the first. */
struct bin {
    size_t smaller, size, number;
};

bool ra_ranges_are_valid(const char *text, size_t length, uint64_t least, uint64_t most)
{
    struct ra_notation_range range;

    do {
        if (!ra_notation_take_range(&text, &length, &range) || range.number < least ||
            range.number > most) {
            return false;
        }
    } while (length > 0);
    return true;
}

static bool takes_in(const struct ra_notation_range *range, enum ra_ranges_of of,
                     const struct bin *bin)
{
    if (of == RA_RANGES_OF_SLABS) {
        return bin->size >= range->first && bin->size <= range->last;
    }
    return bin->size >= range->first && (bin->smaller == 0 || bin->smaller < range->last);
}

static bool is_as_said(const char *text, size_t length, enum ra_ranges_of of, const struct bin *bin)
{
    uint64_t number = bin->number;
    struct ra_notation_range range;

    while (length > 0 && ra_notation_take_range(&text, &length, &range)) {
        if (takes_in(&range, of, bin)) {
            number = range.number;
        }
    }
    return number == bin->number;
}

static bool read_shards(struct ra_jemalloc_column *column, unsigned index, size_t *number)
{
    uint32_t shards;
    bool is_read = ra_jemalloc_read_at(column, index, &shards, sizeof shards);

    *number = is_read ? shards : 0;
    return is_read;
}

static bool read_slab_pages(struct ra_jemalloc_column *column, unsigned index, size_t *number)
{
    size_t bytes, page = ra_jemalloc_page_bytes();
    bool is_read = page != 0 && ra_jemalloc_read_at(column, index, &bytes, sizeof bytes);

    *number = is_read ? bytes / page : 0;
    return is_read;
}

bool ra_ranges_compare(const char *text, size_t length, enum ra_ranges_of of, bool *same)
{
    bool is_shards = of == RA_RANGES_OF_SHARDS;
    struct ra_jemalloc_column sizes = ra_jemalloc_find("arenas.bin.0.size");
    struct ra_jemalloc_column numbers =
        ra_jemalloc_find(is_shards ? "arenas.bin.0.nshards" : "arenas.bin.0.slab_size");
    struct bin bin = {0};
    unsigned count = 0;

    *same = true;
    ra_jemalloc_read("arenas.nbins", &count, sizeof count);
    for (unsigned i = 0; i < count; i++) {
        bin.smaller = bin.size;
        if (!ra_jemalloc_read_at(&sizes, i, &bin.size, sizeof bin.size) ||
            !(is_shards ? read_shards : read_slab_pages)(&numbers, i, &bin.number)) {
            return false;
        }
        *same = *same && is_as_said(text, length, of, &bin);
    }
    return count > 0;
}
