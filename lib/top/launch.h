/*
 * Starting a command under the library, as env(1) starts one: in our process group, with
 * our standard streams, descriptors, limits and signals as they were given to us. Of its
 * environment LD_PRELOAD (ours before what is there) and RUBY_ALLOC_DIR are changed.
 */
#ifndef RA_TOP_LAUNCH_H
#define RA_TOP_LAUNCH_H

#include <stdbool.h>
#include <sys/types.h>

#include "top/relay.h"

/* Exit statuses when there is none of the command's own, as of env, nohup and timeout. */
enum { RA_EXIT_OURS = 125, RA_EXIT_NOT_RUN = 126, RA_EXIT_NOT_FOUND = 127, RA_EXIT_SIGNAL = 128 };

struct ra_launch {
    char **command;        /* ends with NULL */
    const char *library;   /* path */
    const char *directory; /* for its regions */
    bool ignores_sigpipe;
    const struct ra_relay *relay;
};

/* Start it. Returns its pid; or -1 and errno, as exec failed with it or fork. */
pid_t ra_launch_command(const struct ra_launch *launch);

#endif
