/*
 * Pruning: removing the regions that dead processes left behind.
 *
 * Order: the directories are read first, then each process is judged, then the file
 * is looked at once more and unlinked. What is judged is held open all the while, so
 * that a name that came to mean another file is seen. Nothing but a name in that
 * very directory can be removed, whatever a link there points at.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reader/census.h"
#include "reader/failure.h"
#include "reader/grow.h"
#include "reader/image.h"
#include "reader/prunedirs.h"
#include "reader/text.h"
#include "ruby_alloc/region.h"

/* A name in a directory, by which it can be written again. */
struct candidate {
    size_t directory;
    struct ra_region_name name;
};

struct pruning {
    struct ra_prune_dirs dirs;
    struct candidate *candidates;
    size_t count;
    size_t capacity;
    struct ra_census census;
    void (*visit)(const struct ra_pruned *pruned, void *context);
    void *context;
    struct ra_pruned pruned; /* the one at hand */
};

static bool add(struct pruning *pruning, const struct candidate *candidate)
{
    struct candidate *candidates =
        ra_grown(pruning->candidates, &pruning->capacity, pruning->count, sizeof(*candidates), 64);

    if (candidates == NULL) {
        return false;
    }
    pruning->candidates = candidates;
    candidates[pruning->count++] = *candidate;
    return true;
}

static bool read_directory(struct pruning *pruning, size_t directory)
{
    int readable = fcntl(pruning->dirs.items[directory].fd, F_DUPFD_CLOEXEC, 0);
    DIR *stream = readable < 0 ? NULL : fdopendir(readable);
    struct dirent *entry;
    bool is_good = true;

    if (stream == NULL) {
        if (readable >= 0) {
            close(readable);
        }
        return true;
    }
    while (is_good && (entry = readdir(stream)) != NULL) {
        struct candidate candidate = {.directory = directory};

        if (ra_region_name_parse(entry->d_name, &candidate.name)) {
            is_good = add(pruning, &candidate);
        }
    }
    closedir(stream);
    return is_good;
}

/* What a region says of its process, as far as it makes sense: for people, not to go by. */
static void read_last_words(struct ra_pruned *pruned, const struct ra_header *header, int file)
{
    struct ra_sample sample = {0};
    const struct ra_section *section = &header->sections[RA_SECTION_sample];
    uint64_t seen_ns = header->created_realtime_ns;
    const char *command = header->command;

    if (pread(file, &sample, sizeof(sample), (off_t)section->offset) == sizeof(sample) &&
        sample.sequence != 0 && sample.sequence % 2 == 0) {
        seen_ns = sample.realtime_ns;
        command = sample.command[0] != '\0' ? sample.command : command;
    }
    command = command[0] != '\0' ? command : header->comm;
    ra_text_clean(
        pruned->command, sizeof(pruned->command), command,
        strnlen(command, command == header->comm ? sizeof(header->comm) : RA_COMMAND_BYTES));
    if (seen_ns != 0) {
        ra_text_time(pruned->seen, (double)seen_ns / 1e9);
    }
}

