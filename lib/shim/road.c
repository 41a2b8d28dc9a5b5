/*
 * Looks jemalloc's functions up. RTLD_NEXT would find libc's, which come before a
 * preloaded library's own dependencies; dlsym on jemalloc's handle needs dlopen,
 * which allocates.
 */
#include "road.h"

#include "elf.h"

/* Asked before anything was allocated, about nothing of ours. */
static size_t usable_size_of_nothing(void *object)
{
    (void)object;
    return 0;
}

struct ra_road ra_road = {.malloc_usable_size = usable_size_of_nothing};

static bool fill(struct ra_road *road, const struct link_map *library)
{
    bool complete = true;

#define FIND(field, symbol, result, parameters) road->field = ra_elf_symbol(library, symbol);
#define FIND_NEEDED(field, symbol, result, parameters)                                             \
    FIND(field, symbol, result, parameters)                                                        \
    complete = complete && road->field;
    RA_ROAD_NEEDED(FIND_NEEDED)
    RA_ROAD_OPTIONAL(FIND)
    return complete;
}

/* Word by word, so that a thread that looks meanwhile sees NULL or the function. */
static void publish(const struct ra_road *road)
{
#define STORE(field, symbol, result, parameters)                                                   \
    __atomic_store_n(&ra_road.field, road->field, __ATOMIC_RELEASE);
    RA_ROAD(STORE)
}

bool ra_road_find(void)
{
    static const char *const sonames[] = {"libjemalloc.so.2", "libc.so.6"};

    for (unsigned i = 0; i < sizeof sonames / sizeof *sonames; i++) {
        const struct link_map *library = ra_elf_library(sonames[i]);
        struct ra_road road;

        if (library && fill(&road, library)) {
            publish(&road);
            return road.mallctl && road.mallctlbymib && road.mallctlnametomib;
        }
    }
    return false;
}
