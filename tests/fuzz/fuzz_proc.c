/*
 * A libFuzzer target: any bytes as a file of /proc that the reader takes apart; which of
 * them, the first byte says. Much of what they hold comes from the process: its name, paths,
 * its environment.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "fuzz.h"
#include "reader/cgroup.h"
#include "reader/proc.h"
#include "reader/smaps.h"
#include "reader/surroundings.h"

/* A directory with one file, as /proc/PID has many. */
static int directory_with(const char *name, const void *data, size_t size)
{
    static int directory = -1;
    int file;

    if (directory < 0) {
        mkdir("scratch", 0700);
        directory = open("scratch", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        require(directory >= 0);
    }
    file = openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    require(file >= 0 && write(file, data, size) == (ssize_t)size);
    close(file);
    return directory;
}

static void read_status(const void *data, size_t size)
{
    struct ra_proc_status status;

    if (ra_proc_read_status(directory_with("status", data, size), &status)) {
        ra_proc_is_alive(&status);
    }
}

static void read_stat(const void *data, size_t size)
{
    uint64_t start;

    ra_proc_read_start(directory_with("stat", data, size), &start);
}

static void read_rollup(const void *data, size_t size)
{
    struct ra_proc_rollup rollup;

    ra_proc_read_rollup(directory_with("smaps_rollup", data, size), &rollup);
}

static bool visit(const struct ra_smap *smap, void *context)
{
    size_t *visited = context;

    require(smap->start < smap->end && smap->path != NULL);
    require(memchr(smap->access, '\0', sizeof(smap->access)) != NULL);
    (*visited)++;
    return true;
}

/* As smaps, and as maps, which has a line for each alone. */
static void read_mappings(const char *name, const void *data, size_t size)
{
    size_t visited = 0;
    int counted = ra_smaps_walk(directory_with(name, data, size), name, visit, &visited);

    require(counted < 0 || (size_t)counted == visited);
}

static void read_maps(const void *data, size_t size)
{
    read_mappings("maps", data, size);
}

static void read_smaps(const void *data, size_t size)
{
    read_mappings("smaps", data, size);
}

static void read_environ(const void *data, size_t size)
{
    struct ra_surroundings surroundings;
    const char *value;

    ra_surroundings_take(&surroundings, directory_with("environ", data, size));
    value = ra_surroundings_get(&surroundings, "LD_PRELOAD");
    require(value == NULL || (value >= surroundings.text &&
                              value + strlen(value) <= surroundings.text + surroundings.bytes));
    ra_surroundings_release(&surroundings);
}

/* Two texts, with a NUL between: cgroup and mountinfo. */
static void read_groups(const void *data, size_t size)
{
    char *groups = fuzzed_text(data, size);
    size_t length = strlen(groups);

    ra_cgroup_limit_in(groups, length < size ? groups + length + 1 : "");
    free(groups);
}

static void read_command(const void *data, size_t size)
{
    char *text = fuzzed_text(data, size);

    ra_proc_join(text, (ssize_t)size);
    require(strlen(text) <= size);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const files[])(const void *data, size_t size) = {
        read_status, read_stat,    read_rollup, read_maps,
        read_smaps,  read_environ, read_groups, read_command};

    if (size > 0) {
        files[data[0] % (sizeof(files) / sizeof(files[0]))](data + 1, size - 1);
    }
    return 0;
}
