/*
 * In place of lib/shim/tuning.c: a test program gives jemalloc no settings, and has no
 * resolver that finds ld.so.
 */
#include "shim/tuning.h"

#include <stddef.h>

#include "shim/elf.h"

static const char *none(void)
{
    return NULL;
}

ra_tuning_getter *const ra_tuning_conf = none;

__attribute__((constructor(101))) static void begin(void)
{
    ra_elf_ask_linker();
}
