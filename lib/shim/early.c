#include "early.h"

#include <elf.h>
#include <link.h>
#include <stddef.h>

static const long *argument_count;

void ra_early_begin(const void *stack_end)
{
    argument_count = stack_end;
}

static const char *const *environment(void)
{
    return (const char *const *)(argument_count + 1) + *argument_count + 1;
}

/* Also where the kernel doesn't say. */
static bool is_secure(void)
{
    const char *const *variable = environment();

    while (*variable) {
        variable++;
    }
    for (const ElfW(auxv_t) *entry = (const ElfW(auxv_t) *)(variable + 1); entry->a_type != AT_NULL;
         entry++) {
        if (entry->a_type == AT_SECURE) {
            return entry->a_un.a_val != 0;
        }
    }
    return true;
}

/* What stands behind name and a '='; NULL: variable is another. */
static const char *value_of(const char *variable, const char *name)
{
    while (*name && *variable == *name) {
        variable++;
        name++;
    }
    return *name == '\0' && *variable == '=' ? variable + 1 : NULL;
}

bool ra_early_is(const char *name, const char *value)
{
    if (!argument_count || *argument_count < 0 || is_secure()) {
        return false;
    }
    for (const char *const *variable = environment(); *variable; variable++) {
        const char *found = value_of(*variable, name);

        if (found) {
            return ra_early_same(found, value);
        }
    }
    return false;
}
