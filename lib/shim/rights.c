#include "rights.h"

#include <linux/capability.h>
#include <string.h>

#include "system.h"

static struct __user_cap_header_struct header(void)
{
    return (struct __user_cap_header_struct){.version = _LINUX_CAPABILITY_VERSION_3};
}

bool ra_rights_read(struct ra_rights *rights)
{
    struct __user_cap_header_struct head = header();

    memset(rights, 0, sizeof *rights);
    rights->more_count =
        (int)ra_system(SYS_getgroups, RA_RIGHTS_GROUPS, (long)rights->more, 0, 0, 0, 0);
    return rights->more_count >= 0 &&
           ra_system(SYS_getresuid, (long)&rights->users[0], (long)&rights->users[1],
                     (long)&rights->users[2], 0, 0, 0) == 0 &&
           ra_system(SYS_getresgid, (long)&rights->groups[0], (long)&rights->groups[1],
                     (long)&rights->groups[2], 0, 0, 0) == 0 &&
           ra_system(SYS_capget, (long)&head, (long)rights->capabilities, 0, 0, 0, 0) == 0;
}

static bool differ(const void *one, const void *other, size_t bytes)
{
    return memcmp(one, other, bytes) != 0;
}

/* Groups while there is the right to, users then, which take or leave capabilities. */
bool ra_rights_take(const struct ra_rights *rights)
{
    struct __user_cap_header_struct head = header();
    struct ra_rights own;

    if (!ra_rights_read(&own)) {
        return false;
    }
    if (own.more_count != rights->more_count || differ(own.more, rights->more, sizeof own.more)) {
        ra_system(SYS_setgroups, rights->more_count, (long)rights->more, 0, 0, 0, 0);
    }
    if (differ(own.groups, rights->groups, sizeof own.groups)) {
        ra_system(SYS_setresgid, (long)rights->groups[0], (long)rights->groups[1],
                  (long)rights->groups[2], 0, 0, 0);
    }
    if (differ(own.users, rights->users, sizeof own.users)) {
        ra_system(SYS_setresuid, (long)rights->users[0], (long)rights->users[1],
                  (long)rights->users[2], 0, 0, 0);
    }
    if (ra_rights_read(&own) &&
        differ(own.capabilities, rights->capabilities, sizeof own.capabilities)) {
        ra_system(SYS_capset, (long)&head, (long)rights->capabilities, 0, 0, 0, 0);
    }
    return ra_rights_read(&own) && !differ(&own, rights, sizeof own);
}
