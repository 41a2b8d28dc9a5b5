/*
 * Dropping privileges: a root process, such as a server's worker, becomes another user
 * for good. Its region goes with it, so that this user can read it and remove it at the
 * end; afterwards the process could no longer give it away. A temporary change
 * (seteuid) leaves the region where it is.
 *
 * These three are forwarded to libc in any case, with its result and errno.
 */
#include "privileges.h"

#include <errno.h>
#include <sys/types.h>
#include <unistd.h>

#include "elf.h"
#include "entry.h"
#include "regionfile.h"

RA_EXPORT int setuid(uid_t user);
RA_EXPORT int setreuid(uid_t real, uid_t effective);
RA_EXPORT int setresuid(uid_t real, uid_t effective, uid_t saved);

/* Looked up once, as the list of libraries may change while another thread reads it. */
static struct {
    int (*setuid)(uid_t);
    int (*setreuid)(uid_t, uid_t);
    int (*setresuid)(uid_t, uid_t, uid_t);
} libc;

void ra_privileges_init(void)
{
    const struct link_map *library = ra_elf_library("libc.so.6");

    if (library) {
        libc.setuid = ra_elf_symbol(library, "setuid");
        libc.setreuid = ra_elf_symbol(library, "setreuid");
        libc.setresuid = ra_elf_symbol(library, "setresuid");
    }
}

/* The region goes to user before the change and comes back if that is refused. */
#define FORWARD(name, user, gone, ...)                                                             \
    do {                                                                                           \
        bool gives = (gone) && ra_mode == RA_COUNT && geteuid() == 0;                              \
        int error = errno;                                                                         \
                                                                                                   \
        if (!libc.name) {                                                                          \
            ra_privileges_init();                                                                  \
        }                                                                                          \
        if (!libc.name) {                                                                          \
            errno = ENOSYS;                                                                        \
            return -1;                                                                             \
        }                                                                                          \
        if (gives) {                                                                               \
            ra_regionfile_give(user);                                                              \
            errno = error;                                                                         \
        }                                                                                          \
        int result = libc.name(__VA_ARGS__);                                                       \
        if (gives && result != 0) {                                                                \
            error = errno;                                                                         \
            ra_regionfile_give(0);                                                                 \
            errno = error;                                                                         \
        }                                                                                          \
        return result;                                                                             \
    } while (0)

int setuid(uid_t user)
{
    FORWARD(setuid, user, user != 0, user);
}

int setreuid(uid_t real, uid_t effective)
{
    FORWARD(setreuid, effective, effective != 0 && real == effective && real != (uid_t)-1, real,
            effective);
}

int setresuid(uid_t real, uid_t effective, uid_t saved)
{
    FORWARD(setresuid, effective,
            effective != 0 && real == effective && saved == effective && real != (uid_t)-1, real,
            effective, saved);
}
