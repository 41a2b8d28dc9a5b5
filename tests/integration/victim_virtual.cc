// A library that says a change of user was made, and makes none, as fakeroot does: what lies
// before it must reach it, and ask the kernel rather than go by its answers.
#include <sys/types.h>

static uid_t user;

extern "C" {
int setuid(uid_t wanted)
{
    user = wanted;
    return 0;
}

int setreuid(uid_t, uid_t wanted)
{
    return setuid(wanted);
}

int setresuid(uid_t, uid_t wanted, uid_t)
{
    return setuid(wanted);
}

uid_t getuid()
{
    return user;
}

uid_t geteuid()
{
    return user;
}
}
