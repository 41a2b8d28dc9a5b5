/* The region as it lies there, and what a process that is stuck does: see helper.h. */
#include "helper.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ruby_alloc/region.h"

enum { STATE_BYTES = 4096, LINE_BYTES = 256, TASKS_SHOWN = 12 };

/* The bytes of the region file of pid; free frees them. NULL: there is none. */
static char *read_region(pid_t pid, size_t *bytes)
{
    const char *directory = getenv("RUBY_ALLOC_DIR");
    char path[PATH_BYTES], *image = NULL;
    struct stat status;
    int file = -1;

    if (directory != NULL && region_path(directory, pid, path)) {
        file = open(path, O_RDONLY | O_CLOEXEC);
    }
    if (file >= 0 && fstat(file, &status) == 0 &&
        status.st_size >= (off_t)sizeof(struct ra_header)) {
        image = malloc((size_t)status.st_size);
        *bytes = (size_t)status.st_size;
        if (pread(file, image, *bytes, 0) != (ssize_t)*bytes) {
            free(image);
            image = NULL;
        }
    }
    if (file >= 0) {
        close(file);
    }
    return image;
}

static uint64_t requested_in(const struct ra_slot *slot)
{
    uint64_t bytes = slot->requested_less_1;

    for (unsigned i = 0; i < RA_SMALL_COUNT; i++) {
        bytes += slot->alloc[i];
    }
    for (unsigned i = 0; i < RA_LARGE_OWN_COUNT; i++) {
        bytes += slot->large[i].requested_bytes;
    }
    return bytes;
}

uint64_t requested_so_far(pid_t pid)
{
    size_t bytes = 0;
    char *image = read_region(pid, &bytes);
    const struct ra_header *header = (const struct ra_header *)image;
    uint64_t sum = 0;

    ck_assert_msg(image != NULL, "process %d has no region file", (int)pid);
    const struct ra_section *slots = &header->sections[RA_SECTION_slots];
    const struct ra_section *shared = &header->sections[RA_SECTION_shared];
    ck_assert_uint_le(slots->offset + header->slots_ready * sizeof(struct ra_slot), bytes);
    for (unsigned i = 0; i < header->slots_ready; i++) {
        sum += requested_in((const struct ra_slot *)(image + slots->offset) + i);
    }
    const struct ra_shared *common = (const struct ra_shared *)(image + shared->offset);
    sum += requested_in(&common->slot);
    for (unsigned i = 0; i < RA_LARGE_SHARED_COUNT; i++) {
        sum += common->large[i].requested_bytes;
    }
    free(image);
    return sum;
}

static void append_file(char *text, const char *label, const char *format, pid_t pid,
                        const char *task)
{
    char path[PATH_BYTES], line[LINE_BYTES] = "";
    size_t length = strlen(text);

    snprintf(path, sizeof path, format, (int)pid, task);
    FILE *file = fopen(path, "r");
    if (file != NULL) {
        if (fgets(line, sizeof line, file) != NULL) {
            line[strcspn(line, "\n")] = '\0';
        }
        fclose(file);
    }
    snprintf(text + length, STATE_BYTES - length, "%s%.80s", label, line);
}

static void append_words(char *text, pid_t pid)
{
    size_t bytes = 0, length = strlen(text);
    char *image = read_region(pid, &bytes);
    const struct ra_header *header = (const struct ra_header *)image;

    if (image != NULL) {
        snprintf(text + length, STATE_BYTES - length,
                 "; its region: request %u answered %u sampler_tid %u slots_ready %u, action %u "
                 "asked %u done %u",
                 header->request, header->answered, header->sampler_tid, header->slots_ready,
                 header->action.id, header->action.asked, header->action.done);
    }
    free(image);
}

const char *what_it_does(pid_t pid)
{
    static char text[STATE_BYTES];
    char directory[64];
    struct dirent *entry;
    int shown = 0;

    snprintf(text, sizeof text, "process %d", (int)pid);
    snprintf(directory, sizeof directory, "/proc/%d/task", (int)pid);
    DIR *tasks = opendir(directory);
    while (tasks != NULL && (entry = readdir(tasks)) != NULL && shown < TASKS_SHOWN) {
        if (entry->d_name[0] != '.') {
            shown++;
            append_file(text, "; thread ", "/proc/%d/task/%s/comm", pid, entry->d_name);
            append_file(text, " waits in ", "/proc/%d/task/%s/wchan", pid, entry->d_name);
            append_file(text, ", system call ", "/proc/%d/task/%s/syscall", pid, entry->d_name);
        }
    }
    if (tasks != NULL) {
        closedir(tasks);
    }
    append_words(text, pid);
    return text;
}
