/*
 * Another program in the process's place: the region goes before, and comes back if there is
 * no such program. See ending.h.
 */
#include "exec.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base.h"
#include "filter.h"
#include "region.h"
#include "regionfile.h"
#include "run.h"
#include "system.h"

typedef char *const words[];

RA_EXPORT int execve(const char *path, words arguments, words environment);
RA_EXPORT int execv(const char *path, words arguments);
RA_EXPORT int execvp(const char *name, words arguments);
RA_EXPORT int execvpe(const char *name, words arguments, words environment);
RA_EXPORT int fexecve(int file, words arguments, words environment);
RA_EXPORT int execveat(int directory, const char *path, words arguments, words environment,
                       int flags);
RA_EXPORT int execl(const char *path, const char *first, ...);
RA_EXPORT int execlp(const char *name, const char *first, ...);
RA_EXPORT int execle(const char *path, const char *first, ...);

static struct {
    int (*execve)(const char *, words, words);
    int (*execv)(const char *, words);
    int (*execvp)(const char *, words);
    int (*execvpe)(const char *, words, words);
    int (*fexecve)(int, words, words);
    int (*execveat)(int, const char *, words, words, int);
} next;

void ra_exec_init(void)
{
    next.execve = dlsym(RTLD_NEXT, "execve");
    next.execv = dlsym(RTLD_NEXT, "execv");
    next.execvp = dlsym(RTLD_NEXT, "execvp");
    next.execvpe = dlsym(RTLD_NEXT, "execvpe");
    next.fexecve = dlsym(RTLD_NEXT, "fexecve");
    next.execveat = dlsym(RTLD_NEXT, "execveat");
}

/* Not for a program that isn't there, which many look for in one directory after the other. */
static bool leave(const char *path)
{
    if (!ra_regionfile_exists()) {
        return false;
    }
    if (path && strchr(path, '/') && ra_filter_allows_files() &&
        ra_system(SYS_faccessat, AT_FDCWD, (long)path, F_OK, 0, 0, 0) != 0) {
        return false;
    }
    return ra_run_leave();
}

static int refuse(void)
{
    errno = ENOSYS;
    return -1;
}

/* name's next definition, which may not have been looked up yet. */
#define FORWARD(path, name, ...)                                                                   \
    do {                                                                                           \
        if (!next.name) {                                                                          \
            ra_exec_init();                                                                        \
        }                                                                                          \
        bool left = leave(path);                                                                   \
        int result = next.name ? next.name(__VA_ARGS__) : refuse();                                \
        ra_region_come_back(left);                                                                 \
        return result;                                                                             \
    } while (0)

int execve(const char *path, words arguments, words environment)
{
    FORWARD(path, execve, path, arguments, environment);
}

int execv(const char *path, words arguments)
{
    FORWARD(path, execv, path, arguments);
}

int execvp(const char *name, words arguments)
{
    FORWARD(name, execvp, name, arguments);
}

int execvpe(const char *name, words arguments, words environment)
{
    FORWARD(name, execvpe, name, arguments, environment);
}

int fexecve(int file, words arguments, words environment)
{
    FORWARD(NULL, fexecve, file, arguments, environment);
}

int execveat(int directory, const char *path, words arguments, words environment, int flags)
{
    FORWARD(NULL, execveat, directory, path, arguments, environment, flags);
}

/* The arguments of one call as an array: a few on the stack, which may be small, more in pages. */
struct array {
    size_t count; /* without the NULL at the end */
    char **items;
    char *few[20];
};

static size_t bytes_of(const struct array *array)
{
    return (array->count + 1) * sizeof(char *);
}

static bool is_few(const struct array *array)
{
    return array->count < sizeof array->few / sizeof *array->few;
}

/* Reads list up to the NULL. False: no memory. */
static bool gather(struct array *array, const char *first, va_list list)
{
    va_list again;

    va_copy(again, list);
    array->count = 0;
    for (const char *word = first; word; word = va_arg(again, const char *)) {
        array->count++;
    }
    va_end(again);
    array->items = array->few;
    if (!is_few(array)) {
        long pages = ra_system(SYS_mmap, 0, (long)bytes_of(array), PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (pages < 0 && pages > -4096) {
            errno = ENOMEM;
            return false;
        }
        array->items = (char **)pages;
    }
    array->items[0] = (char *)first;
    for (size_t i = 1; i <= array->count; i++) {
        array->items[i] = va_arg(list, char *);
    }
    return true;
}

static int release(struct array *array, int result)
{
    if (!is_few(array)) {
        ra_system(SYS_munmap, (long)array->items, (long)bytes_of(array), 0, 0, 0, 0);
    }
    return result;
}

int execl(const char *path, const char *first, ...)
{
    struct array array;
    va_list list;

    va_start(list, first);
    bool good = gather(&array, first, list);
    va_end(list);
    return good ? release(&array, execv(path, array.items)) : -1;
}

int execlp(const char *name, const char *first, ...)
{
    struct array array;
    va_list list;

    va_start(list, first);
    bool good = gather(&array, first, list);
    va_end(list);
    return good ? release(&array, execvp(name, array.items)) : -1;
}

/* The environment stands behind the NULL. */
int execle(const char *path, const char *first, ...)
{
    struct array array;
    char *const *environment;
    va_list list;

    va_start(list, first);
    bool good = gather(&array, first, list);
    environment = good ? va_arg(list, char *const *) : NULL;
    va_end(list);
    return good ? release(&array, execve(path, array.items, environment)) : -1;
}
