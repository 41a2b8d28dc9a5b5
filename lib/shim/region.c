#include "region.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "identity.h"
#include "log.h"
#include "settings.h"

enum { START_BYTES = sizeof(struct ra_region) + RA_SLOT_START * RA_SLOT_BYTES, PATH_BYTES = 4096 };

union ra_storage ra_storage __attribute__((aligned(4096)));

/* The file, while this process has one; its identity, as the path may come to name another. */
static char path[PATH_BYTES];
static dev_t device;
static ino_t inode;

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
                              RA_SLOT_MAX}};
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

/* Pages are reserved before they are touched: a full tmpfs answers a first touch with SIGBUS. */
static int reserve(int file, size_t offset, size_t bytes)
{
    if (!ra_files_may_reach(offset + bytes)) {
        return EFBIG;
    }
    return posix_fallocate(file, (off_t)offset, (off_t)bytes);
}

static bool make_path(const char *directory, const struct ra_header *header)
{
    int length = snprintf(path, sizeof path, "%s/" RA_REGION_PREFIX "%u.%" PRIu64 ".%" PRIu64,
                          directory, header->pid, header->start_ticks, header->pid_namespace);

    return length > 0 && (size_t)length < sizeof path;
}

/* The name holds pid and start time, so a file of ours there is of this very process. */
static bool remove_stale(void)
{
    struct stat status;

    return lstat(path, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == geteuid() &&
           unlink(path) == 0;
}

/* Returns the descriptor, or -1 and nothing left behind; *error tells why. */
static int create(const char *directory, const struct ra_header *header, int *error)
{
    enum { FLAGS = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC };
    struct stat status;

    if (!make_path(directory, header)) {
        *error = ENAMETOOLONG;
        return -1;
    }
    int file = open(path, FLAGS, 0600);
    if (file < 0 && errno == EEXIST && remove_stale()) {
        file = open(path, FLAGS, 0600);
    }
    if (file < 0) {
        *error = errno;
        return -1;
    }
    *error = reserve(file, 0, START_BYTES);
    if (*error == 0 && (fchmod(file, 0600) != 0 || fstat(file, &status) != 0)) {
        *error = errno;
    }
    if (*error != 0) {
        unlink(path);
        close(file);
        return -1;
    }
    device = status.st_dev;
    inode = status.st_ino;
    return file;
}

/* Map the file over RA_CURRENT, beyond its end too: it grows without moving. */
static bool publish_in(const char *directory, const struct ra_header *header,
                       const struct piece *pieces, unsigned count)
{
    int error;
    int file = create(directory, header, &error);
    bool mapped = false;

    if (file >= 0) {
        mapped = write_pieces(file, pieces, count) &&
                 mmap(&ra_storage, sizeof ra_storage, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_FIXED, file, 0) != MAP_FAILED;
        if (!mapped) {
            error = errno;
            unlink(path);
        }
        close(file);
    }
    if (!mapped) {
        ra_log("no region in %s: error %d", directory, error);
        path[0] = '\0';
    }
    return mapped;
}

static unsigned directories(const char *list[3])
{
    unsigned count = 0;

    if (ra_settings.directory) {
        list[count++] = ra_settings.directory;
        return count;
    }
    list[count++] = RA_DEFAULT_DIR;
    if (ra_settings.runtime) {
        list[count++] = ra_settings.runtime;
    }
    list[count++] = "/tmp";
    return count;
}

static bool publish(const struct ra_header *header, const struct piece *pieces, unsigned count)
{
    const char *list[3];
    unsigned list_count = directories(list);
    sigset_t all, before;
    bool published = false;

    /* A signal would interrupt fallocate on a tmpfs. */
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    for (unsigned i = 0; i < list_count && !published; i++) {
        published = publish_in(list[i], header, pieces, count);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!published) {
        ra_log("counting without a region: ruby_alloc_top can't see this process");
    }
    return published;
}

static void set_ready(void)
{
    __atomic_store_n(&RA_CURRENT->header.ready, RA_READY, __ATOMIC_RELEASE);
}

/*
 * A thread that a library's constructor made may ask for a slot meanwhile: there is
 * one slot until the file is in place.
 */
bool ra_region_publish(void)
{
    struct ra_header *header = &RA_CURRENT->header;
    size_t counted = sizeof(struct ra_region) + RA_SLOT_BYTES - sizeof *header;

    describe_layout(header);
    ra_identity_fill(header);
    struct ra_header image = *header;
    image.slots_ready = RA_SLOT_START;
    const struct piece pieces[] = {{0, sizeof image, &image},
                                   {sizeof image, counted, ra_storage.bytes + sizeof image}};
    if (!publish(header, pieces, 2)) {
        header->slots_ready = RA_SLOT_START;
        return false;
    }
    set_ready();
    return true;
}

/* Memory of our own over the parent's file. Nothing is left to do if even that fails. */
static void make_private(const struct piece *pieces, unsigned count)
{
    void *memory = mmap(&ra_storage, sizeof ra_storage, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);

    for (unsigned i = 0; memory != MAP_FAILED && i < count; i++) {
        memcpy(ra_storage.bytes + pieces[i].offset, pieces[i].content, pieces[i].bytes);
    }
}

bool ra_region_publish_child(const struct ra_shared *inherited)
{
    struct ra_header header = RA_CURRENT->header;
    struct ra_class classes[RA_CLASS_MAX];
    const struct piece pieces[] = {
        {offsetof(struct ra_region, header), sizeof header, &header},
        {offsetof(struct ra_region, classes), sizeof classes, classes},
        {offsetof(struct ra_region, inherited), sizeof *inherited, inherited},
    };

    memcpy(classes, RA_CURRENT->classes, sizeof classes);
    header.ready = 0;
    header.request = header.answered = header.sampler_tid = 0;
    header.flags |= RA_FLAG_FORKED;
    header.slots_ready = RA_SLOT_START;
    ra_identity_fill(&header);
    path[0] = '\0';
    if (!publish(&header, pieces, sizeof pieces / sizeof *pieces)) {
        make_private(pieces, sizeof pieces / sizeof *pieces);
        return false;
    }
    set_ready();
    return true;
}

/* Opened anew, as a descriptor kept open may have been closed by the host and now be its own. */
static int reopen(void)
{
    struct stat status;
    int file = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

    if (file >= 0 &&
        (fstat(file, &status) != 0 || status.st_dev != device || status.st_ino != inode)) {
        close(file);
        file = -1;
    }
    return file;
}

unsigned ra_region_grow(void)
{
    struct ra_header *header = &RA_CURRENT->header;
    unsigned count = header->slots_ready;
    int error = ENOENT;

    if (count < RA_SLOT_START || count + RA_SLOT_GROW > RA_SLOT_MAX) {
        return count;
    }
    if (path[0] != '\0') {
        int file = reopen();
        if (file >= 0) {
            error = reserve(file, sizeof(struct ra_region) + count * RA_SLOT_BYTES,
                            RA_SLOT_GROW * RA_SLOT_BYTES);
            close(file);
        }
        if (error != 0) {
            ra_log("no room for more than %u threads' own counters: error %d", count, error);
            return count;
        }
    }
    __atomic_store_n(&header->slots_ready, count + RA_SLOT_GROW, __ATOMIC_RELEASE);
    return count + RA_SLOT_GROW;
}

void ra_region_give(uid_t user)
{
    int file = path[0] != '\0' ? reopen() : -1;

    if (file >= 0) {
        if (fchown(file, user, (gid_t)-1) != 0) {
            ra_log("the region stays with its user: error %d", errno);
        }
        close(file);
    }
}

const char *ra_region_directory(char *directory, size_t bytes)
{
    const char *end = strrchr(path, '/');
    size_t length = end ? (size_t)(end - path) : 0;

    if (!end || length >= bytes) {
        return NULL;
    }
    memcpy(directory, path, length);
    directory[length] = '\0';
    return directory;
}

void ra_region_remove(void)
{
    /* A child by clone or _Fork, which runs no fork handlers, must leave its parent's alone. */
    if (path[0] != '\0' && RA_CURRENT->header.pid == (uint32_t)getpid()) {
        int file = reopen();
        if (file >= 0) {
            unlink(path);
            close(file);
        }
        path[0] = '\0';
    }
}

void ra_region_remove_predecessor(void)
{
    const char *list[3];
    unsigned count = directories(list);
    struct ra_header header;

    ra_identity_key(&header);
    for (unsigned i = 0; i < count; i++) {
        if (make_path(list[i], &header)) {
            remove_stale();
        }
    }
    path[0] = '\0';
}
