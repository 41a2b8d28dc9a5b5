/* The examination of one process: what is looked at, in which order. */
#include "ruby_alloc/examine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "reader/apart.h"
#include "reader/cgroup.h"
#include "reader/diagnose.h"
#include "reader/failure.h"
#include "reader/look.h"
#include "reader/rubies.h"
#include "reader/session.h"
#include "reader/text.h"

enum {
    TYPED_BYTES = 512,
    WAIT_MS = 5000 /* it takes milliseconds, on a loaded machine some more */
};

/* What everybody may know of any process. */
static void describe(struct ra_look *seen)
{
    const struct ra_proc_status *status = &seen->target.status;
    struct ra_examination *out = &seen->findings->out;
    char comm[RA_PROC_COMM_BYTES] = "";
    char line[RA_LOOK_COMMAND_BYTES];
    ssize_t got = ra_proc_read(seen->target.dir, "cmdline", seen->command, sizeof(seen->command));

    ra_text_time_ms(out->time, sizeof(out->time), ra_session_clock(CLOCK_REALTIME));
    out->process.pid = seen->target.pid;
    out->process.ppid = status->ppid;
    out->process.uid = status->uids[1];
    seen->command_bytes = got < 0 ? 0 : (size_t)got;
    memcpy(line, seen->command, sizeof(line));
    ra_proc_join(line, got);
    out->process.command = got > 0 ? ra_findings_text(seen->findings, line) : NULL;
    if (ra_proc_read(seen->target.dir, "comm", comm, sizeof(comm)) > 0) {
        comm[strcspn(comm, "\n")] = '\0';
        out->process.comm = ra_findings_text(seen->findings, comm);
    }
    out->memory.rss = status->rss;
    out->memory.rss_anon = status->rss_anon;
    out->memory.swap = status->swap;
    out->memory.cgroup_limit = ra_cgroup_limit(seen->target.dir);
}

static void measure(struct ra_look *seen)
{
    struct ra_examine_memory *memory = &seen->findings->out.memory;
    struct ra_proc_rollup sizes;

    if (!ra_proc_read_rollup(seen->target.memory_dir, &sizes)) {
        sizes = seen->mapped.sum; /* Linux before 4.14: the same, but for rounding */
    }
    if (sizes.rss == RA_UNKNOWN) {
        ra_findings_note(seen->findings,
                         "pss, lazy_free and huge_pages are not known: this kernel has no smaps");
        return;
    }
#define TAKE_SIZE(field, name) memory->name = sizes.name;
    RA_SMAP_SIZES(TAKE_SIZE)
}

/* The word size of the program; a wrong guess only means that its memory makes no sense. */
static unsigned word_bytes(struct ra_mapped *mapped)
{
    const struct ra_file_facts *facts =
        mapped->exe < 0 ? NULL : ra_mapped_facts(mapped, (size_t)mapped->exe);

    return facts != NULL && facts->is_elf && facts->class == ELFCLASS32 ? 4 : sizeof(uint64_t);
}

