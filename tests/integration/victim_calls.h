/*
 * The allocation calls that the victim knows: every name that libruby_alloc.so
 * interposes, and what victim_cxx.cc offers.
 */
#ifndef RUBY_ALLOC_TESTS_VICTIM_CALLS_H
#define RUBY_ALLOC_TESTS_VICTIM_CALLS_H

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>

enum effect { MAKE, MAKE_FILLED, MAKE_OUT, RESIZE, FREE, ASK };

typedef uintptr_t any_call(uintptr_t, uintptr_t, uintptr_t, uintptr_t);

struct call {
    const char *name;
    enum effect effect;
    const char *parameters; /* digit: argument, p: object, o: where to store it, n: nothrow */
    void *function;         /* as the linker bound it; NULL: ask dlsym */
};

static struct call calls[] = {
    {"malloc", MAKE, "0", (void *)malloc},
    {"calloc", MAKE, "01", (void *)calloc},
    {"valloc", MAKE, "0", (void *)valloc},
    {"pvalloc", MAKE, "0", (void *)pvalloc},
    {"memalign", MAKE, "01", (void *)memalign},
    {"aligned_alloc", MAKE, "01", (void *)aligned_alloc},
    {"posix_memalign", MAKE_OUT, "o01", (void *)posix_memalign},
    {"realloc", RESIZE, "p0", (void *)realloc},
    {"reallocarray", RESIZE, "p01", (void *)reallocarray},
    {"free", FREE, "p", (void *)free},
    {"malloc_usable_size", ASK, "p", (void *)malloc_usable_size},
    {"cfree", FREE, "p", NULL},
    {"free_sized", FREE, "p0", NULL},
    {"free_aligned_sized", FREE, "p01", NULL},
    {"mallocx", MAKE, "01", NULL},
    {"rallocx", RESIZE, "p01", NULL},
    {"xallocx", ASK, "p012", NULL},
    {"dallocx", FREE, "p0", NULL},
    {"sdallocx", FREE, "p01", NULL},
    {"_Znwm", MAKE, "0", NULL},
    {"_Znam", MAKE, "0", NULL},
    {"_ZnwmRKSt9nothrow_t", MAKE, "0n", NULL},
    {"_ZnamRKSt9nothrow_t", MAKE, "0n", NULL},
    {"_ZnwmSt11align_val_t", MAKE, "01", NULL},
    {"_ZnamSt11align_val_t", MAKE, "01", NULL},
    {"_ZnwmSt11align_val_tRKSt9nothrow_t", MAKE, "01n", NULL},
    {"_ZnamSt11align_val_tRKSt9nothrow_t", MAKE, "01n", NULL},
    {"_ZdlPv", FREE, "p", NULL},
    {"_ZdaPv", FREE, "p", NULL},
    {"_ZdlPvm", FREE, "p0", NULL},
    {"_ZdaPvm", FREE, "p0", NULL},
    {"_ZdlPvRKSt9nothrow_t", FREE, "pn", NULL},
    {"_ZdaPvRKSt9nothrow_t", FREE, "pn", NULL},
    {"_ZdlPvSt11align_val_t", FREE, "p0", NULL},
    {"_ZdaPvSt11align_val_t", FREE, "p0", NULL},
    {"_ZdlPvmSt11align_val_t", FREE, "p01", NULL},
    {"_ZdaPvmSt11align_val_t", FREE, "p01", NULL},
    {"_ZdlPvSt11align_val_tRKSt9nothrow_t", FREE, "p0n", NULL},
    {"_ZdaPvSt11align_val_tRKSt9nothrow_t", FREE, "p0n", NULL},
    {"cxx_new", MAKE, "0", NULL}, /* from here on: victim_cxx.cc */
    {"cxx_new_array", MAKE, "0", NULL},
    {"cxx_new_aligned", MAKE, "", NULL},
    {"cxx_new_caught", MAKE, "0", NULL},
    {"cxx_new_handler", MAKE, "0", NULL},
    {"cxx_new_rescued", MAKE, "0", NULL},
    {"cxx_string", MAKE_FILLED, "0", NULL},
    {"cxx_delete", FREE, "p", NULL},
    {"cxx_delete_array", FREE, "p", NULL},
    {"cxx_delete_aligned", FREE, "p", NULL},
    {"cxx_delete_string", FREE, "p", NULL},
};

enum { CALL_COUNT = sizeof calls / sizeof calls[0] };

#endif
