/*
 * The rights of a thread, which the kernel keeps for each one: users, groups, capabilities.
 * Asked of the kernel itself, as a library before libc may tell the program something else
 * (fakeroot). Any thread; no allocation, no cancellation point; errno stays.
 */
#ifndef RA_SHIM_RIGHTS_H
#define RA_SHIM_RIGHTS_H

#include <stdbool.h>
#include <sys/types.h>

#pragma GCC visibility push(hidden)

enum { RA_RIGHTS_GROUPS = 64 };

struct ra_rights {
    uid_t users[3];  /* real, effective, saved */
    gid_t groups[3]; /* the same */
    int more_count;
    gid_t more[RA_RIGHTS_GROUPS]; /* supplementary groups */
    struct {
        unsigned effective, permitted, inheritable;
    } capabilities[2];
};

/* Those of the calling thread; false if it has more groups than fit, or they can't be told. */
bool ra_rights_read(struct ra_rights *rights);

/* Have the calling thread have these; whether it does afterwards. */
bool ra_rights_take(const struct ra_rights *rights);

#pragma GCC visibility pop

#endif
