/* Copies: the bytes of a region file at one moment, by pread alone. */
#include "reader/copy.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "reader/failure.h"
#include "reader/image.h"
#include "reader/wait.h"

enum {
    READY_PAUSE_US = 500, /* the first */
    SAMPLE_TRIES = 50,    /* writing a sample takes some 10 microseconds */
    SAMPLE_PAUSE_US = 100
};

void ra_copy_pause(long microseconds)
{
    struct timespec time = {microseconds / 1000000, microseconds % 1000000 * 1000};

    nanosleep(&time, NULL);
}

/* Read up to bytes at offset. Returns how many there were, or -1. */
static ssize_t read_at(int fd, void *data, size_t bytes, off_t offset)
{
    size_t done = 0;

    while (done < bytes) {
        ssize_t got = pread(fd, (char *)data + done, bytes - done, offset + (off_t)done);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return -1;
        }
        if (got == 0) {
            break;
        }
        done += (size_t)got;
    }
    return (ssize_t)done;
}

/*
 * How much of the file is used: a region is as long as it may ever be, most of it a hole behind
 * the slots that are ready. What makes no sense is for ra_image_check to say.
 */
static size_t used_bytes(int fd, size_t bytes)
{
    struct ra_header header;
    const struct ra_section *slots = &header.sections[RA_SECTION_slots];

    if (read_at(fd, &header, sizeof(header), 0) != sizeof(header) || header.ready != RA_READY ||
        header.layout_major != RA_LAYOUT_MAJOR || slots->offset < sizeof(header) ||
        slots->offset >= bytes) {
        return bytes;
    }
    uint64_t used = slots->offset + (uint64_t)header.slots_ready * slots->element_bytes;
    return used < bytes ? (size_t)used : bytes;
}

static enum ra_status read_whole(struct ra_copy *copy, int fd, const char *path,
                                 struct ra_failure *why)
{
    struct stat file;
    size_t bytes;
    ssize_t got;

    if (fstat(fd, &file) != 0) {
        return ra_failure_set(why, RA_SYSTEM, "region %s: %s", path, strerror(errno));
    }
    if (file.st_size > RA_IMAGE_MAX_BYTES) {
        return ra_failure_set(why, RA_DAMAGED,
                              "region %s is damaged: it has %lld bytes, expected %d at most; "
                              "restart its process, or remove the file if the process has ended",
                              path, (long long)file.st_size, RA_IMAGE_MAX_BYTES);
    }
    bytes = used_bytes(fd, (size_t)file.st_size);
    if (bytes > copy->capacity) {
        void *larger = realloc(copy->data, bytes);

        if (larger == NULL) {
            return ra_failure_set(why, RA_SYSTEM, "no memory for a copy of region %s", path);
        }
        copy->data = larger;
        copy->capacity = bytes;
    }
    got = read_at(fd, copy->data, bytes, 0);
    if (got < 0) {
        return ra_failure_set(why, RA_SYSTEM, "region %s: %s", path, strerror(errno));
    }
    copy->bytes = (size_t)got;
    return RA_OK;
}

/* A region that its process is making just now: empty, or its mark not yet stored. */
static bool is_unready(const struct ra_copy *copy)
{
    struct ra_header header;

    if (copy->bytes < sizeof(header)) {
        return true;
    }
    memcpy(&header, copy->data, sizeof(header));
    return header.ready == 0;
}

/* Read anew what is under the sample's lock: the sample first, as the sequence is in it. */
static bool read_sample(struct ra_copy *copy, int fd, const struct ra_section *sections)
{
    static const enum ra_section_index locked[] = {RA_SECTION_sample, RA_SECTION_arenas,
                                                   RA_SECTION_settings};

    for (size_t i = 0; i < sizeof(locked) / sizeof(locked[0]); i++) {
        const struct ra_section *section = &sections[locked[i]];
        size_t bytes = (size_t)section->count * section->element_bytes;

        if (read_at(fd, (char *)copy->data + section->offset, bytes, (off_t)section->offset) !=
            (ssize_t)bytes) {
            return false;
        }
    }
    return true;
}

/*
 * See to it that the copied sample was not being written: the sequence, before all else
 * that it covers in the copy and read again after it, must be even and the same. A process
 * killed while writing leaves it odd for ever; its sample is then not used.
 */
static void settle_sample(struct ra_copy *copy, int fd, const struct ra_section *sections)
{
    off_t offset = (off_t)sections[RA_SECTION_sample].offset;
    char *sample = (char *)copy->data + offset;
    uint32_t before;
    uint32_t after = 0;

    for (int i = 0; i < SAMPLE_TRIES; i++) {
        memcpy(&before, sample, sizeof(before));
        if (read_at(fd, &after, sizeof(after), offset) != sizeof(after)) {
            break;
        }
        if (before == after && before % 2 == 0) {
            return;
        }
        ra_copy_pause(SAMPLE_PAUSE_US);
        if (!read_sample(copy, fd, sections)) {
            break;
        }
    }
    before = 1;
    memcpy(sample, &before, sizeof(before));
}

enum ra_status ra_copy_take(struct ra_copy *copy, int fd, const char *path, int ready_ms,
                            struct ra_failure *why)
{
    struct ra_header header;
    enum ra_status status = read_whole(copy, fd, path, why);
    struct ra_wait wait = ra_wait_begin(ready_ms, READY_PAUSE_US);

    while (status == RA_OK && is_unready(copy) && ra_wait_on(&wait)) {
        status = read_whole(copy, fd, path, why);
    }
    if (status == RA_OK) {
        status = ra_image_check(&header, copy->data, copy->bytes, path, why);
    }
    if (status == RA_OK) {
        settle_sample(copy, fd, header.sections);
    }
    return status;
}

void ra_copy_release(struct ra_copy *copy)
{
    free(copy->data);
    memset(copy, 0, sizeof(*copy));
}
