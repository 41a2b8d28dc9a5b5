#include "region.h"

#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "files.h"
#include "filter.h"
#include "identity.h"
#include "log.h"
#include "mapping.h"
#include "pages.h"
#include "prune.h"
#include "regionfile.h"
#include "run.h"
#include "sacrifice.h"
#include "settings.h"
#include "system.h"

enum {
    SLOTS_AT = sizeof(struct ra_region),
    HOLE_IN_INHERITED_AT = offsetof(struct ra_region, inherited) + RA_SLOT_BYTES,
    HOLE_AT = offsetof(struct ra_region, sample),
    HOLE_BEHIND_SAMPLE_AT = offsetof(struct ra_region, settings),
    PLACE_TICKS_BITS = 42, /* of ra_children.places */
    WAIT_NS = 50 * 1000
};

enum { WHOLE, WITH_HOLE, FILLING };
uint32_t ra_region_hole RA_TOGETHER; /* one of these */
static struct ra_pages hole RA_TOGETHER;
size_t ra_pages_kernel RA_TOGETHER = 4096;
unsigned ra_region_room RA_TOGETHER = 1;

static struct ra_class classes[RA_CLASS_MAX];
struct ra_image ra_image RA_TOGETHER = {.classes = classes};

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
    ra_pages_kernel = (size_t)sysconf(_SC_PAGESIZE);
    if (header->page_bytes == 0) { /* the allocator has none of its own */
        header->page_bytes = (uint32_t)ra_pages_kernel;
    }
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

#define HEADER_PIECE                                                                               \
    {                                                                                              \
        0, sizeof ra_image.header, &ra_image.header                                                \
    }
#define CLASSES_PIECE                                                                              \
    {                                                                                              \
        offsetof(struct ra_region, classes), ra_image.header.class_count * sizeof *classes,        \
            classes                                                                                \
    }

/* And which bytes are reserved for it: those up to hole_at, and these slots. */
struct content {
    const struct piece *pieces;
    unsigned count;
    size_t hole_at; /* SLOTS_AT: there is none */
    unsigned first_slot, slots;
};

static size_t slots_at(const struct content *content)
{
    return SLOTS_AT + content->first_slot * RA_SLOT_BYTES;
}

/*
 * The file is as long as it may ever be, most of it a hole, so that all that is reserved
 * later can be reserved through the mapping. A limit on files (RLIMIT_FSIZE) makes it
 * shorter; what lies beyond is not used. Returns 0: not even the first part fits.
 */
static size_t file_bytes(const struct content *content)
{
    size_t least = slots_at(content) + content->slots * RA_SLOT_BYTES;
    uint64_t limit = ra_files_limit();

    return limit >= sizeof ra_storage ? sizeof ra_storage : limit >= least ? (size_t)limit : 0;
}

static int fill_file(int file, size_t bytes, const struct content *content)
{
    int error = bytes == 0 ? EFBIG : -ra_system_truncate(file, bytes);

    if (error == 0) {
        error = ra_regionfile_reserve(file, 0, content->hole_at);
    }
    if (error == 0) {
        error = ra_regionfile_reserve(file, slots_at(content), content->slots * RA_SLOT_BYTES);
    }
    for (unsigned i = 0; i < content->count && error == 0; i++) {
        const struct piece *piece = &content->pieces[i];

        if (ra_system_pwrite(file, piece->content, piece->bytes, piece->offset) !=
            (ssize_t)piece->bytes) {
            error = EIO;
        }
    }
    return error;
}

static void fill_memory(const struct content *content)
{
    for (unsigned i = 0; i < content->count; i++) {
        const struct piece *piece = &content->pieces[i];

        memcpy(ra_storage.bytes + piece->offset, piece->content, piece->bytes);
    }
}

/* Map the file over RA_CURRENT. */
static bool publish_in(const char *directory, const struct content *content)
{
    size_t bytes = file_bytes(content);
    bool is_alike;
    int error;
    int file = ra_regionfile_create(directory, &ra_image.header, &is_alike, &error);

    if (file >= 0) {
        error = fill_file(file, bytes, content);
        if (error == 0) {
            error = is_alike && ra_mapping_file_bytes() != 0 ? ra_mapping_take_alike(file, bytes)
                                                             : ra_mapping_take(file, bytes);
        }
        if (error != 0) {
            ra_regionfile_remove();
        }
        ra_system_close(file);
    }
    if (error == ENOTSUP) {
        ra_log("no region in %s: it is no tmpfs, and nothing else keeps what was reserved",
               directory);
    } else if (error != 0) {
        ra_log("no region in %s: error %d", directory, error);
    }
    return error == 0;
}

static bool publish(const struct content *content)
{
    const char *list[RA_DIRECTORY_COUNT];
    unsigned list_count = ra_regionfile_directories(list);

    ra_image.header.slots_ready = content->first_slot + content->slots;
    ra_region_room = content->first_slot == 0 ? content->slots : 0;
    for (unsigned i = 0; i < list_count; i++) {
        if (publish_in(list[i], content)) {
            hole = ra_pages_within(content->hole_at, SLOTS_AT, ra_pages_kernel);
            ra_region_hole = hole.bytes > 0 ? WITH_HOLE : WHOLE;
            __atomic_store_n(&RA_CURRENT->header.ready, RA_READY, __ATOMIC_RELEASE);
            return true;
        }
    }
    ra_log("counting without a region: ruby_alloc_top can't see this process");
    return false;
}

