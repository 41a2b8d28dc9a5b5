/*
 * A program that loads libraries when it runs: victim_dlopen HOW FILE...
 *
 *   now    all that each refers to is looked up at once
 *   lazy   what each calls is looked up at the first call
 *   deep   now, and in the library's own needs before the program's (RTLD_DEEPBIND)
 *
 * Says "ready" and waits for a signal to end it.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int flags_of(const char *how)
{
    if (strcmp(how, "lazy") == 0) {
        return RTLD_LAZY | RTLD_GLOBAL;
    }
    return strcmp(how, "deep") == 0 ? RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND
                                    : RTLD_NOW | RTLD_GLOBAL;
}

int main(int argc, char **argv)
{
    for (int i = 2; i < argc; i++) {
        if (dlopen(argv[i], flags_of(argv[1])) == NULL) {
            fprintf(stderr, "%s\n", dlerror());
            return 1;
        }
    }
    puts("ready");
    fflush(stdout);
    for (;;) {
        pause();
    }
}
