/* Banners: versions that are told by a text in a file. */
#include "reader/banner.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    PIECE_BYTES = 1 << 20,
    OVERLAP_BYTES = 4096, /* a banner, and what stands around it, is shorter */
    FILE_BYTES_MAX = 1 << 28
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The length of a number of the form 1.2 or 1.2.3 at text. */
static size_t number_length(const char *text, const char *end)
{
    const char *at = text;

    while (at < end && (is_digit(*at) || (*at == '.' && at > text && at[-1] != '.'))) {
        at++;
    }
    while (at > text && at[-1] == '.') {
        at--;
    }
    return memchr(text, '.', (size_t)(at - text)) == NULL ? 0 : (size_t)(at - text);
}

static bool keep(const char *text, size_t length, char *version, size_t capacity)
{
    if (length == 0 || length >= capacity) {
        return false;
    }
    memcpy(version, text, length);
    version[length] = '\0';
    return true;
}

/* What follows the first of these words that a number follows. */
static bool find_behind(const char *data, size_t length, const char *words, char *version,
                        size_t capacity)
{
    const char *end = data + length;
    const char *at = data;

    while ((at = memmem(at, (size_t)(end - at), words, strlen(words))) != NULL) {
        at += strlen(words);
        if (keep(at, number_length(at, end), version, capacity)) {
            return true;
        }
    }
    return false;
}

/* jemalloc's: major.minor.bugfix-revision-gcommit, each a text of its own. */
static bool take_jemalloc(const char *data, const char *commit, const char *end, char *version,
                          size_t capacity)
{
    const char *start = commit;
    unsigned dots = 0;
    unsigned dashes = 0;

    while (start > data && (is_digit(start[-1]) || start[-1] == '.' || start[-1] == '-')) {
        start--;
        dots += *start == '.';
        dashes += *start == '-';
    }
    commit += strlen("-g");
    while (commit < end && strchr("0123456789abcdef", *commit) != NULL && *commit != '\0') {
        commit++;
    }
    return dots == 2 && dashes == 1 && is_digit(*start) && commit < end && *commit == '\0' &&
           (start == data || start[-1] == '\0') &&
           keep(start, (size_t)(commit - start), version, capacity);
}

static bool find_jemalloc(const char *data, size_t length, char *version, size_t capacity)
{
    const char *end = data + length;

    for (const char *at = data; (at = memmem(at, (size_t)(end - at), "-g", 2)) != NULL; at++) {
        if (take_jemalloc(data, at, end, version, capacity)) {
            return true;
        }
    }
    return false;
}

/* musl's: a text that is nothing but a version. Its addresses have a part more. */
static bool find_musl(const char *data, size_t length, char *version, size_t capacity)
{
    const char *end = data + length;
    size_t digits;

    for (const char *at = data; at < end; at += strnlen(at, (size_t)(end - at)) + 1) {
        unsigned dots = 0;

        digits = number_length(at, end);
        for (size_t i = 0; i < digits; i++) {
            dots += at[i] == '.';
        }
        if (dots == 2 && at + digits < end && at[digits] == '\0' &&
            keep(at, digits, version, capacity)) {
            return true;
        }
    }
    return false;
}

bool ra_banner_find_in(const char *data, size_t length, enum ra_banner banner, char *version,
                       size_t capacity)
{
    version[0] = '\0';
    switch (banner) {
    case RA_BANNER_JEMALLOC:
        return find_jemalloc(data, length, version, capacity);
    case RA_BANNER_GLIBC:
        return find_behind(data, length, " release version ", version, capacity);
    case RA_BANNER_GPERFTOOLS:
        return find_behind(data, length, "gperftools ", version, capacity);
    case RA_BANNER_GLIBC_STATIC:
        return memmem(data, length, "glibc.malloc.arena_max", 22) != NULL;
    case RA_BANNER_MUSL:
        return find_musl(data, length, version, capacity);
    }
    return false;
}

static ssize_t read_piece(int fd, char *data, size_t bytes, uint64_t offset)
{
    ssize_t got;

    do {
        got = pread(fd, data, bytes, (off_t)offset);
    } while (got < 0 && errno == EINTR);
    return got;
}

bool ra_banner_find(int fd, enum ra_banner banner, char *version, size_t capacity)
{
    char *data = malloc(PIECE_BYTES);
    bool is_found = false;
    uint64_t offset = 0;
    ssize_t got;

    version[0] = '\0';
    while (data != NULL && !is_found && offset < FILE_BYTES_MAX &&
           (got = read_piece(fd, data, PIECE_BYTES, offset)) > 0) {
        is_found = ra_banner_find_in(data, (size_t)got, banner, version, capacity);
        if (got <= OVERLAP_BYTES) {
            break;
        }
        offset += (uint64_t)got - OVERLAP_BYTES;
    }
    free(data);
    return is_found;
}
