/* Rubies: in which processes Ruby is, and of which version. */
#include "reader/rubies.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reader/apart.h"
#include "reader/diagnose.h"
#include "reader/failure.h"
#include "reader/linkmap.h"
#include "reader/program.h"
#include "reader/surroundings.h"
#include "ruby_alloc/examine.h"

enum { PIDS_MAX = 1 << 22, WAIT_MS = 2000, LIFE_SECONDS = 600 };

/* Shared with the worker that goes through /proc. */
struct rubies {
    pid_t at; /* being looked at */
    bool has_failed;
    size_t denied;
    size_t count;
    pid_t pids[PIDS_MAX]; /* as many as the kernel makes; touched as they are needed */
};

static void read_version(struct ra_mapped *mapped, size_t file, char version[RA_RUBY_VERSION_BYTES])
{
    const struct ra_file_facts *facts = ra_mapped_facts(mapped, file);
    struct ra_elf elf;
    int fd = facts->marks[RA_MARK_RUBY_VERSION] == 0 ? -1 : ra_mapped_open(mapped, file);

    version[0] = '\0';
    if (fd < 0) {
        return;
    }
    if (ra_elf_open(&elf, fd)) {
        /* Shorter where the file's data end before. */
        for (size_t bytes = RA_RUBY_VERSION_BYTES - 1; bytes > 0; bytes--) {
            if (ra_elf_read(&elf, facts->marks[RA_MARK_RUBY_VERSION], version, bytes)) {
                version[bytes] = '\0';
                break;
            }
        }
        ra_elf_close(&elf);
    }
    close(fd);
}

static bool has_version(struct ra_mapped *mapped, size_t file)
{
    return mapped->files[file].is_code &&
           ra_mapped_facts(mapped, file)->marks[RA_MARK_RUBY_VERSION] != 0;
}

/* The file that Ruby is in: the program, libruby, or a plugin that it was linked into; or -1. */
static int find_file(struct ra_mapped *mapped)
{
    int found = -1;

    if (mapped->exe >= 0 && has_version(mapped, (size_t)mapped->exe)) {
        return mapped->exe;
    }
    for (size_t i = 0; i < mapped->file_count; i++) {
        if (mapped->files[i].is_code && ra_ruby_is_named(mapped->files[i].name)) {
            found = (int)i;
            if (has_version(mapped, i)) {
                return found;
            }
        }
    }
    for (size_t i = 0; found < 0 && i < mapped->file_count; i++) {
        found = has_version(mapped, i) ? (int)i : -1;
    }
    return found;
}

bool ra_ruby_find(struct ra_mapped *mapped, char version[RA_RUBY_VERSION_BYTES])
{
    int file = find_file(mapped);

    version[0] = '\0';
    if (file >= 0) {
        read_version(mapped, (size_t)file, version);
    }
    return file >= 0;
}

int ra_ruby_is_late(struct ra_mapped *mapped, const struct ra_preload *preload)
{
    int file = find_file(mapped);
    int is_early = file < 0 ? 1 : ra_linkmap_is_early(mapped, preload, (size_t)file);

    return is_early < 0 ? -1 : !is_early;
}

static int look_whether_late(void *context)
{
    struct ra_target target;
    struct ra_mapped mapped;
    struct ra_surroundings surroundings;
    struct ra_preload preload;

    ra_target_open(&target, *(const pid_t *)context);
    if (target.dir < 0 || ra_mapped_take(&mapped, &target) <= 0) {
        return 0;
    }
    ra_surroundings_take(&surroundings, target.memory_dir);
    return ra_preload_take(&preload, &mapped, ra_surroundings_get(&surroundings, "LD_PRELOAD")) &&
           ra_ruby_is_late(&mapped, &preload) == 1;
}

/* Its files are read: apart, as their file systems may not answer. */
bool ra_diagnose_late_ruby(const struct ra_target *target)
{
    struct ra_apart apart;
    pid_t pid = target->pid;
    int result = ra_apart_begin(&apart, look_whether_late, &pid, WAIT_MS / 1000 + 1);

    if (result == 0) {
        result = ra_apart_wait(&apart, WAIT_MS);
        ra_apart_end(&apart);
    }
    return result == 1;
}

static bool look_at_map(const struct ra_smap *map, void *context)
{
    bool *is_ruby = context;
    const char *name = strrchr(map->path, '/');

    *is_ruby |= name != NULL && ra_ruby_is_named(name + 1);
    return !*is_ruby;
}

