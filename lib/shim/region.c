#include "region.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "identity.h"
#include "log.h"
#include "regionfile.h"

enum {
    START_BYTES = sizeof(struct ra_region) + RA_SLOT_START * RA_SLOT_BYTES,
    PLACE_TICKS_BITS = 42 /* of ra_children.places */
};

union ra_storage ra_storage __attribute__((aligned(4096)));
struct ra_image ra_image __attribute__((aligned(4096)));

static void describe_layout(struct ra_header *header)
{
    static const struct ra_section sections[] = {
        [RA_SECTION_classes] = {offsetof(struct ra_region, classes), sizeof(struct ra_class),
                                RA_CLASS_MAX},
        [RA_SECTION_sample] = {offsetof(struct ra_region, sample), sizeof(struct ra_sample), 1},
        [RA_SECTION_shared] = {offsetof(struct ra_region, shared), sizeof(struct ra_shared), 1},
        [RA_SECTION_inherited] = {offsetof(struct ra_region, inherited), sizeof(struct ra_shared),
                                  1},
        [RA_SECTION_moved] = {offsetof(struct ra_region, moved), sizeof(struct ra_moved),
                              RA_BUCKET_COUNT},
        [RA_SECTION_slots] = {offsetof(struct ra_region, slots), sizeof(struct ra_slot),
                              RA_SLOT_MAX},
        [RA_SECTION_arenas] = {offsetof(struct ra_region, arenas), sizeof(struct ra_arena),
                               RA_ARENA_MAX},
        [RA_SECTION_settings] = {offsetof(struct ra_region, settings), sizeof(struct ra_setting),
                                 RA_SETTING_MAX}};
    _Static_assert(sizeof sections / sizeof *sections == RA_SECTION_COUNT, "every section");

    memcpy(header->magic, RA_REGION_MAGIC, sizeof header->magic);
    header->layout_major = RA_LAYOUT_MAJOR;
    header->layout_minor = RA_LAYOUT_MINOR;
    header->header_bytes = sizeof *header;
    header->page_bytes = (uint32_t)sysconf(_SC_PAGESIZE);
    header->small_step = RA_SMALL_STEP;
    header->small_count = RA_SMALL_COUNT;
    header->freed_step = RA_FREED_STEP;
    header->freed_count = RA_FREED_COUNT;
    header->large_per_doubling = RA_LARGE_PER_DOUBLING;
    header->large_own_count = RA_LARGE_OWN_COUNT;
    header->large_shared_count = RA_LARGE_SHARED_COUNT;
    header->call_count = RA_CALL_COUNT;
    memcpy(header->sections, sections, sizeof sections);
}

/* What the file holds from the start, beside zeros. */
struct piece {
    size_t offset, bytes;
    const void *content;
};

static bool write_pieces(int file, const struct piece *pieces, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (pwrite(file, pieces[i].content, pieces[i].bytes, (off_t)pieces[i].offset) !=
            (ssize_t)pieces[i].bytes) {
            return false;
        }
    }
    return true;
}

/* Map the file over RA_CURRENT, beyond its end too: it grows without moving. */
static bool publish_in(const char *directory, const struct piece *pieces, unsigned count)
{
    int error;
    int file = ra_regionfile_create(directory, &ra_image.header, START_BYTES, &error);
    bool mapped = false;

    if (file >= 0) {
        mapped = write_pieces(file, pieces, count) &&
                 mmap(&ra_storage, sizeof ra_storage, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_FIXED, file, 0) != MAP_FAILED;
        if (!mapped) {
            error = errno;
            ra_regionfile_remove();
        }
        close(file);
    }
    if (!mapped) {
        ra_log("no region in %s: error %d", directory, error);
    }
    return mapped;
}

static bool publish(const struct piece *pieces, unsigned count)
{
    const char *list[RA_DIRECTORY_COUNT];
    unsigned list_count = ra_regionfile_directories(list);

    ra_image.header.slots_ready = RA_SLOT_START;
    for (unsigned i = 0; i < list_count; i++) {
        if (publish_in(list[i], pieces, count)) {
            __atomic_store_n(&RA_CURRENT->header.ready, RA_READY, __ATOMIC_RELEASE);
            return true;
        }
    }
    ra_log("counting without a region: ruby_alloc_top can't see this process");
    return false;
}

