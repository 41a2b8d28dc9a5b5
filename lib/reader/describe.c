/* What /proc knows of a living process, into its snapshot. */
#include "reader/session.h"

#include <string.h>
#include <time.h>

#include "reader/smaps.h"
#include "ruby_alloc/report.h"

uint64_t ra_session_clock(int clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void read_command(struct ra_reader *reader)
{
    ssize_t got =
        ra_proc_read(reader->target.dir, "cmdline", reader->command, sizeof(reader->command));

    ra_proc_join(reader->command, got);
    if (ra_proc_read(reader->target.dir, "comm", reader->comm, sizeof(reader->comm)) >= 0) {
        reader->comm[strcspn(reader->comm, "\n")] = '\0';
    }
}

static void read_rollup(struct ra_reader *reader)
{
    if (ra_proc_read_rollup(reader->target.memory_dir, &reader->rollup)) {
        return;
    }
    ra_target_follow(&reader->target);
    if (!ra_proc_read_rollup(reader->target.memory_dir, &reader->rollup)) {
        ra_smap_sizes_clear(&reader->rollup);
    }
}

static int64_t known_or(int64_t value, int64_t otherwise)
{
    return value != RA_UNKNOWN ? value : otherwise;
}

static bool is_outdated(const struct ra_reader *reader, uint64_t now_ns)
{
    int64_t was = reader->rollup.rss;
    int64_t is = reader->target.status.rss;

    if (!reader->is_thrifty || reader->refreshed_ns == 0 ||
        now_ns - reader->refreshed_ns >= RA_SESSION_REFRESH_SECONDS * UINT64_C(1000000000)) {
        return true;
    }
    return was != RA_UNKNOWN && is != RA_UNKNOWN && (is - was > was / 16 || was - is > was / 16);
}

void ra_session_describe(struct ra_reader *reader, struct ra_snapshot *snapshot)
{
    const struct ra_proc_status *status = &reader->target.status;
    bool again = is_outdated(reader, snapshot->monotonic_ns);

    if (again) {
        read_command(reader);
        read_rollup(reader);
        reader->refreshed_ns = snapshot->monotonic_ns;
    }
    ra_names_update(&reader->names, &snapshot->image, reader->target.dir, reader->is_foreign,
                    again);
    snapshot->names = ra_names_copy(&reader->names);
    snapshot->rollup = reader->rollup;
    if (!again || reader->rollup.rss == RA_UNKNOWN) {
        snapshot->rollup.rss = known_or(status->rss, reader->rollup.rss);
        snapshot->rollup.rss_anon = known_or(status->rss_anon, reader->rollup.rss_anon);
        snapshot->rollup.swap = known_or(status->swap, reader->rollup.swap);
    }
    snapshot->start_ticks = reader->target.start_ticks;
    snapshot->ppid = status->ppid;
    snapshot->own_allocator = reader->own_allocator;
    snapshot->uid = status->uids[1];
    memcpy(snapshot->comm, reader->comm, sizeof(snapshot->comm));
    memcpy(snapshot->command, reader->command, sizeof(snapshot->command));
}
