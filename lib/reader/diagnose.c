/* Diagnoses: why a process has no region that could be read, and what to do. */
#include "reader/diagnose.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reader/failure.h"
#include "reader/program.h"
#include "reader/smaps.h"

/* What a process looks like from outside. */
struct looks {
    char comm[RA_PROC_COMM_BYTES];
    bool has_memory;
    bool has_shim;
    bool has_jemalloc;
    bool is_ruby;
    bool wants_shim;      /* LD_PRELOAD names it */
    bool counts_all;      /* RUBY_ALLOC_ALL=1 */
    bool is_switched_off; /* RUBY_ALLOC=0 */
    bool had_region;      /* mapped, but its file was removed */
    bool has_allocator;   /* its executable defines malloc */
    bool is_late;         /* Ruby came by dlopen */
};

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static void look_at_file(struct looks *looks, const char *name)
{
    looks->has_memory = true;
    looks->has_shim |=
        starts_with(name, "libruby_alloc.so") || starts_with(name, "libruby_malloc.so");
    looks->has_jemalloc |= starts_with(name, "libjemalloc.so");
    looks->is_ruby |= ra_ruby_is_named(name);
    looks->had_region |= starts_with(name, "ruby_alloc.");
}

static bool look_at_map(const struct ra_smap *map, void *looks)
{
    const char *name = strrchr(map->path, '/');

    look_at_file(looks, name == NULL ? "" : name + 1);
    return true;
}

static void look_at_environment(struct looks *looks, const struct ra_target *target)
{
    size_t bytes;
    char *environment = ra_proc_slurp(target->memory_dir, "environ", &bytes);
    const char *value;

    if (environment == NULL) {
        return;
    }
    value = ra_proc_variable(environment, bytes, "LD_PRELOAD");
    looks->wants_shim = value != NULL && (strstr(value, "libruby_alloc.so") != NULL ||
                                          strstr(value, "libruby_malloc.so") != NULL);
    value = ra_proc_variable(environment, bytes, "RUBY_ALLOC_ALL");
    looks->counts_all = value != NULL && strcmp(value, "1") == 0;
    value = ra_proc_variable(environment, bytes, "RUBY_ALLOC");
    looks->is_switched_off = value != NULL && strcmp(value, "0") == 0;
    free(environment);
}

static const char *explain_without_shim(const struct looks *looks)
{
    if (!looks->has_memory) {
        return "has no memory to count: it is ending just now, or is a kernel thread";
    }
    if (looks->wants_shim) {
        return "names libruby_alloc.so in LD_PRELOAD, but the loader did not load it (wrong path, "
               "or a static or setuid program): check the path";
    }
    if (!looks->is_ruby) {
        return "is not a Ruby, and was started without the library: start it with "
               "LD_PRELOAD=libruby_alloc.so RUBY_ALLOC_ALL=1";
    }
    return looks->has_jemalloc ? "was started without the library: start it with "
                                 "LD_PRELOAD=libruby_alloc.so; jemalloc is loaded"
                               : "was started without the library: start it with "
                                 "LD_PRELOAD=libruby_alloc.so; jemalloc is not loaded";
}

static const char *explain(const struct looks *looks)
{
    if (looks->has_allocator && looks->has_memory && !looks->is_switched_off) {
        return "can't be counted: its executable has an allocator of its own, which no preloaded "
               "library can replace: use one that is linked to the system's malloc";
    }
    if (!looks->has_shim) {
        return explain_without_shim(looks);
    }
    if (looks->is_switched_off) {
        return "has no region: counting is off: RUBY_ALLOC=0 in its environment; restart it "
               "without that";
    }
    if (looks->had_region) {
        return "counts, but the file of its region was removed: restart the process";
    }
    if (looks->is_late) {
        return "has the library, but Ruby was loaded after its start, too late to be counted; "
               "start it with RUBY_ALLOC_ALL=1";
    }
    if (!looks->is_ruby && !looks->counts_all) {
        return "has the library, but is not a Ruby; start it with RUBY_ALLOC_ALL=1";
    }
    return "has the library, but no region was found: another malloc comes first (list "
           "libruby_alloc.so first in LD_PRELOAD), no region could be made (on a "
           "tmpfs alone: start it with RUBY_ALLOC_LOG=FILE to see why), or RUBY_ALLOC_DIR should "
           "name its directory here too";
}