/* A thread that a library's constructor made may count meanwhile: in one slot, or as shared. */
bool ra_region_publish(void)
{
    const struct piece pieces[] = {
        {0, sizeof ra_image, &ra_image},
        {sizeof ra_image, sizeof(struct ra_region) + RA_SLOT_BYTES - sizeof ra_image,
         ra_storage.bytes + sizeof ra_image},
    };

    describe_layout(&ra_image.header);
    ra_identity_fill(&ra_image.header);
    if (!publish(pieces, sizeof pieces / sizeof *pieces)) {
        memcpy(ra_storage.bytes, &ra_image, sizeof ra_image);
        return false;
    }
    return true;
}

/* Memory of our own over the parent's file, which must not be counted in. */
static bool make_private(const struct piece *pieces, unsigned count)
{
    void *memory = mmap(&ra_storage, sizeof ra_storage, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);

    if (memory == MAP_FAILED) {
        return false;
    }
    for (unsigned i = 0; i < count; i++) {
        memcpy(ra_storage.bytes + pieces[i].offset, pieces[i].content, pieces[i].bytes);
    }
    return true;
}

/*
 * Take a place among the children of our parent, whose region RA_CURRENT still is, and
 * return who had it: 0 or another child.
 */
static uint64_t take_place(uint64_t self)
{
    struct ra_children *children = &RA_CURRENT->children;
    uint64_t next = __atomic_fetch_add(&children->next, 1, __ATOMIC_RELAXED);

    return __atomic_exchange_n(&children->places[next % RA_CHILD_MAX], self, __ATOMIC_RELAXED);
}

static void remove_if_dead(uint64_t child)
{
    uint32_t pid = (uint32_t)(child >> PLACE_TICKS_BITS);
    uint64_t start_ticks = child & ((UINT64_C(1) << PLACE_TICKS_BITS) - 1);

    if (child != 0 && ra_identity_is_dead((pid_t)pid, start_ticks)) {
        ra_regionfile_remove_sibling(pid, start_ticks);
    }
}

enum ra_region_place ra_region_publish_child(const struct ra_heritage *heritage)
{
    const struct ra_sampled *sampled = heritage->sampled;
    const struct piece pieces[] = {
        {0, sizeof ra_image, &ra_image},
        {offsetof(struct ra_region, inherited), sizeof *heritage->counts, heritage->counts},
        {offsetof(struct ra_region, sample), sizeof sampled->sample, sampled},
        {offsetof(struct ra_region, arenas), sizeof sampled->arenas, sampled ? sampled->arenas : 0},
    };
    unsigned count = sampled ? 4 : 2;

    ra_regionfile_forget();
    ra_image.header.flags |= RA_FLAG_FORKED;
    ra_image.header.conf_flags &= ~(uint32_t)RA_CONF_BACKGROUND_THREAD; /* jemalloc's way */
    ra_identity_refill(&ra_image.header, heritage->before_ticks);
    uint64_t other =
        take_place((uint64_t)ra_image.header.pid << PLACE_TICKS_BITS | ra_image.header.start_ticks);
    if (publish(pieces, count)) {
        remove_if_dead(other);
        return RA_REGION_FILE;
    }
    return make_private(pieces, count) ? RA_REGION_PRIVATE : RA_REGION_NONE;
}

unsigned ra_region_grow(void)
{
    struct ra_header *header = &RA_CURRENT->header;
    unsigned count = header->slots_ready;

    if (count < RA_SLOT_START || count + RA_SLOT_GROW > RA_SLOT_MAX) {
        return count;
    }
    if (ra_regionfile_exists()) {
        int error = ra_regionfile_extend(sizeof(struct ra_region) + count * RA_SLOT_BYTES,
                                         RA_SLOT_GROW * RA_SLOT_BYTES);
        if (error != 0) {
            static bool told;

            if (!told) {
                ra_log("no room for more than %u threads' own counters: error %d", count, error);
            }
            told = true;
            return count;
        }
    }
    __atomic_store_n(&header->slots_ready, count + RA_SLOT_GROW, __ATOMIC_RELEASE);
    return count + RA_SLOT_GROW;
}
