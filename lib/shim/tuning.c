/*
 * jemalloc reads malloc_conf in its constructor, which runs before ours, as we depend on
 * it: what must come earlier is done while ld.so relocates us, by the resolver of a
 * function of kind IFUNC. All libraries are mapped by then, and those that we need are
 * relocated (ld.so relocates dependencies first).
 */
#include "tuning.h"

#include <stddef.h>

#include "base.h"
#include "early.h"
#include "elf.h"

/* Ours, whoever else exports the symbol: a program that does has its own wishes. */
static const char *conf;
RA_EXPORT extern const char *malloc_conf __attribute__((alias("conf")));

static const char *get(void)
{
    return malloc_conf == conf ? conf : NULL;
}

/*
 * Whether a jemalloc knows all our pairs. The C++ operators came with the version that does;
 * one that was built without them still has the option's name among its texts.
 */
static bool knows_all(const struct link_map *jemalloc)
{
    return ra_elf_symbol(jemalloc, "_Znwm") || ra_elf_has_text(jemalloc, RA_TUNING_IS_NEW);
}

/* Those that read the variable define it, too. The program's own would come before ours. */
static bool all_know_all(void)
{
    const struct link_map *library = ra_elf_first();

    while (library && (library = library->l_next)) {
        const void *variable = ra_elf_symbol(library, "malloc_conf");

        if (variable && variable != &conf && !knows_all(library)) {
            return false;
        }
    }
    return true;
}

/*
 * Libraries before us and the program are not relocated yet, and their functions would go
 * through empty tables: a sanitizer's strcmp, or a tracer's. So nothing that is reached from
 * here leaves this library or reads its table of addresses (a test proves it).
 */
__attribute__((used)) static ra_tuning_getter *choose(void)
{
    ra_elf_find_linker(__builtin_return_address(0));
    if (!ra_early_is("RUBY_ALLOC_TUNING", "0") && ra_elf_ruby_version()) {
        conf = all_know_all() ? RA_TUNING : RA_TUNING_FOR_ALL;
    }
    return get;
}

static const char *tuning(void) __attribute__((ifunc("choose")));

ra_tuning_getter *const ra_tuning_conf = tuning;
