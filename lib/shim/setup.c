#include "setup.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "configuration.h"
#include "elf.h"
#include "ending.h"
#include "entry.h"
#include "exec.h"
#include "filter.h"
#include "flush.h"
#include "fork.h"
#include "glibc.h"
#include "jemalloc.h"
#include "log.h"
#include "privileges.h"
#include "region.h"
#include "regionfile.h"
#include "ruby_alloc/version.h"
#include "run.h"
#include "sampler.h"
#include "settings.h"
#include "slots.h"
#include "unseen.h"

/*
 * Counting begins here; the constructor gives it up where it isn't wanted. Learning
 * the counters initialises jemalloc, which may make threads and so allocate through
 * us: by then calls are counted, by asking for each size.
 */
void ra_setup_first_call(void)
{
    int error = errno;

    ra_road_find();
    if (ra_backend != RA_BACKEND_NONE) {
        __atomic_store_n(&ra_mode, RA_COUNT, __ATOMIC_RELEASE);
        ra_jemalloc_learn_counters();
    } else {
        __atomic_store_n(&ra_mode, RA_FORWARD, __ATOMIC_RELEASE);
    }
    errno = error;
}

static void only_forward(void)
{
    __atomic_store_n(&ra_mode, RA_FORWARD, __ATOMIC_RELEASE);
    ra_thread.limit = 0;
}

/*
 * Whether the host's calls reach us: another library may stand before us, or the program
 * have an allocator of its own. The symbol usually tells; it may also lead to us by a
 * detour, through the program's own table or a wrapper, so that a call decides.
 */
static bool are_called(void)
{
    void *(*volatile by_symbol)(size_t) = malloc; /* the compiler must not compare by name */

    if (by_symbol == ra_own_malloc) {
        return true;
    }
    struct ra_unseen before = ra_unseen_begin();
    free(by_symbol(1));
    ra_unseen_end(before);
    return ra_slot_allocs(&ra_unseen_slot) > 0;
}

static bool wanted(const char *ruby)
{
    return !ra_settings.off && (ruby || ra_settings.all);
}

static bool describe_allocator(void)
{
    return ra_backend == RA_BACKEND_LIBC ? ra_glibc_describe(&ra_image)
                                         : ra_jemalloc_describe(&ra_image);
}

static void describe_process(const char *ruby)
{
    struct ra_header *header = &ra_image.header;

    header->interval_seconds = ra_settings.interval_seconds;
    header->flags |= ra_settings.no_decay ? RA_FLAG_KEEPS : 0;
    header->flags |= ra_settings.no_helper ? RA_FLAG_ALONE : 0;
    strcpy(header->shim_version, RUBY_ALLOC_VERSION);
    if (ruby) {
        strncpy(header->ruby_version, ruby, sizeof header->ruby_version - 1);
        header->flags |= RA_FLAG_RUBY;
    }
}

/*
 * Order: the region takes over what was counted so far; the slots' destructor needs no
 * region, but the fork handlers and the sampler do.
 */
static void start_counting(const char *ruby)
{
    if (!are_called()) {
        ra_log("another malloc comes first: nothing reaches this library, nothing is counted");
        only_forward();
        return;
    }
    describe_process(ruby);
    if (!describe_allocator()) {
        ra_log("this allocator's size classes are not what is expected: only forwarding");
        only_forward();
        return;
    }
    if (!ra_counters_known() && ra_backend == RA_BACKEND_JEMALLOC) {
        ra_log("this jemalloc keeps no statistics: counting goes on by asking for each size");
    }
    int error = ra_slots_init();
    if (error != 0) {
        ra_log("no thread-specific data: error %d; all threads share one counter", error);
    }
    ra_flush_init();
    ra_configuration_remember();
    bool published = ra_region_publish();
    ra_slots_reset(0);
    error = ra_fork_init();
    if (error != 0) {
        ra_log("no fork handlers: error %d; children will count with their parent", error);
    }
    if (published) {
        ra_ending_begin();
    }
    if (published && !ra_settings.no_helper) {
        ra_sampler_init();
    }
}

__attribute__((constructor)) static void set_up(void)
{
    int error = errno;
    const char *ruby = ra_elf_ruby_version();

    if (ra_mode == RA_START) {
        ra_setup_first_call();
    }
    ra_filter_learn();
    ra_ending_init();
    ra_exec_init();
    ra_settings_read();
    ra_privileges_init();
    if (ra_mode == RA_FORWARD) {
        ra_log("libjemalloc.so.2 was not found: libc's own allocator serves, nothing is counted");
    } else if (wanted(ruby)) {
        start_counting(ruby);
    } else {
        only_forward();
        if (!ra_filter_was_there()) {
            ra_regionfile_remove_predecessor();
        }
    }
    errno = error;
}

/* A normal exit leaves no file behind; a crash and SIGKILL do, for whoever asks what happened. */
__attribute__((destructor)) static void tear_down(void)
{
    int error = errno;

    ra_run_leave();
    errno = error;
}