/* Read the header of the file that place.fd points at. Returns false if it is none. */
static bool read_header(const struct ra_place *place, struct ra_header *header,
                        struct ra_pruned *pruned)
{
    char data[sizeof(*header)];
    char link[40];
    bool is_good;
    int file;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", place->fd);
    file = open(link, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (file < 0) {
        return false;
    }
    is_good = pread(file, data, sizeof(data), 0) == sizeof(data) &&
              ra_image_check(header, data, (size_t)place->file.st_size, "", NULL) == RA_OK;
    if (is_good) {
        read_last_words(pruned, header, file);
    }
    close(file);
    return is_good;
}

static void conclude(struct pruning *pruning, enum ra_prune_action action, const char *reason)
{
    pruning->pruned.action = action;
    snprintf(pruning->pruned.reason, sizeof(pruning->pruned.reason), "%s", reason);
    pruning->visit(&pruning->pruned, pruning->context);
}

/* The process of the name, and of the contents should they be another's, must be dead. */
static enum ra_life judge(struct pruning *pruning, const struct ra_region_name *name,
                          const struct ra_place *place, const char **reason)
{
    enum ra_life life = ra_census_judge(&pruning->census, name, place, reason);
    struct ra_region_name inside;
    struct ra_header header;

    if (life == RA_LIFE_LIVING || !read_header(place, &header, &pruning->pruned)) {
        return life;
    }
    inside = (struct ra_region_name){(pid_t)header.pid, header.start_ticks, header.pid_namespace};
    if (life == RA_LIFE_DEAD && header.pid > 0 && header.pid <= INT32_MAX &&
        header.pid_namespace != 0 &&
        (inside.pid != name->pid || inside.start_ticks != name->start_ticks ||
         inside.pid_namespace != name->pid_namespace) &&
        ra_census_judge(&pruning->census, &inside, place, reason) != RA_LIFE_DEAD) {
        *reason = "its name and its contents speak of different processes";
        life = RA_LIFE_UNKNOWN;
    }
    return life;
}

static void remove_name(struct pruning *pruning, int dir, const char *name,
                        const struct stat *judged)
{
    struct stat now;

    if (fstatat(dir, name, &now, AT_SYMLINK_NOFOLLOW) != 0) {
        return; /* someone else was faster */
    }
    if (now.st_dev != judged->st_dev || now.st_ino != judged->st_ino || now.st_nlink != 1) {
        conclude(pruning, RA_PRUNE_KEPT, "it was replaced while it was looked at");
    } else if (unlinkat(dir, name, 0) == 0) {
        conclude(pruning, RA_PRUNE_REMOVED, "");
    } else if (errno != ENOENT) {
        conclude(pruning, RA_PRUNE_FAILED, strerror(errno));
    }
}

/* Judge the file that place holds open, and remove its name from dir if it is to go. */
static void visit_file(struct pruning *pruning, int dir, const char *name,
                       const struct ra_region_name *parsed, const struct ra_place *place)
{
    struct ra_pruned *pruned = &pruning->pruned;
    const char *reason = "";
    enum ra_life life;

    memset(pruned, 0, sizeof(*pruned));
    pruned->pid = parsed->pid;
    pruned->uid = place->file.st_uid;
    pruned->bytes = (int64_t)place->file.st_blocks * 512;
    ra_text_clean(pruned->path, sizeof(pruned->path), place->path, strlen(place->path));
    if (!S_ISREG(place->file.st_mode)) {
        conclude(pruning, RA_PRUNE_KEPT, "it is not a regular file");
        return;
    }
    if (place->file.st_nlink != 1) {
        conclude(pruning, RA_PRUNE_KEPT, "it has a second name (a hard link)");
        return;
    }
    life = judge(pruning, parsed, place, &reason);
    if (life == RA_LIFE_UNKNOWN) {
        conclude(pruning, RA_PRUNE_KEPT, reason);
    } else if (life == RA_LIFE_DEAD) {
        remove_name(pruning, dir, name, &place->file);
    }
}

static void visit(struct pruning *pruning, const struct candidate *candidate)
{
    const struct ra_region_name *parsed = &candidate->name;
    const struct ra_prune_dir *where = &pruning->dirs.items[candidate->directory];
    struct ra_place place;
    char name[96];

    snprintf(name, sizeof(name), RA_REGION_PREFIX "%d.%" PRIu64 ".%" PRIu64, (int)parsed->pid,
             parsed->start_ticks, parsed->pid_namespace);
    snprintf(place.path, sizeof(place.path), "%s/%s", where->path, name);
    place.fd = openat(where->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (place.fd < 0) {
        return;
    }
    if (fstat(place.fd, &place.file) == 0 && place.file.st_nlink > 0 &&
        (geteuid() == 0 || place.file.st_uid == geteuid())) {
        visit_file(pruning, where->fd, name, parsed, &place);
    }
    close(place.fd);
}

static int compare(const void *left, const void *right)
{
    const struct candidate *a = left;
    const struct candidate *b = right;

    if (a->name.pid != b->name.pid) {
        return a->name.pid < b->name.pid ? -1 : 1;
    }
    return (a->name.start_ticks > b->name.start_ticks) -
           (a->name.start_ticks < b->name.start_ticks);
}

/* A run's directory in which a stranger keeps something that isn't ours to remove. */
static void visit_run(struct pruning *pruning, const struct ra_prune_dir *dir)
{
    struct ra_pruned *pruned = &pruning->pruned;
    char reason[80];
    uid_t owner;

    if (dir->parent < 0 || !ra_prune_sweep_run(dir->fd, &owner)) {
        return;
    }
    memset(pruned, 0, sizeof(*pruned));
    pruned->uid = owner;
    ra_text_clean(pruned->path, sizeof(pruned->path), dir->path, strlen(dir->path));
    snprintf(reason, sizeof(reason), "user %u has put a directory into it: remove both",
             (unsigned)owner);
    conclude(pruning, RA_PRUNE_KEPT, reason);
}

enum ra_status ruby_alloc_reader_prune(void (*visitor)(const struct ra_pruned *, void *),
                                       void *context, struct ra_failure *why)
{
    struct pruning *pruning = calloc(1, sizeof(*pruning));
    bool is_good;

    if (pruning == NULL) {
        return ra_failure_set(why, RA_SYSTEM, "no memory");
    }
    pruning->visit = visitor;
    pruning->context = context;
    is_good = ra_prune_dirs_open(&pruning->dirs);
    for (size_t i = 0; is_good && i < pruning->dirs.count; i++) {
        is_good = read_directory(pruning, i);
    }
    if (pruning->count > 0) {
        qsort(pruning->candidates, pruning->count, sizeof(*pruning->candidates), compare);
    }
    for (size_t i = 0; is_good && i < pruning->count; i++) {
        visit(pruning, &pruning->candidates[i]);
    }
    for (size_t i = 0; is_good && i < pruning->dirs.count; i++) {
        visit_run(pruning, &pruning->dirs.items[i]);
    }
    ra_prune_dirs_close(&pruning->dirs);
    ra_census_release(&pruning->census);
    free(pruning->candidates);
    free(pruning);
    return is_good ? RA_OK : ra_failure_set(why, RA_SYSTEM, "no memory for the list of regions");
}
