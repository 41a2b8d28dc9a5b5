/*
 * Where libruby_alloc.so is.
 */
#include "top/library.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME "libruby_alloc.so"

/* Where only the library itself was copied there, it has one name. */
static const char *const names[] = {"libruby_malloc.so", NAME};

/* Relative to the program's directory; the Makefile knows the second. */
static const char *const directories[] = {".", RA_LIBDIR_FROM_BINDIR};

static bool is_trusted(uid_t owner, uid_t owner_of_program)
{
    return owner == 0 || owner == geteuid() || owner == owner_of_program;
}

/*
 * Whether nobody but trusted users can have put the file at path there. Under a sticky
 * directory, as /tmp is one, it depends on whose what is in it is.
 */
static bool is_safe(const char *path, uid_t owner_of_program)
{
    char part[PATH_MAX];
    struct stat below, above;

    snprintf(part, sizeof part, "%s", path);
    if (stat(part, &below) != 0 || !S_ISREG(below.st_mode) || below.st_mode & S_IWOTH) {
        return false;
    }
    for (char *slash = strrchr(part, '/'); slash; slash = strrchr(part, '/')) {
        bool is_root = slash == part;

        slash[is_root] = '\0';
        if (stat(part, &above) != 0) {
            return false;
        }
        if (above.st_mode & S_IWOTH &&
            (!(above.st_mode & S_ISVTX) || !is_trusted(below.st_uid, owner_of_program))) {
            return false;
        }
        if (is_root) {
            break;
        }
        below = above;
    }
    return true;
}

/* The directory of this program's file, and whose that is. */
static bool find_program(char directory[PATH_MAX], uid_t *owner)
{
    ssize_t length = readlink("/proc/self/exe", directory, PATH_MAX - 1);
    struct stat file;
    char *slash;

    if (length <= 0 || stat("/proc/self/exe", &file) != 0) {
        return false;
    }
    directory[length] = '\0';
    slash = strrchr(directory, '/');
    if (!slash) {
        return false;
    }
    slash[slash == directory] = '\0';
    *owner = file.st_uid;
    return true;
}

/* Named by its directory, as the name without a version goes on to exist after an update. */
static bool try(const char *program, const char *relative, char *path, size_t size)
{
    char joined[2 * PATH_MAX], directory[PATH_MAX];

    snprintf(joined, sizeof joined, "%s/%s", program, relative);
    if (!realpath(joined, directory)) {
        return false;
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if ((size_t)snprintf(path, size, "%s/%s", directory, names[i]) < size &&
            access(path, R_OK) == 0) {
            return true;
        }
    }
    return false;
}

int ra_library_find(char *path, size_t size)
{
    char program[PATH_MAX], file[PATH_MAX];
    bool was_unsafe = false;
    uid_t owner;

    if (!find_program(program, &owner)) {
        snprintf(path, size, "can't tell where this program is: is /proc mounted?");
        return -1;
    }
    for (size_t i = 0; i < sizeof directories / sizeof *directories; i++) {
        if (!try(program, directories[i], path, size)) {
            continue;
        }
        if (!realpath(path, file) || !is_safe(path, owner) || !is_safe(file, owner)) {
            was_unsafe = true;
        } else if (path[strcspn(path, " :\t\n")] == '\0') {
            return 0;
        } else {
            snprintf(path, size,
                     "the library's path must not contain spaces or colons, or it "
                     "can't be preloaded: install it elsewhere");
            return -1;
        }
    }
    snprintf(path, size,
             was_unsafe ? NAME " beside this program is not used: everybody may write "
                               "where it lies; run `make install`"
                        : NAME " is neither beside this program nor in its ../lib: run "
                               "`make install`");
    return -1;
}