static bool publish_first(const struct content *content)
{
    ra_identity_fill(&ra_image.header);
    if (!publish(content)) {
        return false;
    }
    if (!ra_run_is_in(ra_regionfile_directory())) {
        ra_prune(ra_regionfile_directory());
    }
    return true;
}

/*
 * All that set-up and the end do, as a child that shares our memory and is a process too. What
 * is done to a file first in vain, so that none is left by who is ended for it, nor one made
 * that may not be removed.
 */
static const struct content *rehearsed;
static bool rehearsed_well;
static void rehearse(void)
{
    static const long calls[] = {SYS_fstatfs, SYS_ftruncate, SYS_fallocate, SYS_fchmod,
                                 SYS_pwrite64};

    for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++) {
        ra_system(calls[i], -1, 0, 0, 0, 0, 0);
    }
    rehearsed_well = ra_system_unlink("") == -ENOENT && ra_filter_allows_files();
    if (rehearsed_well && publish_first(rehearsed)) {
        rehearsed_well = ra_regionfile_remove();
    }
}

/* Under a filter of system calls only if a child that did it was not ended for it. */
static bool may_publish(const struct content *content)
{
    const char *log = ra_settings.log;
    bool may = true;

    if (ra_filter_was_there()) {
        rehearsed = content;
        ra_settings.log = NULL;
        may = ra_sacrifice(rehearse) && rehearsed_well;
        ra_settings.log = log;
    }
    return may;
}

/* A thread that a library's constructor made may count meanwhile: in one slot, or as shared. */
bool ra_region_publish(void)
{
    enum { COUNTED = offsetof(struct ra_region, sample) };
    const struct piece pieces[] = {
        HEADER_PIECE,
        CLASSES_PIECE,
        {COUNTED, SLOTS_AT + RA_SLOT_BYTES - COUNTED, ra_storage.bytes + COUNTED},
    };
    struct content content = {pieces, 3, SLOTS_AT, 0, RA_SLOT_START};

    describe_layout(&ra_image.header);
    if (!may_publish(&content)) {
        ra_filter_forbid_files();
        ra_image.header.pid = (uint32_t)ra_system_pid();
    } else if (publish_first(&content)) {
        return true;
    }
    content.count = 2; /* the third is there already */
    fill_memory(&content);
    return false;
}

/* Memory of our own over the parent's file, which must not be counted in. */
static bool make_private(const struct content *content)
{
    if (ra_mapping_make_private() != 0) {
        return false;
    }
    ra_region_hole = WHOLE;
    fill_memory(content);
    return true;
}

/*
 * Take a place among the children of our parent, whose region RA_CURRENT still is, and
 * return who had it: 0 or another child. There are as many as the dead may hold, and in
 * a run, where all are read, as many as there can be.
 */
static uint64_t take_place(uint64_t self)
{
    struct ra_children *children = &RA_CURRENT->children;
    uint64_t next = __atomic_fetch_add(&children->next, 1, __ATOMIC_RELAXED);
    uint64_t places = ra_settings.keep_bytes / (SLOTS_AT + RA_SLOT_BYTES);

    if (ra_run_is_in(ra_regionfile_last_directory())) {
        places = RA_CHILD_MAX;
    }
    places = places > RA_CHILD_MAX ? RA_CHILD_MAX : places > 0 ? places : 1;
    return __atomic_exchange_n(&children->places[next % places], self, __ATOMIC_RELAXED);
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
        HEADER_PIECE,
        CLASSES_PIECE,
        {offsetof(struct ra_region, inherited), heritage->counts_bytes, heritage->counts},
        {offsetof(struct ra_region, sample), sizeof sampled->sample, sampled},
        {offsetof(struct ra_region, arenas), sizeof sampled->arenas, sampled ? sampled->arenas : 0},
    };
    bool has_large = heritage->counts_bytes > RA_SLOT_BYTES;
    const struct content content = {pieces, sampled ? 5 : 3,
                                    sampled ? HOLE_BEHIND_SAMPLE_AT
                                            : (has_large ? HOLE_AT : HOLE_IN_INHERITED_AT),
                                    heritage->slot, 1};

    bool has_ended = !ra_regionfile_forget() && ra_mapping_file_bytes() != 0;
    bool may_try = !has_ended && ra_filter_allows_files();

    ra_image.header.flags |= RA_FLAG_FORKED;
    ra_image.header.conf_flags &= ~(uint32_t)RA_CONF_BACKGROUND_THREAD; /* jemalloc's way */
    ra_identity_refill(&ra_image.header, heritage->before_ticks, may_try);
    uint64_t self = (uint64_t)ra_image.header.pid << PLACE_TICKS_BITS | ra_image.header.start_ticks;
    bool has_table = ra_mapping_file_bytes() != 0 && ra_region_hole == WHOLE;
    uint64_t other = has_table ? take_place(self) : 0;
    if (may_try && publish(&content)) {
        remove_if_dead(other);
        return RA_REGION_FILE;
    }
    return make_private(&content) ? RA_REGION_PRIVATE : RA_REGION_NONE;
}

