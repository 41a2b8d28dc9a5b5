#include "filter.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <string.h>
#include <sys/prctl.h>

#include "base.h"
#include "files.h"
#include "system.h"

RA_EXPORT int prctl(int option, ...);

/*
 * tightened: the process has asked for a filter, or for what comes before one, so that even
 * to ask whether one is in force may be forbidden. forbidden: by a filter at the start.
 */
static bool was_there, tightened, forbidden, had_no_new_privileges;
static int (*next_prctl)(int, ...);

/* The first digit behind a name at the beginning of a line. */
static bool is_set(const char *text, const char *name)
{
    const char *line = strstr(text, name);

    return line && line[strlen(name)] != '0';
}

/* Read rather than asked for by prctl: who could be started may open files to read. */
void ra_filter_learn(void)
{
    char *text = ra_system_page();

    next_prctl = dlsym(RTLD_NEXT, "prctl");
    if (text && ra_files_read("/proc/self/status", text, RA_SYSTEM_PAGE_BYTES) > 0) {
        was_there = is_set(text, "\nSeccomp:\t");
        had_no_new_privileges = is_set(text, "\nNoNewPrivs:\t");
    } else {
        was_there = ra_system(SYS_prctl, PR_GET_SECCOMP, 0, 0, 0, 0, 0) > 0;
        had_no_new_privileges = ra_system(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0, 0) > 0;
    }
    if (text) {
        ra_system_page_free(text);
    }
}

bool ra_filter_was_there(void)
{
    return was_there;
}

void ra_filter_forbid_files(void)
{
    forbidden = true;
}

/*
 * Under a filter one can't be told from two. Who adds one gives up new privileges before, in
 * all ways but one: root's own.
 */
bool ra_filter_allows_files(void)
{
    if (forbidden || __atomic_load_n(&tightened, __ATOMIC_RELAXED)) {
        return false;
    }
    if (!was_there) {
        return ra_system(SYS_prctl, PR_GET_SECCOMP, 0, 0, 0, 0, 0) <= 0;
    }
    return had_no_new_privileges || ra_system(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0, 0) <= 0;
}

static int call_prctl(int option, long second, long third, long fourth, long fifth)
{
    if (next_prctl) {
        return next_prctl(option, second, third, fourth, fifth);
    }
    return ra_system_as_libc(ra_system(SYS_prctl, option, second, third, fourth, fifth, 0));
}

/* Noted before the call: a filter may be in force as soon as it returns. */
int prctl(int option, ...)
{
    va_list arguments;
    long values[4];

    va_start(arguments, option);
    for (unsigned i = 0; i < 4; i++) {
        values[i] = va_arg(arguments, long);
    }
    va_end(arguments);
    if (option == PR_SET_SECCOMP || option == PR_SET_NO_NEW_PRIVS) {
        __atomic_store_n(&tightened, true, __ATOMIC_RELAXED);
    }
    return call_prctl(option, values[0], values[1], values[2], values[3]);
}