static void take_environment(struct ra_look *seen)
{
    struct ra_examine_environment *out = &seen->findings->out.environment;
    const struct ra_surroundings *from = &seen->surroundings;

#define TAKE_VARIABLE(type, name, unit, help)                                                      \
    out->name = ra_findings_text(seen->findings, ra_surroundings_get(from, #name));
    RA_EXAMINE_ENVIRONMENT(TAKE_VARIABLE)
    seen->findings->out.preload.value =
        ra_findings_text(seen->findings, ra_surroundings_get(from, "LD_PRELOAD"));
    if (from->source == RA_SURROUNDINGS_NONE || from->source == RA_SURROUNDINGS_OVERWRITTEN) {
        ra_findings_note(seen->findings,
                         from->source == RA_SURROUNDINGS_NONE
                             ? "its environment can't be read"
                             : "its environment was overwritten by the title it gave itself, and "
                               "its memory may not be read: as root it can be");
    }
}

static void judge_preloads(struct ra_look *seen)
{
    const char *path_list = ra_surroundings_get(&seen->surroundings, "LD_LIBRARY_PATH");

    for (size_t i = 0; i < seen->preload.count; i++) {
        enum ra_preload_reason reason =
            ra_preload_judge(seen->preload.names[i], &seen->mapped, &seen->map, path_list);

        if (reason != RA_PRELOAD_NONE) {
            ra_findings_ignored(seen->findings, seen->preload.names[i],
                                ra_preload_reason_name(reason), ra_preload_reason_text(reason));
        }
    }
}

/* The command as something to type; made up by another user it is none. */
static const char *command_to_type(struct ra_look *seen, char typed[TYPED_BYTES])
{
    if (seen->target.status.uids[1] == geteuid() &&
        seen->surroundings.source == RA_SURROUNDINGS_START &&
        ra_remedy_quote(typed, TYPED_BYTES, seen->command, seen->command_bytes)) {
        return typed;
    }
    return seen->findings->out.process.ruby == 1 ? "ruby ..." : "COMMAND";
}

static bool is_set(const struct ra_look *seen, const char *variable, const char *value)
{
    const char *found = ra_surroundings_get(&seen->surroundings, variable);

    return found != NULL && strcmp(found, value) == 0;
}

/* The region of a process that counts is mapped, also where its file can't be found. */
static bool has_region(const struct ra_look *seen)
{
    for (size_t i = 0; i < seen->mapped.file_count; i++) {
        if (strncmp(seen->mapped.files[i].name, "ruby_alloc.", strlen("ruby_alloc.")) == 0) {
            return true;
        }
    }
    return false;
}

/* By what restarting it would be counted, where this library counts nothing; else NULL. */
static const char *way_to_count(struct ra_look *seen)
{
    if (has_region(seen)) {
        return NULL;
    }
    if (is_set(seen, "RUBY_ALLOC", "0")) {
        return "without RUBY_ALLOC=0";
    }
    if (seen->findings->out.process.ruby == 0 && !is_set(seen, "RUBY_ALLOC_ALL", "1")) {
        return "with RUBY_ALLOC_ALL=1: it is no Ruby";
    }
    if (ra_ruby_is_late(&seen->mapped, &seen->preload) == 1 &&
        !is_set(seen, "RUBY_ALLOC_ALL", "1")) {
        return "with RUBY_ALLOC_ALL=1: Ruby was loaded after its start";
    }
    return "with RUBY_ALLOC_LOG=FILE, which then says why";
}

/* Why the order of its libraries is a guess, if it is one. */
static void note_guess(struct ra_look *seen)
{
    struct ra_proc_status status;

    if (!ra_proc_read_status(seen->target.dir, &status) || !ra_proc_is_alive(&status)) {
        ra_findings_note(seen->findings, "it ended while it was looked at: what is missing could "
                                         "not be read any more");
    } else if (!seen->map.is_exact) {
        ra_findings_note(seen->findings,
                         seen->memory.fd < 0
                             ? "its memory may not be read (as root it can be): the order of its "
                               "libraries is taken from what they say they need"
                             : "its list of libraries makes no sense (is it just starting?): their "
                               "order is taken from what they say they need");
    }
}

static void look_inside(struct ra_look *seen)
{
    char version[RA_RUBY_VERSION_BYTES];
    char typed[TYPED_BYTES];
    struct ra_examine_process *process = &seen->findings->out.process;
    struct ra_remedy_facts facts = {.mapped = &seen->mapped,
                                    .tasks.limit = RA_UNKNOWN,
                                    .is_secure = seen->map.auxiliary.is_secure};

    process->ruby = ra_ruby_find(&seen->mapped, version);
    process->ruby_version = version[0] == '\0' ? NULL : ra_findings_text(seen->findings, version);
    take_environment(seen);
    note_guess(seen);
    judge_preloads(seen);
    ra_look_for_allocator(seen, &facts);
    facts.command = command_to_type(seen, typed);
    facts.recount = way_to_count(seen);
    if (facts.allocator == RA_ALLOCATOR_RUBY_ALLOC && !is_set(seen, "RUBY_ALLOC_HELPER", "0")) {
        facts.tasks = ra_tasks_find(seen->target.dir, &seen->target.status);
    }
    ra_remedy_find(seen->findings, &facts);
}

/* What is preloaded; again once more is known of the environment. False: no memory. */
static bool take_preload(struct ra_look *seen)
{
    const char *value = ra_surroundings_get(&seen->surroundings, "LD_PRELOAD");
    bool is_done;

    ra_preload_release(&seen->preload);
    is_done = ra_preload_take(&seen->preload, &seen->mapped, value);
    seen->preload.is_known = seen->surroundings.source == RA_SURROUNDINGS_START ||
                             seen->surroundings.source == RA_SURROUNDINGS_NOW;
    return is_done;
}

/* What is looked into, in the order in which each needs the one before. False: no memory. */
static bool gather(struct ra_look *seen)
{
    seen->memory.word = word_bytes(&seen->mapped);
    seen->memory.fd = openat(seen->target.memory_dir, "mem", O_RDONLY | O_CLOEXEC);
    ra_surroundings_take(&seen->surroundings, seen->target.memory_dir);
    if (!take_preload(seen) ||
        !ra_linkmap_take(&seen->map, &seen->mapped, &seen->memory, &seen->preload)) {
        return false;
    }
    ra_surroundings_follow(&seen->surroundings, &seen->mapped, &seen->map, &seen->memory);
    return seen->surroundings.source != RA_SURROUNDINGS_NOW || take_preload(seen);
}

static enum ra_status examine(struct ra_look *seen, struct ra_failure *why)
{
    pid_t pid = seen->target.pid;
    int got;

    if (seen->target.error != 0) {
        return ra_diagnose_want(&seen->target, why);
    }
    if (seen->target.dir < 0) {
        enum ra_status status = ra_diagnose_absent(pid, why);

        return status == RA_ABSENT ? ra_failure_set(why, RA_ABSENT, "no process %d", (int)pid)
                                   : status;
    }
    if (seen->target.status.tgid != pid) {
        return ra_failure_set(why, RA_ABSENT, "no process %d: it is a thread of process %d",
                              (int)pid, (int)seen->target.status.tgid);
    }
    describe(seen);
    got = ra_mapped_take(&seen->mapped, &seen->target);
    if (got == -EACCES || got == -EPERM) {
        return ra_diagnose_denied(pid, seen->target.status.uids[1], why);
    }
    if (got <= 0) {
        return got == -ENOMEM
                   ? ra_failure_set(why, RA_SYSTEM, "no memory for what process %d has mapped",
                                    (int)pid)
                   : ra_failure_set(why, RA_ABSENT,
                                    "process %d has no memory to look at: it ended just now, or "
                                    "is a kernel thread",
                                    (int)pid);
    }
    measure(seen);
    if (!gather(seen)) {
        return ra_failure_set(why, RA_SYSTEM, "no memory to look at process %d", (int)pid);
    }
    look_inside(seen);
    return RA_OK;
}

static void release(struct ra_look *seen)
{
    ra_linkmap_release(&seen->map);
    ra_preload_release(&seen->preload);
    ra_surroundings_release(&seen->surroundings);
    ra_mapped_release(&seen->mapped);
    if (seen->memory.fd >= 0) {
        close(seen->memory.fd);
    }
    ra_target_close(&seen->target);
}

/* What the worker is given, and gives back in findings. */
struct errand {
    struct ra_findings *findings;
    pid_t pid;
};

static int look(void *context)
{
    const struct errand *errand = context;
    struct ra_look seen = {
        .findings = errand->findings, .memory.fd = -1, .mapped.root = -1, .target.dir = -1};
    enum ra_status status;

    ra_target_open(&seen.target, errand->pid);
    status = examine(&seen, &errand->findings->why);
    release(&seen);
    return (int)status;
}

/* Users can look at their own alone, and may have no process left to do it in. */
static int look_apart(struct errand *errand)
{
    struct ra_apart apart;
    int result = ra_apart_begin(&apart, look, errand, WAIT_MS / 1000 + 1);

    if (result == -EAGAIN && geteuid() != 0) {
        return look(errand);
    }
    if (result == 0) {
        result = ra_apart_wait(&apart, WAIT_MS);
        ra_apart_end(&apart);
    }
    return result;
}

static enum ra_status conclude(struct ra_findings *findings, int result, pid_t pid,
                               struct ra_failure *why)
{
    if (result == -ETIMEDOUT && ra_findings_keep(findings)) {
        return ra_failure_set(why, RA_TIMEOUT,
                              "process %d can't be looked at whole: a file system that it uses "
                              "(FUSE? a network's?) does not answer",
                              (int)pid);
    }
    if (result < 0) {
        return ra_failure_set(why, RA_SYSTEM, "process %d can't be looked at: %s", (int)pid,
                              result == -EIO ? "the process that was to do it came to grief"
                                             : strerror(-result));
    }
    if (findings->has_failed && result != RA_ABSENT) {
        return ra_failure_set(why, RA_SYSTEM, "no memory to look at process %d", (int)pid);
    }
    if (result != RA_OK && why != NULL) {
        *why = findings->why;
    }
    return (enum ra_status)result;
}

enum ra_status ruby_alloc_examine(struct ra_examination **examination, pid_t pid,
                                  struct ra_failure *why)
{
    struct errand errand = {ra_findings_new(), pid};
    enum ra_status status;

    *examination = NULL;
    if (errand.findings == NULL) {
        return ra_failure_set(why, RA_SYSTEM, "no memory to look at process %d", (int)pid);
    }
    status = conclude(errand.findings, look_apart(&errand), pid, why);
    errand.findings->out.status = status;
    if (status == RA_OK ||
        ((status == RA_DENIED || status == RA_TIMEOUT) && errand.findings->out.time[0] != '\0')) {
        *examination = &errand.findings->out;
    } else {
        ra_findings_free(errand.findings);
    }
    return status;
}

void ruby_alloc_examination_free(struct ra_examination *examination)
{
    ra_findings_free((struct ra_findings *)examination);
}
