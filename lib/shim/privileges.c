/*
 * Dropping privileges: a root process, such as a server's worker, becomes another user
 * for good. Its region goes with it, so that this user can read it and remove it at the
 * end; afterwards the process could no longer give it away. A temporary change
 * (seteuid) leaves the region where it is.
 *
 * These three are forwarded to libc in any case, with its result and errno.
 */
#include <errno.h>
#include <sys/types.h>
#include <unistd.h>

#include "elf.h"
#include "entry.h"
#include "regionfile.h"

RA_EXPORT int setuid(uid_t user);
RA_EXPORT int setreuid(uid_t real, uid_t effective);
RA_EXPORT int setresuid(uid_t real, uid_t effective, uid_t saved);

static void *libc_function(const char *name)
{
    const struct link_map *libc = ra_elf_library("libc.so.6");

    return libc ? ra_elf_symbol(libc, name) : NULL;
}

/* The region goes to user before the change and comes back if that is refused. */
#define FORWARD(name, user, gone, parameters, ...)                                                 \
    do {                                                                                           \
        int(*forward) parameters = libc_function(#name);                                           \
        bool gives = (gone) && ra_mode == RA_COUNT && geteuid() == 0;                              \
        int error = errno;                                                                         \
                                                                                                   \
        if (!forward) {                                                                            \
            errno = ENOSYS;                                                                        \
            return -1;                                                                             \
        }                                                                                          \
        if (gives) {                                                                               \
            ra_regionfile_give(user);                                                              \
            errno = error;                                                                         \
        }                                                                                          \
        int result = forward(__VA_ARGS__);                                                         \
        if (gives && result != 0) {                                                                \
            error = errno;                                                                         \
            ra_regionfile_give(0);                                                                 \
            errno = error;                                                                         \
        }                                                                                          \
        return result;                                                                             \
    } while (0)

int setuid(uid_t user)
{
    FORWARD(setuid, user, user != 0, (uid_t), user);
}

int setreuid(uid_t real, uid_t effective)
{
    FORWARD(setreuid, effective, effective != 0 && real == effective && real != (uid_t)-1,
            (uid_t, uid_t), real, effective);
}

int setresuid(uid_t real, uid_t effective, uid_t saved)
{
    FORWARD(setresuid, effective,
            effective != 0 && real == effective && saved == effective && real != (uid_t)-1,
            (uid_t, uid_t, uid_t), real, effective, saved);
}
