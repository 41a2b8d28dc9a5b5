/*
 * Looks the allocator's functions up. RTLD_NEXT would find libc's, which come before a
 * preloaded library's own dependencies; dlsym on jemalloc's handle needs dlopen,
 * which allocates.
 */
#include "road.h"

#include <stdbool.h>

#include "early.h"
#include "elf.h"
#include "glibc.h"
#include "libcroad.h"

/* Asked before anything was allocated, about nothing of ours. */
static size_t usable_size_of_nothing(void *object)
{
    (void)object;
    return 0;
}

struct ra_road ra_road = {.malloc_usable_size = usable_size_of_nothing};
struct ra_control ra_control;
enum ra_backend ra_backend;

static bool fill(struct ra_road *road, const struct link_map *library)
{
    bool complete = true;

    if (!library) {
        return false;
    }
#define FIND(field, symbol, result, parameters) road->field = ra_elf_symbol(library, symbol);
#define FIND_NEEDED(field, symbol, result, parameters)                                             \
    FIND(field, symbol, result, parameters)                                                        \
    complete = complete && road->field;
    RA_ROAD_NEEDED(FIND_NEEDED)
    RA_ROAD_OPTIONAL(FIND)
    RA_ROAD_CXX(FIND)
    return complete;
}

/* Word by word, so that a thread that looks meanwhile sees NULL or the function. */
static void publish(const struct ra_road *road, enum ra_backend backend)
{
#define STORE(field, symbol, result, parameters)                                                   \
    __atomic_store_n(&ra_road.field, road->field, __ATOMIC_RELEASE);
    RA_ROAD(STORE)
    __atomic_store_n(&ra_backend, backend, __ATOMIC_RELEASE);
}

void ra_road_find(void)
{
    struct ra_road road;

    ra_elf_ask_linker();
    bool libc_wanted = ra_early_is("RUBY_ALLOC_BACKEND", "libc");
    const struct link_map *jemalloc = ra_elf_library("libjemalloc.so.2");

    if (jemalloc) {
#define FIND_CONTROL(field, symbol, result, parameters)                                            \
    __atomic_store_n(&ra_control.field, ra_elf_symbol(jemalloc, symbol), __ATOMIC_RELEASE);
        RA_ROAD_CONTROL(FIND_CONTROL)
    }
    if (!libc_wanted && fill(&road, jemalloc)) {
        bool known = road.mallctl && road.mallctlbymib && road.mallctlnametomib;

        publish(&road, known ? RA_BACKEND_JEMALLOC : RA_BACKEND_NONE);
        return;
    }
    const struct link_map *libc = ra_elf_library("libc.so.6");
    if (fill(&road, libc)) {
        ra_libcroad_complete(&road);
        ra_glibc_find(libc);
        publish(&road, libc_wanted ? RA_BACKEND_LIBC : RA_BACKEND_NONE);
    }
}
