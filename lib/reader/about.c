/* The report's group "process": who it is, since when, in which state. */
#include "reader/derive.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "reader/text.h"

#define NS_PER_SECOND 1e9

/* The start in seconds since the epoch, or NAN. */
static double start_time(const struct ra_snapshot *now)
{
    double created = (double)now->image.header.created_realtime_ns / NS_PER_SECOND;
    double started;

    if (now->boot_time <= 0) {
        return NAN;
    }
    started = (double)now->boot_time / NS_PER_SECOND +
              (double)now->start_ticks / (double)sysconf(_SC_CLK_TCK);
    /* Left behind before the last boot, in a directory that outlives it. */
    if (now->state == RA_STATE_EXITED && created > 0 && started > created + 2) {
        return created;
    }
    return started;
}

static const char *format_time(struct ra_derivation *derivation, double seconds)
{
    char text[RA_TEXT_TIME_BYTES];

    return ra_derive_text(derivation, text, ra_text_time(text, seconds));
}

static double uptime(const struct ra_snapshot *now, double started)
{
    const struct ra_sample *sample = &now->image.sample;
    double seconds = NAN;

    if (now->state != RA_STATE_EXITED) {
        seconds = (double)now->boottime_ns / NS_PER_SECOND -
                  (double)now->start_ticks / (double)sysconf(_SC_CLK_TCK);
    } else if (sample->sequence != 0) {
        seconds = (double)sample->realtime_ns / NS_PER_SECOND - started;
    }
    return seconds >= 0 ? seconds : NAN;
}

static void fill_command(struct ra_derivation *derivation)
{
    const struct ra_snapshot *now = derivation->now;
    const struct ra_header *header = &now->image.header;
    const struct ra_sample *sample = &now->image.sample;
    struct ra_report_process *process = &derivation->report->process;

    if (now->state != RA_STATE_EXITED) {
        process->comm = ra_derive_text(derivation, now->comm, sizeof(now->comm));
        process->command = ra_derive_text(derivation, now->command, sizeof(now->command));
    }
    if (process->comm == NULL) {
        process->comm = ra_derive_text(derivation, header->comm, sizeof(header->comm));
    }
    if (process->command == NULL) {
        process->command = ra_derive_text(derivation, sample->command, sizeof(sample->command));
    }
    if (process->command == NULL) {
        process->command = ra_derive_text(derivation, header->command, sizeof(header->command));
    }
}

/*
 * An executable that defines malloc need not keep it from us: it may hand each call on.
 * A Ruby makes tens of thousands of objects before its first line of code.
 */
static int own_allocator(const struct ra_snapshot *now)
{
    enum { HARDLY_ANY = 1000 };

    if (now->state == RA_STATE_EXITED || now->own_allocator < 0) {
        return -1;
    }
    return now->own_allocator == 1 &&
           ra_tally_allocs(&now->image.own) + ra_tally_allocs(&now->image.inherited) < HARDLY_ANY;
}

void ra_derive_process(struct ra_derivation *derivation)
{
    static const char *const states[] = {
        [RA_STATE_RUNNING] = "running",
        [RA_STATE_EXITED] = "exited",
        [RA_STATE_DETACHED] = "detached",
    };
    const struct ra_snapshot *now = derivation->now;
    const struct ra_header *header = &now->image.header;
    struct ra_report *report = derivation->report;
    struct ra_report_process *process = &report->process;
    double started = start_time(now);

    ra_text_time_ms(report->time, sizeof(report->time), now->realtime_ns);
    fill_command(derivation);
    process->pid = now->pid;
    process->ppid = now->state == RA_STATE_EXITED ? (int64_t)header->parent_pid : now->ppid;
    process->uid = now->uid;
    process->state = states[now->state];
    process->started = format_time(derivation, started);
    process->uptime = uptime(now, started);
    process->forked = (header->flags & RA_FLAG_FORKED) != 0;
    process->ruby_version =
        ra_derive_text(derivation, header->ruby_version, sizeof(header->ruby_version));
    process->jemalloc_version =
        ra_derive_text(derivation, header->jemalloc_version, sizeof(header->jemalloc_version));
    process->shim_version =
        ra_derive_text(derivation, header->shim_version, sizeof(header->shim_version));
    process->own_allocator = own_allocator(now);
    process->backend = header->flags & RA_FLAG_LIBC ? "libc" : "jemalloc";
}
