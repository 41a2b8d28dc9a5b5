/* In place of lib/shim/tuning.c: a test program gives jemalloc no settings. */
#include "shim/tuning.h"

#include <stddef.h>

static const char *none(void)
{
    return NULL;
}

ra_tuning_getter *const ra_tuning_conf = none;