/* Returns 1, 0, or -1: it may not be looked at. */
static int is_ruby(const struct ra_target *target)
{
    bool found = false;
    int got = ra_smaps_walk(target->memory_dir, "maps", look_at_map, &found);
    int exe;

    if (got == -EACCES || got == -EPERM) {
        return -1;
    }
    exe = found || got <= 0 ? -1 : openat(target->memory_dir, "exe", O_RDONLY | O_CLOEXEC);
    if (exe >= 0) {
        found = ra_program_defines(exe, "ruby_version") == 1;
        close(exe);
    }
    return found;
}

/* The name that everybody may read. */
static bool is_called_ruby(const struct ra_target *target)
{
    char comm[RA_PROC_COMM_BYTES];

    return ra_proc_read(target->dir, "comm", comm, sizeof(comm)) > 0 &&
           strncmp(comm, "ruby", 4) == 0;
}

static void add(struct rubies *rubies, pid_t pid)
{
    if (rubies->count == PIDS_MAX) {
        rubies->has_failed = true;
        return;
    }
    rubies->pids[rubies->count++] = pid;
}

static bool visit(struct rubies *rubies, pid_t pid)
{
    struct ra_target target;
    int found;

    errno = 0;
    ra_target_open(&target, pid);
    if (target.dir < 0) {
        return !ra_proc_is_want(errno);
    }
    found = is_ruby(&target);
    if (found == 1) {
        add(rubies, pid);
    }
    rubies->denied += found < 0 && is_called_ruby(&target);
    ra_target_close(&target);
    return true;
}

/* Go through /proc, from behind the process that was looked at last: it lists them in order. */
static int walk(void *context)
{
    struct rubies *rubies = context;
    pid_t last = rubies->at;
    DIR *stream = opendir("/proc");
    bool is_good = stream != NULL;
    int error;
    pid_t pid;

    while (is_good && (pid = ra_proc_next_number(stream)) != 0) {
        if (pid > last) {
            rubies->at = pid;
            is_good = visit(rubies, pid);
        }
    }
    error = errno;
    if (stream != NULL) {
        closedir(stream);
    }
    return is_good ? 0 : -error;
}

/*
 * Where a program lies on a file system that never answers, the rest is looked at without
 * it; it may be a Ruby. Returns 0 or a negative errno.
 */
static int walk_apart(struct rubies *rubies)
{
    struct ra_apart apart;
    int result;

    do {
        pid_t before;

        result = ra_apart_begin(&apart, walk, rubies, LIFE_SECONDS);
        if (result != 0) {
            return result == -EAGAIN && geteuid() != 0 ? walk(rubies) : result;
        }
        do {
            before = rubies->at;
            result = ra_apart_wait(&apart, WAIT_MS);
        } while (result == -ETIMEDOUT && rubies->at != before);
        ra_apart_end(&apart);
        if (result == -ETIMEDOUT) {
            add(rubies, rubies->at);
        }
    } while (result == -ETIMEDOUT && !rubies->has_failed);
    return result;
}

static int compare(const void *left, const void *right)
{
    pid_t a = *(const pid_t *)left;
    pid_t b = *(const pid_t *)right;

    return (a > b) - (a < b);
}

enum ra_status ruby_alloc_examine_list(pid_t **pids, size_t *count, size_t *denied,
                                       struct ra_failure *why)
{
    struct rubies *rubies = NULL;
    enum ra_status status = RA_OK;
    int result;

    *pids = NULL;
    *count = 0;
    if (!ra_proc_is_mounted()) {
        return ra_diagnose_no_proc(why);
    }
    rubies = ra_apart_memory(sizeof(*rubies));
    result = rubies == NULL ? -ENOMEM : walk_apart(rubies);
    if (result != 0 || rubies->has_failed) {
        status = ra_failure_set(why, RA_SYSTEM, "the list of processes can't be read whole: %s",
                                strerror(result == 0 ? ENOMEM : -result));
    } else if (rubies->count > 0) {
        *pids = malloc(rubies->count * sizeof(**pids));
        if (*pids == NULL) {
            status = ra_failure_set(why, RA_SYSTEM, "no memory for the list");
        } else {
            *count = rubies->count;
            memcpy(*pids, rubies->pids, *count * sizeof(**pids));
            qsort(*pids, *count, sizeof(**pids), compare);
        }
    }
    if (denied != NULL) {
        *denied = rubies == NULL ? 0 : rubies->denied;
    }
    ra_apart_free(rubies, sizeof(*rubies));
    return status;
}
