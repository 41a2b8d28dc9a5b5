/*
 * Changes of users, groups, capabilities and namespaces. The kernel knows them thread by
 * thread, and libc changes all threads that it knows, so that the helper, which it doesn't,
 * has to follow: no thread of ours keeps a right that the process gave up.
 *
 * A root process, such as a server's worker, may become another user for good. Its region goes
 * with it, so that this user can read it and remove it at the end; afterwards the process
 * could no longer give it away. A temporary change (seteuid) leaves the region where it is.
 *
 * Each call goes to the next definition behind ours, which need not be libc's (fakeroot,
 * uid_wrapper), with its result and errno. A raw system call passes us by, and changes the
 * calling thread alone; the next of these calls makes the helper what its caller is.
 */
#include "privileges.h"

#include <dlfcn.h>
#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/types.h>
#include <unistd.h>

#include "base.h"
#include "helper.h"
#include "regionfile.h"
#include "system.h"

/* X(name, parameters, arguments) */
#define CHANGES(X)                                                                                 \
    X(setgid, (gid_t group), (group))                                                              \
    X(seteuid, (uid_t user), (user))                                                               \
    X(setegid, (gid_t group), (group))                                                             \
    X(setregid, (gid_t real, gid_t effective), (real, effective))                                  \
    X(setresgid, (gid_t real, gid_t effective, gid_t saved), (real, effective, saved))             \
    X(setgroups, (size_t count, const gid_t *groups), (count, groups))                             \
    X(initgroups, (const char *user, gid_t group), (user, group))                                  \
    X(capset, (void *header, const void *data), (header, data))

/* Each with who the process becomes, and whether that is for good. */
#define FOR_GOOD(a, b) ((a) == (b) && (a) != (uid_t)-1)
#define DROPS(X)                                                                                   \
    X(setuid, (uid_t user), (user), user, true)                                                    \
    X(setreuid, (uid_t real, uid_t effective), (real, effective), effective,                       \
      FOR_GOOD(real, effective))                                                                   \
    X(setresuid, (uid_t real, uid_t effective, uid_t saved), (real, effective, saved), effective,  \
      FOR_GOOD(real, effective) && FOR_GOOD(saved, effective))

/* Each with what else the process would be part of. */
#define MOVES(X)                                                                                   \
    X(unshare, (int flags), (flags), flags)                                                        \
    X(setns, (int file, int type), (file, type), type ? type : ~0)

/* After which the region's file is out of sight. */
#define JAILS(X) X(chroot, (const char *path), (path))

RA_EXPORT int capset(void *header, const void *data);

/* Looked up once, as the list of libraries may change while another thread reads it. */
static struct {
#define FIELD(name, parameters, ...) int(*name) parameters;
    CHANGES(FIELD) DROPS(FIELD) MOVES(FIELD) JAILS(FIELD)
} next;

void ra_privileges_init(void)
{
#define FIND(name, parameters, ...)                                                                \
    __atomic_store_n(&next.name, (int(*) parameters)dlsym(RTLD_NEXT, #name), __ATOMIC_RELAXED);
    CHANGES(FIND)
    DROPS(FIND)
    MOVES(FIND)
    JAILS(FIND)
}

static int missing(void)
{
    errno = ENOSYS;
    return -1;
}

/* Another library's constructor may call before ours has run. */
#define FORWARD(name, arguments)                                                                   \
    int result;                                                                                    \
                                                                                                   \
    if (!next.name) {                                                                              \
        ra_privileges_init();                                                                      \
    }                                                                                              \
    result = next.name ? next.name arguments : missing();

#define CHANGE(name, parameters, arguments)                                                        \
    RA_EXPORT int name parameters                                                                  \
    {                                                                                              \
        FORWARD(name, arguments)                                                                   \
        if (result == 0) {                                                                         \
            ra_helper_follow();                                                                    \
        }                                                                                          \
        return result;                                                                             \
    }
CHANGES(CHANGE)

/* errno is the call's, and before it the program's: a library behind ours may look. */
static bool give_away(uid_t user, bool for_good)
{
    int error = errno;
    bool gives = for_good && user != 0 && ra_mode == RA_COUNT && ra_system_user() == 0;

    if (gives) {
        ra_regionfile_give(user);
    }
    errno = error;
    return gives;
}

/* The call may have been refused, or only said to have been done. */
static void take_back(void)
{
    int error = errno;

    if (ra_system_user() == 0) {
        ra_regionfile_give(0);
    }
    errno = error;
}

#define DROP(name, parameters, arguments, user, for_good)                                          \
    RA_EXPORT int name parameters                                                                  \
    {                                                                                              \
        bool gives = give_away(user, for_good);                                                    \
        FORWARD(name, arguments)                                                                   \
        if (gives) {                                                                               \
            take_back();                                                                           \
        }                                                                                          \
        if (result == 0) {                                                                         \
            ra_helper_follow();                                                                    \
        }                                                                                          \
        return result;                                                                             \
    }
DROPS(DROP)

/*
 * Some may be done with one thread only, and whoever stays behind keeps what the process
 * leaves alive. A new pid namespace is the children's alone; the kernel makes no thread in a
 * process that has asked for one.
 */
#define MOVE(name, parameters, arguments, what)                                                    \
    RA_EXPORT int name parameters                                                                  \
    {                                                                                              \
        bool stopped = (what) != CLONE_NEWPID && ra_helper_stop();                                 \
        FORWARD(name, arguments)                                                                   \
        if (stopped) {                                                                             \
            ra_helper_restart();                                                                   \
        }                                                                                          \
        return result;                                                                             \
    }
MOVES(MOVE)

/* A helper that was made just now opens the file first. */
#define SHUT_IN(name, parameters, arguments)                                                       \
    RA_EXPORT int name parameters                                                                  \
    {                                                                                              \
        ra_helper_await_begin();                                                                   \
        FORWARD(name, arguments)                                                                   \
        return result;                                                                             \
    }
JAILS(SHUT_IN)