/*
 * Have pages where the hole is. Where there are none left, what is counted there is counted
 * privately, and not shown.
 */
static int fill_hole(void)
{
    int error = ra_mapping_reserve(hole.at, hole.bytes);

    if (error != 0) {
        ra_log("part of the region can't be had, not all will be shown: error %d", error);
        __atomic_fetch_or(&RA_CURRENT->header.flags, RA_FLAG_PARTIAL, __ATOMIC_RELAXED);
        error = ra_mapping_hide(hole.at, hole.bytes);
    }
    return error;
}

/*
 * One thread fills it and the others wait, without a limit, but for a few system calls of
 * a thread that no signal interrupts and that waits for nobody.
 */
bool ra_region_fill_hole(void)
{
    const struct timespec pause = {.tv_nsec = WAIT_NS};
    uint32_t state = WITH_HOLE;
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (__atomic_compare_exchange_n(&ra_region_hole, &state, FILLING, false, __ATOMIC_ACQUIRE,
                                    __ATOMIC_RELAXED)) {
        state = fill_hole() == 0 ? WHOLE : WITH_HOLE;
        __atomic_store_n(&ra_region_hole, state, __ATOMIC_RELEASE);
    }
    while ((state = __atomic_load_n(&ra_region_hole, __ATOMIC_ACQUIRE)) == FILLING) {
        ra_system(SYS_nanosleep, (long)&pause, 0, 0, 0, 0, 0);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return state == WHOLE;
}

/* Before the region is published there is room for one slot; in a forked child, for one or none. */
static unsigned more_slots(void)
{
    unsigned count = ra_region_room;

    if (count < RA_SLOT_START) {
        return ra_image.header.flags & RA_FLAG_FORKED ? RA_SLOT_START - count : 0;
    }
    return count + RA_SLOT_GROW > RA_SLOT_MAX ? 0 : RA_SLOT_GROW;
}

/* In a file that was removed nothing grows: nobody will read it. */
static int make_room(unsigned count, unsigned more)
{
    size_t from = SLOTS_AT + count * RA_SLOT_BYTES, bytes = more * RA_SLOT_BYTES;

    if (ra_mapping_file_bytes() == 0) {
        return 0;
    }
    if (!ra_regionfile_exists()) {
        return ENOENT;
    }
    return from + bytes > ra_mapping_file_bytes() ? EFBIG : ra_mapping_reserve(from, bytes);
}

unsigned ra_region_grow(void)
{
    static bool told;
    unsigned count = ra_region_room, more = more_slots();
    int error = more > 0 ? make_room(count, more) : 0;

    if (error != 0) {
        if (!told && error != ENOENT) {
            ra_log("no room for more than %u threads' own counters: error %d", count, error);
            told = true;
        }
        return count;
    }
    ra_region_room = count + more;
    if (ra_region_room > ra_image.header.slots_ready) {
        ra_image.header.slots_ready = ra_region_room;
        __atomic_store_n(&RA_CURRENT->header.slots_ready, ra_region_room, __ATOMIC_RELEASE);
    }
    return ra_region_room;
}

void ra_region_end(void)
{
    __atomic_fetch_or(&RA_CURRENT->header.flags, RA_FLAG_ENDED, __ATOMIC_RELAXED);
}

/*
 * Whoever waits at a word of the old file is woken through a second mapping of it, to wait in
 * the new one: a futex is the file's, not the address's.
 */
static void publish_again(void)
{
    /* A forked child's first slot may lie beyond those that there is room for. */
    unsigned room = ra_region_room, own = ra_image.header.slots_ready - 1;
    size_t own_at = SLOTS_AT + own * RA_SLOT_BYTES;
    const struct piece pieces[] = {
        {0, SLOTS_AT + room * RA_SLOT_BYTES, ra_storage.bytes},
        {own_at, RA_SLOT_BYTES, ra_storage.bytes + own_at},
    };
    const struct content content = {pieces, own < room ? 1 : 2, SLOTS_AT, own < room ? 0 : own,
                                    own < room ? room : 1};
    long old = ra_mapping_twin();

    publish_in(ra_regionfile_last_directory(), &content);
    if (old != 0) {
        ra_system(SYS_futex, old + (long)offsetof(struct ra_header, request), FUTEX_WAKE, INT_MAX,
                  0, 0, 0);
        ra_system(SYS_munmap, old, sizeof ra_storage, 0, 0, 0, 0);
    }
}

void ra_region_come_back(bool removed)
{
    if (removed && ra_region_is_whole()) {
        publish_again();
    } else if (ra_regionfile_exists()) {
        __atomic_fetch_and(&RA_CURRENT->header.flags, ~(uint32_t)RA_FLAG_ENDED, __ATOMIC_RELAXED);
    }
}
