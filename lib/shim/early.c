#include "early.h"

#include <stddef.h>
#include <string.h>
#include <sys/auxv.h>

/* ld.so's: the stack as the program got it. */
extern const void *const __libc_stack_end;

bool ra_early_is(const char *name, const char *value)
{
    const long *argc = __libc_stack_end;
    size_t length = strlen(name);

    if (argc == NULL || *argc < 0 || getauxval(AT_SECURE) != 0) {
        return false;
    }
    for (const char *const *variable = (const char *const *)(argc + 1) + *argc + 1; *variable;
         variable++) {
        if (strncmp(*variable, name, length) == 0 && (*variable)[length] == '=') {
            return strcmp(*variable + length + 1, value) == 0;
        }
    }
    return false;
}