enum ra_status ra_diagnose_living(const struct ra_target *target, struct ra_failure *why)
{
    struct looks looks = {0};
    int got;

    if (target->status.tgid != target->pid) {
        return ra_failure_set(why, RA_ABSENT, "no process %d: it is a thread of process %d",
                              (int)target->pid, (int)target->status.tgid);
    }
    got = ra_smaps_walk(target->memory_dir, "maps", look_at_map, &looks);
    if (got == -EACCES || got == -EPERM) {
        return ra_diagnose_denied(target->pid, target->status.uids[1], why);
    }
    if (got < 0) {
        return ra_diagnose_absent(target->pid, why);
    }
    look_at_environment(&looks, target);
    /* Its files are read for that, and only where it would be the reason. */
    looks.is_late = looks.has_shim && !looks.counts_all && !looks.is_switched_off &&
                    !looks.had_region && ra_diagnose_late_ruby != NULL &&
                    ra_diagnose_late_ruby(target);
    looks.has_allocator = ra_program_has_allocator(target->memory_dir) == 1;
    if (ra_proc_read(target->dir, "comm", looks.comm, sizeof(looks.comm)) > 0) {
        looks.comm[strcspn(looks.comm, "\n")] = '\0';
    }
    return ra_failure_set(why, RA_NO_REGION, "process %d (%s) %s", (int)target->pid, looks.comm,
                          explain(&looks));
}

enum ra_status ra_diagnose_want(const struct ra_target *target, struct ra_failure *why)
{
    return ra_failure_set(why, RA_SYSTEM, "process %d can't be looked at: %s", (int)target->pid,
                          strerror(target->error));
}

enum ra_status ra_diagnose_no_proc(struct ra_failure *why)
{
    return ra_failure_set(why, RA_SYSTEM,
                          "/proc shows no processes: it is not mounted here (mount -t proc proc "
                          "/proc), so nothing is known of any");
}

enum ra_status ra_diagnose_absent(pid_t pid, struct ra_failure *why)
{
    int dir = ra_proc_open(pid);

    if (dir >= 0) {
        close(dir);
        return ra_failure_set(why, RA_ABSENT, "process %d has ended and left no region", (int)pid);
    }
    if (!ra_proc_is_mounted()) {
        return ra_diagnose_no_proc(why);
    }
    if (pid > 0 && kill(pid, 0) != 0 && errno == EPERM) {
        return ra_failure_set(why, RA_DENIED,
                              "process %d belongs to another user and /proc hides it; run "
                              "ruby_alloc_top as that user or as root",
                              (int)pid);
    }
    return ra_failure_set(why, RA_ABSENT, "no process %d, and no region that one left behind",
                          (int)pid);
}

enum ra_status ra_diagnose_denied(pid_t pid, uid_t uid, struct ra_failure *why)
{
    char buffer[4096];
    char name[64];
    struct passwd entry;
    struct passwd *user = NULL;

    if (geteuid() == 0) {
        return ra_failure_set(why, RA_DENIED,
                              "process %d may not be looked at, even by this root: it lacks "
                              "CAP_SYS_PTRACE, as in a container; run ruby_alloc_top with it",
                              (int)pid);
    }
    if (uid == geteuid()) {
        return ra_failure_set(why, RA_DENIED,
                              "process %d may not be looked at (it is protected, as a setuid "
                              "program is); run ruby_alloc_top as root",
                              (int)pid);
    }
    snprintf(name, sizeof(name), "%u", (unsigned)uid);
    if (getpwuid_r(uid, &entry, buffer, sizeof(buffer), &user) == 0 && user != NULL) {
        snprintf(name, sizeof(name), "%s", user->pw_name);
    }
    return ra_failure_set(why, RA_DENIED,
                          "process %d belongs to user %s; run ruby_alloc_top as that user or as "
                          "root",
                          (int)pid, name);
}
