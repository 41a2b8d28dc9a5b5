#include "glibc.h"

#include <string.h>
#include <unistd.h>

#include "elf.h"
#include "heaps.h"
#include "scratch.h"
#include "unseen.h"

/* A chunk is 32 bytes or more, in steps of 16, of which all but 8 are the object's. */
enum { FIRST_USABLE = 24, USABLE_STEP = 16 };

struct ra_glibc ra_glibc;

/* What was read last. */
static struct ra_heaps heaps;
static uint64_t figures[RA_GLIBC_COUNT];
static uint32_t figures_known;

void ra_glibc_find(const struct link_map *libc)
{
#define FIND(name, result, parameters) ra_glibc.name = ra_elf_symbol(libc, #name);
    RA_GLIBC_CALLS(FIND)
}

/* A chunk is given whole if too little would be left of it to be another one. */
static bool rounds_as_expected(void)
{
    void *object = ra_road.malloc(1);
    size_t usable = ra_road.malloc_usable_size(object);

    ra_road.free(object);
    return usable == FIRST_USABLE || usable == FIRST_USABLE + USABLE_STEP;
}

bool ra_glibc_describe(struct ra_image *image)
{
    unsigned count = 0;

    for (size_t size = FIRST_USABLE; size <= RA_SMALL_MAX; size += USABLE_STEP) {
        image->classes[count++] = (struct ra_class){.size_bytes = size};
    }
    for (unsigned large = 0; large < RA_LARGE_COUNT; large++) {
        image->classes[count++] = (struct ra_class){.size_bytes = ra_large_max(large)};
    }
    image->header.class_count = count;
    image->header.flags |= RA_FLAG_LIBC;
    ra_jemalloc_fill_natural(image->classes, count);
    return rounds_as_expected();
}
_Static_assert((RA_SMALL_MAX - FIRST_USABLE) / USABLE_STEP + 1 + RA_LARGE_COUNT <= RA_CLASS_MAX,
               "all classes have a place");

/* The stream's memory is scratch, which goes as a whole. */
static bool read_heaps(void)
{
    char *text = NULL;
    size_t length;

    heaps.complete = false;
    if (!ra_glibc.malloc_info || !ra_scratch_begin()) {
        return false;
    }
    struct ra_unseen before = ra_unseen_begin();
    FILE *stream = open_memstream(&text, &length);
    if (stream) {
        ra_glibc.malloc_info(0, stream);
        if (fclose(stream) == 0 && text) {
            ra_heaps_parse(&heaps, text);
        }
    }
    ra_unseen_end(before);
    ra_scratch_end();
    return heaps.complete;
}

static void set(struct ra_statistics *statistics, enum ra_statistic index, uint64_t value)
{
    statistics->values[index] = value;
    statistics->known |= 1u << index;
}

static void set_figure(enum ra_glibc_figure index, uint64_t value)
{
    figures[index] = value;
    figures_known |= 1u << index;
}

/* Where the other calls of the process go on, the tops are of a later moment than the rest. */
static void read_tops(struct ra_statistics *statistics, const struct mallinfo2 *info)
{
    uint64_t top = heaps.top_bytes < info->fordblks ? heaps.top_bytes : info->fordblks;

    set_figure(RA_GLIBC_arenas, heaps.count);
    set_figure(RA_GLIBC_top, top);
    set(statistics, RA_STATISTIC_active, info->arena + info->hblkhd - top);
    set(statistics, RA_STATISTIC_dirty_pages, top / (uint64_t)sysconf(_SC_PAGESIZE));
}

void ra_glibc_read(struct ra_statistics *statistics)
{
    *statistics = (struct ra_statistics){0};
    figures_known = 0;
    if (!ra_glibc.mallinfo2) {
        return;
    }
    struct mallinfo2 info = ra_glibc.mallinfo2();
    set_figure(RA_GLIBC_heap, info.arena);
    set_figure(RA_GLIBC_in_use, info.uordblks);
    set_figure(RA_GLIBC_free, info.fordblks);
    set_figure(RA_GLIBC_fast, info.fsmblks);
    set_figure(RA_GLIBC_mapped, info.hblkhd);
    set(statistics, RA_STATISTIC_allocated, info.uordblks + info.hblkhd);
    set(statistics, RA_STATISTIC_resident, info.arena + info.hblkhd);
    set(statistics, RA_STATISTIC_mapped, info.arena + info.hblkhd);
    if (read_heaps()) {
        read_tops(statistics, &info);
    }
}

unsigned ra_glibc_arenas(struct ra_arena rows[RA_ARENA_MAX])
{
    unsigned count = heaps.complete ? heaps.row_count : 0;

    memcpy(rows, heaps.rows, count * sizeof *rows);
    return count;
}

void ra_glibc_show(struct ra_sample *sample)
{
    sample->glibc_known = figures_known;
    memcpy(sample->glibc, figures, sizeof figures);
}
